"""Finding the answer to a question among the ways people ask: by characters, sounds and meaning. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from callbot.conversation.understand.features import Vector, pieces
from callbot.conversation.understand.normal import essence

ENOUGH = 0.32
"""Likeness in pieces and meaning from which an answer is given (docs/flows.md has the figures)."""
ENOUGH_PIECES = 0.24
"""Likeness from which an answer is given where only the pieces are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """How near an entry is to a question."""

    name: str
    likeness: float
    """0..1."""


class Knowledge:
    """An index over the questions of some entries; a look-up takes about a millisecond."""

    def __init__(self, asks: Sequence[tuple[str, str]], meanings: Mapping[str, Vector] | None = None) -> None:
        """`asks`: name of the entry and a question for it. `meanings`: the sentence vector of every question,
        by its `essence`; without them pieces decide.
        """
        asked = [(name, essence(question)) for name, question in asks]
        self._names = [name for name, _ in asked]
        self._pieces = [_pieces(text) for _, text in asked]
        seen = Counter(piece for parts in self._pieces for piece in parts)
        self._weights = {piece: math.log((1 + len(asked)) / (0.5 + count)) for piece, count in seen.items()}
        self._rare = math.log((1 + len(asked)) / 0.5)
        self._lengths = [self._length(parts) for parts in self._pieces]
        self._meanings: Vector | None = None
        if meanings is not None and asked:
            vectors = np.stack([meanings[text] for _, text in asked])
            # Questions are alike in being questions: what tells them apart is the way from their centre.
            self._centre = vectors.mean(axis=0)
            self._meanings = _unit(vectors - self._centre)

    def find(self, text: str, meaning: Vector | None = None) -> Near | None:
        """The entry for `text`, None where nothing is near enough.

        `meaning`: the sentence vector of its `essence`.
        """
        ranked = self.rank(text, meaning)
        whole = meaning is not None and self._meanings is not None
        if not ranked or ranked[0].likeness < (ENOUGH if whole else ENOUGH_PIECES):
            return None
        return ranked[0]

    def rank(self, text: str, meaning: Vector | None = None) -> Sequence[Near]:
        """Every entry with its likeness to `text`, the nearest first."""
        heard = _pieces(essence(text))
        length = self._length(heard)
        likeness = np.array(
            [
                sum(self._weights[piece] ** 2 for piece in parts & heard) / (length * size)
                for parts, size in zip(self._pieces, self._lengths, strict=True)
            ],
            dtype=np.float32,
        )
        best = self._best(likeness)
        if meaning is not None and self._meanings is not None:
            nearest = self._best((self._meanings @ _unit(meaning - self._centre)).astype(np.float32))
            best = {name: (value + nearest[name]) / 2 for name, value in best.items()}
        found = [Near(name=name, likeness=value) for name, value in best.items()]
        return sorted(found, key=lambda one: -one.likeness)

    def _best(self, likeness: Vector) -> dict[str, float]:
        """Of each entry the question that is nearest."""
        best: dict[str, float] = {}
        for name, value in zip(self._names, likeness.tolist(), strict=True):
            best[name] = max(best.get(name, value), value)
        return best

    def _length(self, parts: frozenset[str]) -> float:
        return math.sqrt(sum(self._weights.get(piece, self._rare) ** 2 for piece in parts)) or 1.0


def _unit(vectors: Vector) -> Vector:
    lengths = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    directions: Vector = (vectors / lengths).astype(np.float32)
    return directions


@lru_cache(maxsize=4096)
def _pieces(text: str) -> frozenset[str]:
    return frozenset(pieces(text))
