"""The trained heads: from features to calibrated probabilities of intents and emotions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.understand.features import Vector, vector
from callbot.errors import BadInput

PACKAGED = Path(__file__).parent / "data" / "heads.npz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """One multinomial logistic regression."""

    labels: tuple[str, ...]
    weights: Vector
    """labels x features."""
    bias: Vector
    temperature: float
    """What the logits are divided by, so that probabilities mean what they say."""

    def probabilities(self, row: Vector) -> dict[str, float]:
        logits = (self.weights @ row + self.bias) / self.temperature
        exponents = np.exp(logits - logits.max())
        return dict(zip(self.labels, (exponents / exponents.sum()).tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heads:
    """Both heads over the same features."""

    vocabulary: Mapping[str, int]
    weights: Vector
    """How much each piece of the vocabulary weighs."""
    intent: Head
    emotion: Head

    def judge(self, meaning: Vector, text: str) -> tuple[dict[Intent, float], dict[Emotion, float]]:
        """Probabilities of every intent and emotion; `text` as `essence` spells it."""
        row = vector(meaning, text, self.vocabulary, self.weights)
        return (
            {Intent(label): value for label, value in self.intent.probabilities(row).items()},
            {Emotion(label): value for label, value in self.emotion.probabilities(row).items()},
        )


def load(path: Path = PACKAGED) -> Heads:
    """The heads in `path`. Raises `BadInput` when they are missing, broken or know other labels."""
    try:
        with np.load(path, allow_pickle=False) as data:
            pieces = [str(piece) for piece in data["vocabulary"]]
            intent, emotion = (
                Head(
                    labels=tuple(str(label) for label in data[f"{name}_labels"]),
                    weights=data[f"{name}_weights"].astype(np.float32),
                    bias=data[f"{name}_bias"].astype(np.float32),
                    temperature=float(data[f"{name}_temperature"]),
                )
                for name in ("intent", "emotion")
            )
            heads = Heads(
                vocabulary={piece: index for index, piece in enumerate(pieces)},
                weights=data["piece_weights"].astype(np.float32),
                intent=intent,
                emotion=emotion,
            )
    except (OSError, ValueError, KeyError) as error:
        raise BadInput.one(
            str(path), f"the reader's model cannot be loaded: {error}", "run python bench/train_reader.py"
        ) from None
    if set(intent.labels) != set(Intent) or set(emotion.labels) != set(Emotion):
        raise BadInput.one(
            str(path),
            "the reader's model knows other labels than this version",
            "run python bench/train_reader.py",
        )
    return heads
