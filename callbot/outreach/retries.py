"""When somebody who was not reached is tried again, by the cause. Source: compliance section 5, R021."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from callbot.outreach.calendar import Opening, day_part, openings
from callbot.outreach.policy import Hours


class Part(StrEnum):
    """In which part of the callee's day to try again."""

    ANY = "any"
    SAME = "same"
    OTHER = "other"


class Then(StrEnum):
    """What follows when the tries of a cause are used up."""

    SECOND_PUSH = "second_push"
    """A second push on day 3, then a human (R021)."""
    SOFT_NO = "soft_no"
    LIST_OWNER = "list_owner"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """One row of the table."""

    after: timedelta
    part: Part = Part.ANY
    next_day: bool = False
    limit: int
    """Tries after the first one; further ones of the same cause lead to `then`."""
    then: Then = Then.SECOND_PUSH


RETRIES: Mapping[str, Retry] = {
    "busy": Retry(after=timedelta(minutes=20), part=Part.SAME, limit=2),
    "no_answer": Retry(after=timedelta(hours=4), part=Part.OTHER, limit=2),
    "rejected": Retry(after=timedelta(), part=Part.OTHER, next_day=True, limit=1, then=Then.SOFT_NO),
    "early_hang_up": Retry(after=timedelta(), part=Part.OTHER, next_day=True, limit=1, then=Then.SOFT_NO),
    "power_off": Retry(after=timedelta(), next_day=True, limit=2),
    "unreachable": Retry(after=timedelta(), next_day=True, limit=2),
    "voicemail": Retry(after=timedelta(hours=4), part=Part.OTHER, limit=1),
    "suspended": Retry(after=timedelta(days=30), limit=1, then=Then.LIST_OWNER),
    "network": Retry(after=timedelta(minutes=5), limit=2),
    "interrupted": Retry(after=timedelta(), next_day=True, limit=1),
}
"""By cause. A cause that is not here is never tried again."""


def next_try(
    cause: str, earlier: Sequence[str], ended_at: datetime, zone: ZoneInfo, hours: Hours, *, every_day: bool
) -> datetime | Then:
    """When to try again, inside the callee's hours, or what follows when the tries are used up.

    `earlier` are the causes of the attempts before this one in the same batch. Times are UTC.
    """
    retry = RETRIES.get(cause)
    if retry is None:
        return Then.NOTHING
    if list(earlier).count(cause) >= retry.limit:
        return retry.then
    start = ended_at + retry.after
    for opening in openings(start, zone, hours, every_day=every_day):
        if _fits(opening, retry, ended_at, zone):
            return max(opening.start, start)
    return retry.then


def _fits(opening: Opening, retry: Retry, ended_at: datetime, zone: ZoneInfo) -> bool:
    if retry.next_day and opening.day <= ended_at.astimezone(zone).date():
        return False
    part = day_part(ended_at, zone)
    match retry.part:
        case Part.ANY:
            return True
        case Part.SAME:
            return opening.part is part
        case Part.OTHER:
            return opening.part is not part
        case _:
            assert_never(retry.part)
