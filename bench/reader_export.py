"""The encoder as an ONNX graph of eight-bit weights: tokens in, the meaning and a score for each label out.

One utterance at a time and no padding, so the graph needs no mask. The meaning is the mean over the tokens
after the lower layers, which stay as they were pretrained; the scores come from the layers above, tuned here.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]


def export(
    arrays: Mapping[str, Array], path: Path, *, heads: int, epsilon: float, lower: int, about: Mapping[str, str]
) -> None:
    """Writes the graph; `about` becomes its metadata.

    `arrays` as `reader_encoder.Pretrained` names them, and `head.weight` and `head.bias` of the scores. Without
    those, nothing stands above the `lower` layers and the graph gives the `states` of the tokens after them.
    """
    onnx: Any = import_module("onnx")
    make, tensor, kinds = onnx.helper.make_node, onnx.numpy_helper.from_array, onnx.TensorProto
    nodes: list[Any] = []
    constants: list[Any] = []
    own = "com.microsoft"
    width = arrays["word"].shape[1]

    def keep(name: str, value: NDArray[Any]) -> str:
        constants.append(tensor(np.ascontiguousarray(value), name))
        return name

    def add(kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        nodes.append(make(kind, inputs, [output], domain=domain, **attributes))
        return output

    def value(name: str, shape: list[Any]) -> Any:
        return onnx.helper.make_tensor_value_info(name, kinds.FLOAT, shape)

    def linear(source: str, name: str, output: str) -> str:
        weight = arrays[f"{name}.weight"].T
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-9) / 127
        return add(
            "DynamicQuantizeMatMul",
            [
                source,
                keep(f"{name}.w", np.round(weight / scale).astype(np.int8)),
                keep(f"{name}.s", scale.astype(np.float32)),
                keep(f"{name}.z", np.zeros(len(scale), np.int8)),
                keep(f"{name}.b", arrays[f"{name}.bias"]),
            ],
            output,
            own,
        )

    def norm(source: str, name: str, output: str) -> str:
        return add(
            "LayerNormalization",
            [source, keep(f"{name}.nw", arrays[f"{name}.weight"]), keep(f"{name}.nb", arrays[f"{name}.bias"])],
            output,
            epsilon=epsilon,
        )

    words = arrays["word"]
    scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-9) / 127
    add("Gather", [keep("words", np.round(words / scale).astype(np.int8)), "tokens"], "w8")
    add("Cast", ["w8"], "wf", to=kinds.FLOAT)
    add("Gather", [keep("word_scales", scale.astype(np.float32)), "tokens"], "ws")
    add("Mul", ["wf", "ws"], "w")
    add("Shape", ["tokens"], "length")
    add("Slice", [keep("places", arrays["place"]), keep("nought", np.array([0])), "length"], "p")
    add("Add", ["w", "p"], "x")
    rows = norm("x", "norm", "x0")
    scored = "head.weight" in arrays
    layers = sum(name.endswith(".qkv.weight") for name in arrays) if scored else lower
    keep("split_shape", np.array([0, 3, heads, width // heads]))
    keep("join_shape", np.array([0, width]))
    for n in range(layers):
        qkv = linear(rows, f"{n}.qkv", f"{n}.a")
        add("Reshape", [qkv, "split_shape"], f"{n}.b")
        add("Transpose", [f"{n}.b"], f"{n}.c", perm=[1, 2, 0, 3])
        nodes.append(make("Split", [f"{n}.c"], [f"{n}.q3", f"{n}.k3", f"{n}.v3"], axis=0, num_outputs=3))
        add("Transpose", [f"{n}.k3"], f"{n}.kt", perm=[0, 1, 3, 2])
        add("MatMul", [f"{n}.q3", f"{n}.kt"], f"{n}.d")
        add("Mul", [f"{n}.d", keep(f"{n}.root", np.array((width // heads) ** -0.5, np.float32))], f"{n}.e")
        add("Softmax", [f"{n}.e"], f"{n}.f", axis=-1)
        add("MatMul", [f"{n}.f", f"{n}.v3"], f"{n}.g")
        add("Transpose", [f"{n}.g"], f"{n}.h", perm=[2, 0, 1, 3])
        add("Reshape", [f"{n}.h", "join_shape"], f"{n}.i")
        out = linear(f"{n}.i", f"{n}.out", f"{n}.j")
        add("Add", [rows, out], f"{n}.k")
        rows = norm(f"{n}.k", f"{n}.norm1", f"{n}.l")
        up = linear(rows, f"{n}.up", f"{n}.m")
        add("Gelu", [up], f"{n}.n", own)
        down = linear(f"{n}.n", f"{n}.down", f"{n}.o")
        add("Add", [rows, down], f"{n}.p")
        rows = norm(f"{n}.p", f"{n}.norm2", f"{n}.r")
        if scored and n == lower - 1:
            add("ReduceMean", [rows, "nought"], "meaning", keepdims=1)
    outputs = [value("states", ["length", width])]
    if scored:
        add("ReduceMean", [rows, "nought"], "mean", keepdims=1)
        add("MatMul", ["mean", keep("head.w", arrays["head.weight"].T)], "weighed")
        add("Add", ["weighed", keep("head.b", arrays["head.bias"])], "scores")
        outputs = [value("meaning", [1, width]), value("scores", [1, len(arrays["head.bias"])])]
    else:
        add("Identity", [rows], "states")
    graph = onnx.helper.make_graph(
        nodes,
        "encoder",
        [onnx.helper.make_tensor_value_info("tokens", kinds.INT64, ["length"])],
        outputs,
        constants,
    )
    sets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid(own, 1)]
    model = onnx.helper.make_model(graph, opset_imports=sets, ir_version=9)
    onnx.helper.set_model_props(model, dict(about))
    path.write_bytes(model.SerializeToString())
