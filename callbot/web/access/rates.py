"""How often somebody may ask: requests at an even pace with a burst, one number kept for each who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many in a time; all of them may come at once."""

    times: int
    within: timedelta


ADDRESS = Rate(times=1_200, within=timedelta(minutes=1))
"""An office shares an address."""
PERSON = Rate(times=600, within=timedelta(minutes=1))
SIGN_IN = Rate(times=30, within=timedelta(minutes=5))
"""From one address; hashing is dear."""
REVEAL = Rate(times=30, within=timedelta(hours=1))
REFUSED = Rate(times=60, within=timedelta(hours=1))
"""Entries of the audit log about what somebody was refused."""
ONCE = Rate(times=1, within=timedelta(minutes=10))
"""What is noted once although it is asked for in many parts."""


class Rates:
    """Generic cell rate algorithm: for each key the moment at which its allowance is whole again.

    In the memory of one process; what must hold for a cluster (tries to sign in) is counted in the database.
    """

    def __init__(self) -> None:
        self._whole_at: dict[tuple[str, Rate], datetime] = {}

    def wait(self, key: str, rate: Rate, now: datetime) -> timedelta | None:
        """Count one; None when it is allowed, else how long to wait, and it is not counted."""
        each = rate.within / rate.times
        whole_at = max(self._whole_at.get((key, rate), now), now)
        too_early = whole_at + each - now - rate.within
        if too_early > timedelta(0):
            return too_early
        self._whole_at[(key, rate)] = whole_at + each
        if len(self._whole_at) > _MOST_KEYS:
            self._whole_at = {kept: at for kept, at in self._whole_at.items() if at > now}
        return None

    def first(self, key: str, now: datetime) -> bool:
        """Is this the first of its kind in a while?"""
        return self.wait(key, ONCE, now) is None
