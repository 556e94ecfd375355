"""The port to durable work.

A job is at least once: it is begun again after a crash in its middle, so that a handler guards what must not
happen twice by what is committed. It is not begun again once it has ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work handed to its handler."""

    id: str
    due: datetime
    """The tick of the schedule, or the time from which the job might run; UTC."""
    argument: Mapping[str, Any] = field(default_factory=dict)
    """Values that JSON knows."""


Handler: TypeAlias = Callable[[Job], Awaitable[None]]


class Engine(Protocol):
    """Runs jobs by the handler's name; every process with the same handlers may run any of them."""

    async def run_once(self, job_id: str, handler: str, argument: Mapping[str, Any] | None = None) -> None:
        """Run as soon as a process is free. A second job with the same id is none."""
        ...

    async def run_later(
        self, job_id: str, handler: str, after: timedelta, argument: Mapping[str, Any] | None = None
    ) -> None:
        """The same, not before `after` has passed; survives a restart."""
        ...

    async def recover(self, living: Collection[str]) -> int:
        """Put what processes had begun that are not among `living` back into the queue; how many jobs."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop the record of jobs that ended before; how many. Their ids may be used again."""
        ...


class UnknownHandler(Exception):
    """A job names a handler that this process does not have: it runs another version."""


class BadSchedule(Exception):
    """A cron expression or a time zone that nobody can follow."""
