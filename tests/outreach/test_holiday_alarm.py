"""Before the table of holidays ends, and every call with it, the supervisor hears of it."""

from __future__ import annotations

from datetime import UTC, datetime

from outreach_world import rows

from callbot.outreach.alarms import alarm_holidays
from callbot.outreach.calendar import DayKind, day_kind
from callbot.store.database import Database
from callbot.store.tables import Alarm


def last_known_year() -> int:
    year = 2026
    while day_kind(datetime(year + 1, 1, 1, tzinfo=UTC).date()) is not DayKind.UNKNOWN:
        year += 1
    return year


async def test_the_end_of_the_table_is_told_once_and_in_time(sqlite_database: Database) -> None:
    year = last_known_year()
    assert not await alarm_holidays(sqlite_database, datetime(year, 11, 1, 4, tzinfo=UTC))
    assert await alarm_holidays(sqlite_database, datetime(year, 11, 20, 4, tzinfo=UTC))
    assert not await alarm_holidays(sqlite_database, datetime(year, 12, 24, 4, tzinfo=UTC))
    (alarm,) = await rows(sqlite_database, Alarm)
    assert (alarm.kind, alarm.customer_id, alarm.owner) == ("holidays_unknown", None, "supervisor")
    assert f"没有 {year + 1} 年，从 {year + 1}-01-01 起" in alarm.note
    assert alarm.due_at == datetime(year, 12, 31, 16, tzinfo=UTC)
