"""The trained heads: from an encoded utterance to calibrated probabilities of intents, emotions and signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callbot.conversation.labels import Emotion, Intent, Signal
from callbot.conversation.understand.encoder import Encoded
from callbot.conversation.understand.features import Vector, direction, known, likeness
from callbot.errors import BadInput

PACKAGED = Path(__file__).parent / "data" / "heads.npz"
ONE_OF = ("intent", "emotion")
"""Heads whose labels exclude each other; the labels of `signal` do not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """Two opinions on the same labels: a kernel regression on examples, and the encoder's own scores.

    In the kernel pieces add up and meanings count by their likeness to examples.
    """

    labels: tuple[str, ...]
    pieces: Vector
    """vocabulary x labels."""
    examples: Vector
    """supports x labels."""
    outputs: slice
    """Where the encoder scores these labels."""
    trust: tuple[float, float]
    """How much the kernel and the encoder count, so that probabilities mean what they say."""
    base: float
    """What is added to every score."""

    def scores(self, columns: NDArray[np.intp], values: Vector, near: Vector, encoded: Encoded) -> Vector:
        kernel = values @ self.pieces[columns] + near @ self.examples
        summed = self.trust[0] * kernel + self.trust[1] * encoded.scores[self.outputs] + self.base
        return np.asarray(summed, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Probabilities of every label; those of intents and of emotions add up to 1."""

    intents: dict[Intent, float]
    emotions: dict[Emotion, float]
    signals: dict[Signal, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heads:
    """The heads over the same features."""

    vocabulary: Mapping[str, int]
    weights: Vector
    """How much each piece of the vocabulary weighs."""
    centre: Vector
    axes: Vector
    supports: Vector
    """Directions of the examples."""
    intent: Head
    emotion: Head
    signal: Head

    def judge(self, encoded: Encoded, text: str) -> Judgement:
        """What `text`, as `essence` spells it and the encoder sees it, may mean."""
        columns, values = known(text, self.vocabulary, self.weights)
        near = likeness(direction(encoded.meaning, self.centre, self.axes), self.supports)
        intents, emotions, signals = (
            head.scores(columns, values, near, encoded) for head in (self.intent, self.emotion, self.signal)
        )
        return Judgement(
            intents={Intent(label): value for label, value in _shares(self.intent.labels, intents)},
            emotions={Emotion(label): value for label, value in _shares(self.emotion.labels, emotions)},
            signals={
                Signal(label): float(value)
                for label, value in zip(self.signal.labels, 1 / (1 + np.exp(-signals)), strict=True)
            },
        )


def _shares(labels: tuple[str, ...], scores: Vector) -> list[tuple[str, float]]:
    exponents = np.exp(scores - scores.max())
    return list(zip(labels, (exponents / exponents.sum()).tolist(), strict=True))


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
            heads, first = {}, 0
            for name in (*ONE_OF, "signal"):
                labels = tuple(str(label) for label in data[f"{name}_labels"])
                kernel, encoder, base = (float(value) for value in data[f"{name}_trust"])
                heads[name] = Head(
                    labels=labels,
                    pieces=_unpacked(data, f"{name}_pieces"),
                    examples=_unpacked(data, f"{name}_examples"),
                    outputs=slice(first, first + len(labels)),
                    trust=(kernel, encoder),
                    base=base,
                )
                first += len(labels)
            found = Heads(
                vocabulary={
                    piece: index for index, piece in enumerate(bytes(data["vocabulary"]).decode().split("\n"))
                },
                weights=data["piece_weights"].astype(np.float32),
                centre=data["centre"],
                axes=data["axes"].astype(np.float32),
                supports=_unpacked(data, "supports"),
                intent=heads["intent"],
                emotion=heads["emotion"],
                signal=heads["signal"],
            )
    except (OSError, ValueError, KeyError) as error:
        raise BadInput.one(
            str(path), f"理解模型加载不了：{error}", "运行 python bench/train_reader.py"
        ) from None
    known_labels = (set(Intent), set(Emotion), set(Signal))
    if tuple(set(head.labels) for head in (found.intent, found.emotion, found.signal)) != known_labels:
        raise BadInput.one(
            str(path),
            "理解模型的标签与这个版本不同",
            "运行 python bench/train_reader.py",
        )
    return found
