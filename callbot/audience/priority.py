"""Whom to call first: those who are likeliest to come back, and later whoever said no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from callbot.audience.score.case import Score

HIGHEST: Final = 1000
_REFUSED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """0..1000, higher is called first: the probability of coming back in thousandths (R003)."""

    score: int
    because: str
    """One line, zh-CN: the figures, the probability and what speaks for and against."""


def priority(score: Score, *, low_priority: bool) -> Priority:
    """The place in the queue.

    Whoever refused explicitly counts a quarter (R144): that is courtesy, and independent of any model.
    """
    place = round(HIGHEST * score.probability)
    if low_priority:
        return Priority(score=place // _REFUSED, because=f"{score.because}；曾明确拒绝，顺序靠后")
    return Priority(score=place, because=score.because)
