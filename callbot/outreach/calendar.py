"""Working days in China and opening hours in the callee's own zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar

from callbot.outreach.policy import Hours, Span

_LOOK_AHEAD_DAYS = 40
"""Longer than any run of statutory holidays."""


class DayKind(StrEnum):
    WORKDAY = "workday"
    """Monday to Friday, and make-up workdays at weekends."""
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    """A statutory holiday or a day off granted for one."""
    UNKNOWN = "unknown"
    """The table of holidays does not hold this year yet."""


class DayPart(StrEnum):
    """Part of a callee's day: who did not answer in one may in another."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


_PARTS = (
    (time(0), time(12), DayPart.MORNING),
    (time(12), time(18), DayPart.AFTERNOON),
    (time(18), time.max, DayPart.EVENING),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A stretch, UTC, in which a contact is allowed and which lies in one part of the callee's day."""

    start: datetime
    end: datetime
    part: DayPart
    day: date
    """The callee's local date."""


@lru_cache(maxsize=4096)
def day_kind(day: date) -> DayKind:
    """What kind of day this is in China; `UNKNOWN` for a year that the table lacks."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return DayKind.UNKNOWN
    if not off:
        return DayKind.WORKDAY
    return DayKind.HOLIDAY if name else DayKind.WEEKEND


def first_unknown_day(start: date, *, ahead: int) -> date | None:
    """The first day within `ahead` days from `start` of which the table of Chinese holidays knows nothing."""
    days = (start + timedelta(days=number) for number in range(ahead + 1))
    return next((day for day in days if day_kind(day) is DayKind.UNKNOWN), None)


def zone_of(name: str | None) -> ZoneInfo | None:
    """The zone with this IANA name; None for a missing or unknown one."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return None


def spans_of(day: date, hours: Hours, *, every_day: bool = False) -> tuple[Span, ...]:
    """The windows of one local day. `every_day` asks no calendar: for what the customer asked for."""
    if every_day:
        return hours.workday
    match day_kind(day):
        case DayKind.WORKDAY:
            return hours.workday
        case DayKind.WEEKEND:
            return hours.weekend
        case DayKind.HOLIDAY | DayKind.UNKNOWN:
            return ()


def day_part(moment: datetime, zone: ZoneInfo) -> DayPart:
    """The part of the callee's day that a moment (UTC) lies in."""
    local = moment.astimezone(zone).time()
    return next(part for start, _, part in reversed(_PARTS) if local >= start)


def openings(after: datetime, zone: ZoneInfo, hours: Hours, *, every_day: bool = False) -> Iterator[Opening]:
    """Openings that end later than `after`, in order, cut at the borders of the parts of a day.

    The first may have begun before `after`. Ends after 40 days, and at the first day of which the calendar
    knows nothing: what lies behind it is not known to be allowed.
    """
    first = after.astimezone(zone).date()
    for ahead in range(_LOOK_AHEAD_DAYS):
        day = first + timedelta(days=ahead)
        if not every_day and day_kind(day) is DayKind.UNKNOWN:
            return
        for span in spans_of(day, hours, every_day=every_day):
            for begins, ends, part in _PARTS:
                start = _utc(day, max(span.start, begins), zone)
                end = _utc(day, min(span.end, ends), zone)
                if start < end and end > after:
                    yield Opening(start=start, end=end, part=part, day=day)


def is_open(now: datetime, zone: ZoneInfo, hours: Hours, *, every_day: bool = False) -> bool:
    """Whether `now` (UTC) lies in a window of the callee's day."""
    local = now.astimezone(zone)
    return any(local.time() in span for span in spans_of(local.date(), hours, every_day=every_day))


def next_opening(now: datetime, zone: ZoneInfo, hours: Hours, *, every_day: bool = False) -> datetime | None:
    """The first moment at or after `now` inside a window, UTC; None when none is known."""
    opening = next(openings(now, zone, hours, every_day=every_day), None)
    return max(opening.start, now) if opening else None


def next_day_starts(now: datetime, zone: ZoneInfo) -> datetime:
    """The callee's next midnight, UTC."""
    return day_starts(now.astimezone(zone).date() + timedelta(days=1), zone)


def day_starts(day: date, zone: ZoneInfo) -> datetime:
    """The midnight with which this local day begins, UTC."""
    return _utc(day, time(0), zone)


def _utc(day: date, moment: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, moment, tzinfo=zone).astimezone(UTC)
