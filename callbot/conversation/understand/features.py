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

MEANING = 384
"""Length of a sentence vector."""

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
    """Runs of one to three characters and of one to three sounds, with the ends of the utterance marked."""
    characters = ["^", *text, "$"]
    heard = ["^", *sounds(text), "$"]
    return set(
        chain(
            ("c:" + "".join(characters[i : i + n]) for n in (1, 2, 3) for i in range(len(characters) - n + 1)),
            ("s:" + "-".join(heard[i : i + n]) for n in (1, 2, 3) for i in range(len(heard) - n + 1)),
        )
    )


def length_of(text: str) -> float:
    """Length as a feature: 0 for nothing, 1 for about 30 characters, more for speeches."""
    return float(np.log1p(len(text)) / 3.4)


def vector(meaning: Vector, text: str, vocabulary: Mapping[str, int], weights: Vector) -> Vector:
    """One row of features: meaning, then the weighted pieces normalised to length 1, then the length."""
    row = np.zeros(MEANING + len(weights) + 1, dtype=np.float32)
    row[:MEANING] = meaning
    known = [vocabulary[piece] for piece in pieces(text) if piece in vocabulary]
    if known:
        row[MEANING + np.array(known)] = weights[known]
        norm = float(np.linalg.norm(row[MEANING:-1]))
        row[MEANING:-1] /= norm
    row[-1] = length_of(text)
    return row
