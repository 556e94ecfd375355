"""The one clock of a media process: every 20 ms it lets each call send what is due."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from callbot.telephony.lag import Lag, Strain
from callbot.telephony.pacing import Deadlines

_log = structlog.get_logger(__name__)


class Ticker:
    """Calls every member once per tick, in the order they joined. One task for all calls.

    A member that raises is logged and the others go on: a fault in one stays there.
    """

    def __init__(self) -> None:
        self._members: dict[Callable[[], None], None] = {}
        self._task: asyncio.Task[None] | None = None
        self.lag = Lag()
        """How late the ticks came."""
        self.strain = Strain()

    def join(self, member: Callable[[], None]) -> None:
        self._members[member] = None

    def leave(self, member: Callable[[], None]) -> None:
        self._members.pop(member, None)

    def start(self) -> None:
        """Begin ticking in the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="media-ticker")

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def tick(self) -> None:
        """One round over all members."""
        for member in tuple(self._members):
            try:
                member()
            except Exception:
                _log.exception("media-tick-failed")

    async def _run(self) -> None:
        deadlines = Deadlines(time.monotonic())
        while True:
            # event loops count in milliseconds, and one that rounds down would wake too early, again and again
            await asyncio.sleep(math.ceil(deadlines.wait(time.monotonic()) * 1000) / 1000)
            now = time.monotonic()
            late_s = now - deadlines.next
            if deadlines.due(now):
                self.lag.add(late_s)
                self.strain.add(late_s)
                self.tick()
