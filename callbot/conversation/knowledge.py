"""Finding the answer to a question among the ways people ask, by characters and by sounds. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from callbot.conversation.flow import Entry
from callbot.conversation.understand.features import pieces
from callbot.conversation.understand.normal import essence

ENOUGH = 0.42
"""Likeness from which an answer is given; measured by `bench/knowledge.py`."""
APART = 0.03
"""By how much the best answer must be ahead of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The entry that fits a question best."""

    entry: Entry
    likeness: float
    """0..1."""


class Knowledge:
    """An index over the questions of some entries. Looking one up takes well under a millisecond."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        asked = [(entry, _pieces(question)) for entry in entries for question in entry.asks]
        seen = Counter(piece for _, parts in asked for piece in parts)
        self._weights = {piece: math.log((1 + len(asked)) / (0.5 + count)) for piece, count in seen.items()}
        self._rare = math.log((1 + len(asked)) / 0.5)
        self._asked = [(entry, parts, self._length(parts)) for entry, parts in asked]

    def find(self, text: str) -> Found | None:
        """The answer to `text`, None where nothing is near enough or two are equally near."""
        ranked = self.rank(text)
        if not ranked or ranked[0].likeness < ENOUGH:
            return None
        if len(ranked) > 1 and ranked[0].likeness - ranked[1].likeness < APART:
            return None
        return ranked[0]

    def rank(self, text: str) -> Sequence[Found]:
        """Every entry that shares something with `text`, the nearest first."""
        heard = _pieces(text)
        length = self._length(heard)
        best: dict[str, Found] = {}
        for entry, parts, size in self._asked:
            shared = sum(self._weights[piece] ** 2 for piece in parts & heard)
            if not shared:
                continue
            likeness = shared / (length * size)
            if entry.name not in best or best[entry.name].likeness < likeness:
                best[entry.name] = Found(entry=entry, likeness=likeness)
        return sorted(best.values(), key=lambda found: -found.likeness)

    def _length(self, parts: frozenset[str]) -> float:
        return math.sqrt(sum(self._weights.get(piece, self._rare) ** 2 for piece in parts)) or 1.0


@lru_cache(maxsize=4096)
def _pieces(text: str) -> frozenset[str]:
    return frozenset(pieces(essence(text)))
