"""The engine on a clock that a test moves."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from callbot.engine.port import Handler, Job, UnknownHandler
from callbot.engine.schedule import Schedule


class ManualEngine:
    """Runs what is due while `advance` moves its clock; `now` is the clock's time, UTC."""

    def __init__(
        self, now: datetime, *, handlers: Mapping[str, Handler], schedules: Sequence[Schedule] = ()
    ) -> None:
        self.now = now
        self._handlers = dict(handlers)
        self._schedules = tuple(schedules)
        self._known: set[str] = set()
        self._waiting: list[tuple[datetime, int, str, Job]] = []
        self.failed: list[tuple[Job, Exception]] = []

    async def run_once(self, job_id: str, handler: str, argument: Mapping[str, Any] | None = None) -> None:
        await self.run_later(job_id, handler, timedelta(), argument)

    async def run_later(
        self, job_id: str, handler: str, after: timedelta, argument: Mapping[str, Any] | None = None
    ) -> None:
        if handler not in self._handlers:
            raise UnknownHandler(f"job {job_id}: there is no handler `{handler}`")
        if job_id in self._known:
            return
        self._known.add(job_id)
        job = Job(id=job_id, due=self.now + after, argument=dict(argument or {}))
        heapq.heappush(self._waiting, (job.due, len(self._known), handler, job))

    async def recover(self, living: Collection[str]) -> int:
        return 0

    async def forget(self, before: datetime) -> int:
        return 0

    async def advance(self, by: timedelta) -> None:
        """Move the clock, running every tick and job that becomes due on the way, in their order."""
        until = self.now + by
        while True:
            ticks = [(schedule.after(self.now), schedule.name, schedule) for schedule in self._schedules]
            moment = min([tick[0] for tick in ticks] + [job[0] for job in self._waiting[:1]], default=until)
            if moment > until:
                break
            if self._waiting and self._waiting[0][0] <= moment:
                due, _, handler, job = heapq.heappop(self._waiting)
                self.now = max(self.now, due)
                await self._work(handler, job)
                continue
            if not ticks:
                break
            self.now = moment
            for at, name, schedule in sorted(ticks, key=lambda one: one[:2]):
                if at == moment:
                    await self._work(schedule.handler, Job(id=f"{name}-{at.isoformat()}", due=at))
        self.now = until

    async def _work(self, handler: str, job: Job) -> None:
        try:
            await self._handlers[handler](job)
        except Exception as error:
            self.failed.append((job, error))
