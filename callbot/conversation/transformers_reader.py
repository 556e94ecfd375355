"""Any text-classification model in the reader's place: its folder or hub name, run by ONNX Runtime.

The model says how likely each label is; phrases, answers to questions and slots stay those of the local
reader. A folder holds `config.json`, the tokenizer's files, and `model.onnx` or `onnx/model.onnx`. Weights
without ONNX are run by torch where it is installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.understand.reader import LocalReader
from callbot.errors import BadInput

LONGEST = 128
"""Tokens of an utterance; the rest is cut off."""
ONNX = ("model.onnx", "onnx/model.onnx")
FILES = ["*.json", "*.txt", "*.model", *ONNX]
"""What is fetched of a model named by its hub name."""
WEIGHTS = ["*.safetensors"]
VOCABULARY = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
"""Files of which a tokenizer has at least one."""

Logits = Callable[[Mapping[str, NDArray[np.int64]]], NDArray[np.float32]]


def transformers_reader(model: str) -> LocalReader:
    """The local reader with the heads replaced by `model`: a folder, or a name on the hub.

    Raises `BadInput` when the model is not there, cannot be run, or has labels that are not ours.
    """
    return LocalReader(classifier=Classifier(model))


class Classifier:
    """`understand.reader.Classifier`: calibrated as far as the model is; one thread at a time."""

    def __init__(self, model: str) -> None:
        folder = _folder(model)
        names = _labels(folder)
        self._intents = {index: Intent(name) for index, name in names.items() if name in set(Intent)}
        self._emotions = {index: Emotion(name) for index, name in names.items() if name in set(Emotion)}
        self._tokenizer = _tokenizer(folder)
        self._logits = _logits(folder)
        width = self._scores("你好").shape[-1]
        if width != len(names):
            raise BadInput.one(
                str(folder / "config.json"),
                f"id2label 写了 {len(names)} 个标签，模型有 {width} 个",
                "模型和配置一起导出",
            )

    def __call__(self, text: str) -> tuple[dict[Intent, float], dict[Emotion, float]]:
        """Probabilities of the intents and of the emotions that the model knows; empty where it knows none."""
        scores = self._scores(text)
        return (
            dict(zip(self._intents.values(), _softmax(scores[list(self._intents)]), strict=True)),
            dict(zip(self._emotions.values(), _softmax(scores[list(self._emotions)]), strict=True)),
        )

    def _scores(self, text: str) -> NDArray[np.float32]:
        encoded = self._tokenizer(text, truncation=True, max_length=LONGEST, return_tensors="np")
        row: NDArray[np.float32] = self._logits(encoded)[0]
        return row


def _folder(model: str) -> Path:
    if not model:
        raise BadInput.one("设置 reader.model", "没有填", "写一个文件夹或模型名，或设 reader.kind 为 local")
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise BadInput.one("设置 reader.model", f"没有文件夹 {path}", "改正路径")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, allow_patterns=FILES + (WEIGHTS if _has_torch() else [])))
    except (
        Exception
    ) as error:  # what the hub's client raises differs by what failed, and all of it means the same
        raise BadInput.one(
            "设置 reader.model",
            f"{model} 不是这里的文件夹，也不能按这个名字取到（{type(error).__name__}）",
            "改正名字，或写放模型的文件夹",
        ) from None


def _labels(folder: Path) -> dict[int, str]:
    where = folder / "config.json"
    try:
        known = json.loads(where.read_text("utf-8"))["id2label"]
        names = {int(index): str(name) for index, name in known.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput.one(
            str(where), f"没有 id2label（{error!r}）", "用训练这个模型时的 config.json"
        ) from None
    ours = {*Intent, *Emotion}
    if unknown := sorted(set(names.values()) - ours):
        raise BadInput.one(
            str(where),
            f"有 callbot 不认识的标签：{'、'.join(unknown)}",
            f"在 id2label 里改名；可用：{'、'.join([*Intent, *Emotion])}",
        )
    if not names or sorted(names) != list(range(len(names))) or len(set(names.values())) != len(names):
        raise BadInput.one(str(where), "id2label 不是每个位置一个标签", "从 0 起给不同的标签编号")
    return dict(sorted(names.items()))


def _tokenizer(folder: Path) -> Any:
    # Without its files transformers makes an empty tokenizer, to which every word is unknown.
    if not any(path.is_file() for pattern in VOCABULARY for path in folder.glob(pattern)):
        raise BadInput.one(str(folder), f"没有分词器：{'、'.join(VOCABULARY)} 一个都没有", "放入分词器的文件")
    # transformers takes seconds to import, so only a reader that needs it pays for it.
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:  # the library names no common base of what a broken tokenizer raises
        raise BadInput.one(str(folder), f"没有可加载的分词器（{error}）", "放入分词器的文件") from None


def _logits(folder: Path) -> Logits:
    for name in ONNX:
        if (folder / name).is_file():
            return _by_onnx(folder / name)
    if _has_torch():
        return _by_torch(folder)
    raise BadInput.one(
        str(folder),
        f"没有 {'，也没有 '.join(ONNX)}",
        "把模型导出为 ONNX（optimum-cli export onnx），或安装 torch",
    )


def _by_onnx(path: Path) -> Logits:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread: calls need the other cores, and more would wait for work in spin loops.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's own exceptions are not exported
        raise BadInput.one(str(path), f"ONNX Runtime 运行不了这个模型（{error}）", "重新导出") from None
    wanted = {one.name: np.int32 if one.type == "tensor(int32)" else np.int64 for one in session.get_inputs()}

    def run(encoded: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        given = {**encoded}
        given.setdefault("token_type_ids", np.zeros_like(given["input_ids"]))
        if missing := sorted(set(wanted) - set(given)):
            raise BadInput.one(
                str(path),
                f"要的输入分词器给不出：{'、'.join(missing)}",
                "导出文本分类模型，并带上它自己的分词器",
            )
        output = session.run(None, {name: given[name].astype(kind) for name, kind in wanted.items()})[0]
        if getattr(output, "ndim", 0) != 2:
            raise BadInput.one(str(path), "没有给每句话一行 logits", "按文本分类导出")
        return np.asarray(output, dtype=np.float32)

    return run


def _by_torch(folder: Path) -> Logits:
    from transformers import AutoModelForSequenceClassification

    torch: Any = import_module("torch")

    try:
        model = AutoModelForSequenceClassification.from_pretrained(str(folder), local_files_only=True).eval()
    except Exception as error:  # as for the tokenizer
        raise BadInput.one(
            str(folder), f"没有 torch 能运行的模型（{error}）", "放入权重或 model.onnx"
        ) from None

    def run(encoded: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        with torch.inference_mode():
            output = model(**{name: torch.from_numpy(values) for name, values in encoded.items()})
        return np.asarray(output.logits.float().numpy(), dtype=np.float32)

    return run


def _has_torch() -> bool:
    return find_spec("torch") is not None


def _softmax(scores: NDArray[np.float32]) -> list[float]:
    if not scores.size:
        return []
    exponents = np.exp((scores - scores.max()).astype(np.float64))
    shares: list[float] = (exponents / exponents.sum()).tolist()
    return shares
