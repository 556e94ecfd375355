"""Everything that can happen to a call, in one order."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from callbot.conversation.line import HungUp, Line, LineEvent
from callbot.conversation.result import CallLog

M = TypeVar("M")

_SHORTEST_WAIT_S = 0.005


class Inbox(Generic[M]):
    """Line events and the results of a call's own tasks. Bounded by what one line can say in one call."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[M | LineEvent] = asyncio.Queue()

    def post(self, message: M | LineEvent) -> None:
        self._messages.put_nowait(message)

    def take_all(self) -> list[M | LineEvent]:
        """What waits right now."""
        return [self._messages.get_nowait() for _ in range(self._messages.qsize())]

    async def next(self, due: float | None) -> M | LineEvent | None:
        """The next message; None once `due` on the loop's clock has come without one."""
        if not self._messages.empty():
            return self._messages.get_nowait()
        try:
            async with asyncio.timeout_at(due):
                return await self._messages.get()
        except TimeoutError:
            return None

    @staticmethod
    def in_ms(ms: int) -> float:
        """That far from now on the loop's clock, never at once."""
        return asyncio.get_running_loop().time() + max(_SHORTEST_WAIT_S, ms / 1000)

    async def pump(self, line: Line, log: CallLog) -> None:
        """Bring in line events until and including `HungUp`. A line that breaks is a line that is gone."""
        while True:
            try:
                event = await line.next_event()
            except Exception as error:
                log.event("line-failed", line.now_ms, error=repr(error))
                event = HungUp(by="carrier", at_ms=line.now_ms, reason="socket-lost")
            self.post(event)
            if isinstance(event, HungUp):
                return
