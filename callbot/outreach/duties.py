"""What a control process does again and again, each tick in one process only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import structlog

from callbot.clock import Clock
from callbot.engine.port import Engine, Handler, Job
from callbot.engine.schedule import Schedule, every

_log = structlog.get_logger(__name__)

Work: TypeAlias = Callable[[datetime], Awaitable[object]]
"""Takes the time, UTC; what it returns is logged when it is truthy. Safe to begin again after a crash."""

_LOOK = 600
"""Seconds between two looks whether a daily duty is due."""
_RETRIES = 3
_RETRY_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Every so many seconds; they divide a minute or an hour. A tick is left out while the last one runs."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Once a day at or after a time of day: a process that starts later makes up for it. Tried again a few
    times when it fails."""

    at: time
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One recurring duty."""

    name: str
    """Part of the ids of its ticks, so it stays."""
    when: Every | Daily
    work: Work
    limit_s: float = 120.0
    """It is ended after this long."""


class Rota:
    """Duties as an engine takes them: handlers and schedules; the engine is named once it runs."""

    def __init__(self, duties: Sequence[Duty], clock: Clock) -> None:
        """Raises `ValueError` when two duties have one name, or one has a colon in it."""
        self._duties = {duty.name: duty for duty in duties}
        if len(self._duties) != len(duties) or any(":" in name for name in self._duties):
            raise ValueError("names of duties are unique and have no colon")
        self._clock = clock
        self._busy: set[str] = set()
        self.engine: Engine | None = None

    def handlers(self) -> dict[str, Handler]:
        return {"duty": self._do, **{f"tick:{name}": self._ticked(duty) for name, duty in self._duties.items()}}

    def schedules(self) -> list[Schedule]:
        return [
            Schedule(
                name=name,
                cron=every(duty.when.seconds if isinstance(duty.when, Every) else _LOOK),
                handler=f"tick:{name}",
            )
            for name, duty in self._duties.items()
        ]

    def _ticked(self, duty: Duty) -> Handler:
        async def tick(_job: Job) -> None:
            if isinstance(duty.when, Every):
                await self._perform(duty)
                return
            day = day_due(duty.when, self._clock.now())
            if day is not None and self.engine is not None:
                await self.engine.run_once(f"{duty.name}:{day}", "duty", {"duty": duty.name, "retry": 0})

        return tick

    async def _do(self, job: Job) -> None:
        """A daily duty's run of one day."""
        name, retry = str(job.argument["duty"]), int(job.argument["retry"])
        try:
            await self._perform(self._duties[name])
        except Exception:
            if retry < _RETRIES and self.engine is not None:
                day = job.id.split(":")[1]
                await self.engine.run_later(
                    f"{name}:{day}:{retry + 1}", "duty", _RETRY_AFTER, {"duty": name, "retry": retry + 1}
                )
            raise

    async def _perform(self, duty: Duty) -> None:
        if duty.name in self._busy:
            return
        self._busy.add(duty.name)
        try:
            async with asyncio.timeout(duty.limit_s):
                result = await duty.work(self._clock.now())
        finally:
            self._busy.discard(duty.name)
        if result:
            _log.info("duty.done", duty=duty.name, result=result)


def day_due(when: Daily, now: datetime) -> str | None:
    """The day, ISO, whose run is due at `now`; None before its time of day."""
    local = now.astimezone(ZoneInfo(when.zone))
    return local.date().isoformat() if local.time() >= when.at else None
