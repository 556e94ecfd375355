"""Who goes first at a few shared workers: people on the line before work done ahead of time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class PriorityGate:
    """`places` may be inside at once. Live requests enter before background ones, each in order of arrival.

    With two or more places, background work leaves one free, so that a live request finds a worker at once.
    For one event loop.
    """

    def __init__(self, places: int) -> None:
        if places < 1:
            raise ValueError(f"a gate needs at least one place, not {places}")
        self._free = places
        self._background_most = max(1, places - 1)
        self._background_inside = 0
        self._live: deque[asyncio.Future[None]] = deque()
        self._background: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def enter(self, *, live: bool) -> AsyncIterator[None]:
        """Wait for a place and hold it for the block."""
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._live if live else self._background
        waiting.append(ticket)
        self._admit()
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self._leave(live)
            else:
                waiting.remove(ticket)
            raise
        try:
            yield
        finally:
            self._leave(live)

    def _leave(self, live: bool) -> None:
        self._free += 1
        if not live:
            self._background_inside -= 1
        self._admit()

    def _admit(self) -> None:
        while self._free and self._live:
            self._take(self._live)
        while self._free and self._background and self._background_inside < self._background_most:
            self._background_inside += 1
            self._take(self._background)

    def _take(self, waiting: deque[asyncio.Future[None]]) -> None:
        self._free -= 1
        waiting.popleft().set_result(None)
