"""One batch from the first look to its end, in one process that plans, dials and recovers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime

from callbot.outreach import batch as batch_room
from callbot.outreach.dialler import Dialler
from callbot.outreach.planner import Planner
from callbot.outreach.progress import BatchEnd, OnProgress, Queued, Recovered
from callbot.outreach.recovery import Recovery
from callbot.outreach.station import Station
from callbot.store import batches, ledger

RECOVER_EVERY_S = 10.0


class BatchRun:
    """`callbot batch run`, and the demo."""

    def __init__(
        self,
        station: Station,
        on_progress: OnProgress,
        *,
        max_calls: int,
        linger: bool = False,
        grace_s: float = 0.0,
        lost: asyncio.Event | None = None,
    ) -> None:
        """`linger`: wait for retries and windows instead of returning when everybody left has to wait. The
        rest is the dialler's."""
        self._station = station
        self._emit = on_progress
        self._max_calls = max_calls
        self._linger = linger
        self._grace_s = grace_s
        self._lost = lost or asyncio.Event()
        self._planner = Planner(station.db, station.clock)
        self._recovery = Recovery(
            station.db, station.control, station.clock, own=station.worker_id, data=station.data
        )
        self._recovered_at: float | None = None
        self._dialler: Dialler | None = None
        self._stop = False

    def stop(self) -> None:
        """No new call; running ones are ended and settled. `run` then returns. Idempotent."""
        self._stop = True
        if self._dialler is not None:
            self._dialler.stop()

    async def run(self, batch_id: str) -> BatchEnd:
        """Call everybody in a running batch who may be called.

        Returns when nobody is left, when all who are left wait for their time (unless it lingers), when the
        batch is paused, or after `stop`. A cancellation stops in the same way and is then raised again.
        """
        dialler = self._dialler = Dialler(
            self._station,
            self._emit,
            max_calls=self._max_calls,
            batch_id=batch_id,
            grace_s=self._grace_s,
            lost=self._lost,
        )
        if self._stop:
            dialler.stop()
        try:
            return await self._work(batch_id, dialler)
        except asyncio.CancelledError:
            dialler.stop(cut=True)
            raise
        finally:
            await dialler.wind_down()

    async def _work(self, batch_id: str, dialler: Dialler) -> BatchEnd:
        while not dialler.stopped:
            await self._recover()
            async with self._station.db.read() as session:
                batch = await batches.get(session, batch_id)
            if batch is None:
                raise batch_room.BatchState(f"没有批次 {batch_id} → callbot batch list 列出全部批次")
            if batch.state != "running":
                return BatchEnd(done=batch.state == "done", stopped=batch.state == "paused")
            planned = await self._planner.tick(batch_id, 2 * max(1, min(batch.lines, self._max_calls)))
            if planned.queued or planned.blocked:
                self._emit(Queued(queued=planned.queued, blocked=planned.blocked))
            await dialler.look()
            if dialler.idle and (end := await self._rest(batch_id)) is not None:
                return end
            await dialler.wait()
        await dialler.wind_down()
        waiting, until, _ = await self._waiting(batch_id)
        return BatchEnd(done=False, stopped=True, waiting=waiting, until=until)

    async def _recover(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._recovered_at is None or now - self._recovered_at >= RECOVER_EVERY_S:
            self._recovered_at = now
            for settlement in await self._recovery.recover():
                self._emit(Recovered(settlement=settlement))

    async def _rest(self, batch_id: str) -> BatchEnd | None:
        """Nothing can be done at this moment: the batch is over, or waits."""
        waiting, until, elsewhere = await self._waiting(batch_id)
        if elsewhere:
            return None
        if not waiting:
            with suppress(batch_room.BatchState):
                await batch_room.done(self._station.db, batch_id, self._station.clock.now())
            return BatchEnd(done=True, stopped=False)
        if self._linger or (until is not None and until <= self._station.clock.now()):
            return None
        return BatchEnd(done=False, stopped=False, waiting=waiting, until=until)

    async def _waiting(self, batch_id: str) -> tuple[int, datetime | None, int]:
        """How many wait, until when, and how many calls of this batch other workers hold."""
        async with self._station.db.read() as session:
            queued = (await ledger.counts(session, batch_id)).get("queued", 0)
            due = await ledger.next_due(session, batch_id)
            unblocked, blocked = await batches.next_unblocked(session, batch_id)
            under_way = await ledger.under_way(session, batch_id)
        times = [moment for moment in (due, unblocked) if moment is not None]
        return queued + blocked, min(times, default=None), under_way
