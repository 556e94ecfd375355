"""What the model sees of an utterance: its meaning as a vector, its characters, and its sounds.

The sounds carry what a recogniser spells wrong: 号吗 and 号码 share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pypinyin import Style, lazy_pinyin

Vector: TypeAlias = NDArray[np.float32]

WIDTH = 1.5
"""How fast likeness falls with distance."""

_MERGED = (("zh", "z"), ("ch", "c"), ("sh", "s"))


_APART: Any = list
"""What has no sound stays, character by character."""


def sounds(text: str) -> list[str]:
    """Toneless syllables with the sounds merged that telephones and dialects confuse: zh/z, n/l, -ng/-n."""
    merged = []
    for syllable in lazy_pinyin(text, style=Style.NORMAL, errors=_APART):
        for precise, loose in _MERGED:
            if syllable.startswith(precise):
                syllable = loose + syllable[2:]
                break
        if syllable.startswith("n") and len(syllable) > 1:
            syllable = "l" + syllable[1:]
        if syllable.endswith("ng"):
            syllable = syllable[:-1]
        merged.append(syllable)
    return merged


def pieces(text: str) -> set[str]:
    """Runs of one to three characters and sounds, and pairs of characters with a gap, the ends marked."""
    characters = ["^", *text, "$"]
    heard = ["^", *sounds(text), "$"]
    return set(
        chain(
            ("c:" + "".join(characters[i : i + n]) for n in (1, 2, 3) for i in range(len(characters) - n + 1)),
            ("s:" + "-".join(heard[i : i + n]) for n in (1, 2, 3) for i in range(len(heard) - n + 1)),
            (f"g:{a}{b}" for i, a in enumerate(text) for b in text[i + 2 : i + 5]),
        )
    )


def known(text: str, vocabulary: Mapping[str, int], weights: Vector) -> tuple[NDArray[np.intp], Vector]:
    """Columns of the pieces of `text` that `vocabulary` has, and their weights normalised to length 1."""
    columns = np.array(
        sorted(vocabulary[piece] for piece in pieces(text) if piece in vocabulary), dtype=np.intp
    )
    values = weights[columns]
    return columns, values / (float(np.linalg.norm(values)) or 1.0)


def direction(meanings: Vector, centre: Vector, axes: Vector) -> Vector:
    """Rows of `meanings` seen from their `centre` along the main `axes`, each of length 1."""
    seen = (meanings - centre) @ axes
    lengths = np.maximum(np.linalg.norm(seen, axis=-1, keepdims=True), 1e-6)
    directions: Vector = (seen / lengths).astype(np.float32)
    return directions


def likeness(directions: Vector, supports: Vector) -> Vector:
    """How near each of `directions` is to each support: 1 for the same, towards 0 for what differs."""
    near: Vector = np.exp(-2 * WIDTH * (1 - directions @ supports.T))
    return near
