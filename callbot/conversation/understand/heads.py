"""The trained heads: from features to calibrated probabilities of intents and emotions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.understand.features import Vector, direction, known, likeness
from callbot.errors import BadInput

PACKAGED = Path(__file__).parent / "data" / "heads.npz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """One kernel regression on one-hot labels: pieces add up, meanings count by their likeness to examples."""

    labels: tuple[str, ...]
    pieces: Vector
    """vocabulary x labels."""
    examples: Vector
    """supports x labels."""
    temperature: float
    """What the scores are divided by, so that probabilities mean what they say."""

    def probabilities(self, columns: NDArray[np.intp], values: Vector, near: Vector) -> dict[str, float]:
        scores = (values @ self.pieces[columns] + near @ self.examples) / self.temperature
        exponents = np.exp(scores - scores.max())
        return dict(zip(self.labels, (exponents / exponents.sum()).tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heads:
    """Both heads over the same features."""

    vocabulary: Mapping[str, int]
    weights: Vector
    """How much each piece of the vocabulary weighs."""
    centre: Vector
    axes: Vector
    supports: Vector
    """Directions of the examples."""
    intent: Head
    emotion: Head

    def judge(self, meaning: Vector, text: str) -> tuple[dict[Intent, float], dict[Emotion, float]]:
        """Probabilities of every intent and emotion; `text` as `essence` spells it."""
        columns, values = known(text, self.vocabulary, self.weights)
        near = likeness(direction(meaning, self.centre, self.axes), self.supports)
        return (
            {Intent(label): value for label, value in self.intent.probabilities(columns, values, near).items()},
            {
                Emotion(label): value
                for label, value in self.emotion.probabilities(columns, values, near).items()
            },
        )


def packed(values: Vector) -> dict[str, NDArray[Any]]:
    """`values` at eight bits, with one scale for each column."""
    scales = np.maximum(np.abs(values).max(axis=0), 1e-9) / 127
    return {"": np.round(values / scales).astype(np.int8), "_scale": scales.astype(np.float32)}


def _unpacked(data: Mapping[str, NDArray[Any]], name: str) -> Vector:
    values: Vector = data[name] * data[f"{name}_scale"]
    return values


@cache
def load(path: Path = PACKAGED) -> Heads:
    """The heads in `path`, read once in a process.

    Raises `BadInput` when they are missing, broken or know other labels.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            pieces = bytes(data["vocabulary"]).decode().split("\n")
            intent, emotion = (
                Head(
                    labels=tuple(str(label) for label in data[f"{name}_labels"]),
                    pieces=_unpacked(data, f"{name}_pieces"),
                    examples=_unpacked(data, f"{name}_examples"),
                    temperature=float(data[f"{name}_temperature"]),
                )
                for name in ("intent", "emotion")
            )
            heads = Heads(
                vocabulary={piece: index for index, piece in enumerate(pieces)},
                weights=data["piece_weights"].astype(np.float32),
                centre=data["centre"],
                axes=data["axes"].astype(np.float32),
                supports=_unpacked(data, "supports"),
                intent=intent,
                emotion=emotion,
            )
    except (OSError, ValueError, KeyError) as error:
        raise BadInput.one(
            str(path), f"理解模型加载不了：{error}", "运行 python bench/train_reader.py"
        ) from None
    if set(intent.labels) != set(Intent) or set(emotion.labels) != set(Emotion):
        raise BadInput.one(
            str(path),
            "理解模型的标签与这个版本不同",
            "运行 python bench/train_reader.py",
        )
    return heads
