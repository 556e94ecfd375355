"""The line to a carrier: how fast calls may begin on it, over all processes that share it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_FAR = timedelta(minutes=5)
"""A slot further away than this was taken by a clock that ran ahead; it binds nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkLine:
    """One carrier line. All processes that dial on it name it alike."""

    name: str = "default"
    calls_per_second: float | None = None
    """Calls that may begin in one second; None: the carrier sets no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The moment at which one call may begin, and from when on the next one may."""

    at: datetime
    next_free: datetime


def next_slot(free_at: datetime, calls_per_second: float, now: datetime) -> Slot:
    """The first free slot from `now` on; slots lie evenly apart: no second holds more than its share."""
    at = now if free_at <= now or free_at - now > _FAR else free_at
    return Slot(at=at, next_free=at + timedelta(seconds=1 / calls_per_second))
