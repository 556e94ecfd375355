"""When somebody who tries passwords has to wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
"""Older tries in vain are forgotten."""
_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """So many tries in vain cost nothing; each further one doubles the wait, from 1 to 15 minutes."""

    free: int


ACCOUNT = Patience(free=5)
ADDRESS = Patience(free=30)
"""An office shares an address."""


def locked_until(tries: Sequence[datetime], patience: Patience, now: datetime) -> datetime | None:
    """Until when nobody may try again; None: now. `tries` are those in vain, in any order."""
    recent = [at for at in tries if now - WINDOW < at <= now]
    beyond = len(recent) - patience.free
    if beyond < 0:
        return None
    until = max(recent) + min(_FIRST * 2 ** min(beyond, 10), _LONGEST)
    return until if until > now else None
