"""How long a session lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SEEN_EVERY = timedelta(minutes=1)
"""A session in use is noted no more often than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLife:
    """The two ends of a session."""

    idle: timedelta
    """Without a request for so long it ends."""
    whole: timedelta
    """After so long it ends in any case."""

    def lives(self, *, made_at: datetime, seen_at: datetime, now: datetime) -> bool:
        return now < seen_at + self.idle and now < made_at + self.whole


def to_be_noted(seen_at: datetime, now: datetime) -> bool:
    """Whether a request is late enough after the last one noted to be worth a write."""
    return now - seen_at >= SEEN_EVERY
