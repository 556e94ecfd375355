"""An event loop whose clock jumps to the next timer: hours of calls in a second, and a deadlock is an error."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlock(AssertionError):
    """Everything waits and no timer is left that could wake anybody."""


class _NoWaiting(selectors.SelectSelector):
    """Never blocks; tells the loop how far to jump instead."""

    loop: VirtualTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Deadlock("every task waits and no timer is due")
        self.loop.jump(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time is what the timers say it is."""

    def __init__(self) -> None:
        selector = _NoWaiting()
        self._virtual_time = 0.0
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self._virtual_time

    def jump(self, seconds: float) -> None:
        # A hair more than asked for, so that rounding never leaves a timer just ahead of the clock.
        self._virtual_time += seconds + 1e-9


def run_virtual(work: Coroutine[Any, Any, T], *, limit_s: float = 3600.0) -> T:
    """Run `work` in virtual time; more than `limit_s` of it is a `TimeoutError`."""

    async def limited() -> T:
        async with asyncio.timeout(limit_s):
            return await work

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(limited())
