"""When something recurs: a cron expression of six fields, seconds first, in a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter  # type: ignore[import-untyped]

from callbot.engine.port import BadSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A name, a rhythm and the handler that each tick runs. The tick's id is made of name and time, so that
    it runs once however many processes follow the schedule."""

    name: str
    cron: str
    """`second minute hour day month weekday`."""
    handler: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        """Raises `BadSchedule`."""
        if len(self.cron.split()) != 6 or not croniter.is_valid(self.cron, second_at_beginning=True):
            raise BadSchedule(f"schedule {self.name}: `{self.cron}` is not a cron expression of six fields")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise BadSchedule(f"schedule {self.name}: there is no time zone `{self.zone}`") from None

    def after(self, moment: datetime) -> datetime:
        """The first tick after `moment`, UTC."""
        local = moment.astimezone(ZoneInfo(self.zone))
        tick: datetime = croniter(self.cron, local, second_at_beginning=True).get_next(datetime)
        return tick.astimezone(UTC)


def every(seconds: int) -> str:
    """The cron expression of every so many seconds. Raises `BadSchedule` when a minute or an hour is no
    multiple of them: the ticks would not be even."""
    if 0 < seconds < 60 and 60 % seconds == 0:
        return "* * * * * *" if seconds == 1 else f"*/{seconds} * * * * *"
    minutes, rest = divmod(seconds, 60)
    if rest == 0 and 0 < minutes < 60 and 60 % minutes == 0:
        return "0 * * * * *" if minutes == 1 else f"0 */{minutes} * * * *"
    if seconds == 3600:
        return "0 0 * * * *"
    raise BadSchedule(f"every {seconds} s does not divide a minute or an hour evenly")
