"""A media process announces itself and keeps saying that it lives, on the real clock, never a shifted one."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self
from uuid import uuid4

import structlog

from callbot.clock import Clock, SystemClock
from callbot.store import workers
from callbot.store.database import Database

_log = structlog.get_logger(__name__)

HEARTBEAT_S = 5.0
DEAD_AFTER_S = 30.0
"""Without a heartbeat for this long a worker is dead and its open rows are recovered."""


def worker_id(pid: int, boot: str) -> str:
    """The id of a worker of this host."""
    return f"{socket.gethostname()}:{pid}:{boot}"


class MediaWorker:
    """`async with` it around all dialling; the id is new at each start."""

    def __init__(
        self,
        db: Database,
        media_url: str,
        *,
        boot: str = "",
        dead_after_s: float = DEAD_AFTER_S,
        clock: Clock | None = None,
    ) -> None:
        """`boot` makes the id (`worker_id`), so that whoever started this process knows it too."""
        self._db = db
        self._media_url = media_url
        self._clock = clock or SystemClock()
        self._beating: asyncio.Task[None] | None = None
        self._heartbeat_s = min(HEARTBEAT_S, dead_after_s / 6)
        self.id = worker_id(os.getpid(), boot or uuid4().hex)
        self.lost = asyncio.Event()
        """Somebody declared this worker dead: it must place no call any more."""

    async def __aenter__(self) -> Self:
        async with self._db.write() as session:
            await workers.register(session, self.id, media_url=self._media_url, now=self._clock.now())
        self._beating = asyncio.get_running_loop().create_task(self._beat(), name="heartbeat")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating
        async with self._db.write() as session:
            await workers.retire(session, self.id)

    async def beat(self) -> bool:
        """One heartbeat; False, for good, once this worker was declared dead."""
        async with self._db.write() as session:
            alive = await workers.beat(session, self.id, self._clock.now())
        if not alive:
            self.lost.set()
        return alive

    async def _beat(self) -> None:
        while not self.lost.is_set():
            await asyncio.sleep(self._heartbeat_s)
            try:
                await self.beat()
            except Exception as error:
                _log.warning("worker.heartbeat_failed", worker_id=self.id, error=type(error).__name__)
