"""Works through a batch with k lines: plans, prepares ahead, dials by priority, and stops cleanly."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Any

from callbot.outreach import batch as batch_room
from callbot.outreach.attempt import AttemptRunner, Ready, Station
from callbot.outreach.planner import Planner
from callbot.outreach.progress import BatchEnd, OnProgress, Queued, Recovered, Stopping
from callbot.outreach.recovery import Recovery
from callbot.store import batches, ledger
from callbot.store.tables import Attempt

TICK_S = 5.0
"""How often the planner looks again while nothing else happens."""
RECOVER_EVERY_S = 10.0


class Dialler:
    """One media process working on one batch."""

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
        """`max_calls`: slots of the media process. `linger`: wait for retries and windows instead of
        returning when everybody left has to wait. `grace_s`: what running calls get after a stop. `lost` is
        set when somebody declared this worker dead; it then stops."""
        self._station = station
        self._emit = on_progress
        self._max_calls = max_calls
        self._linger = linger
        self._planner = Planner(station.db, station.clock)
        self._recovery = Recovery(station.db, station.control, station.clock, own=station.worker_id)
        self._runner = AttemptRunner(station, on_progress, grace_s=grace_s)
        self._stop = asyncio.Event()
        self._lost = lost or asyncio.Event()
        self._recovered_at: float | None = None
        self._preparing: dict[asyncio.Task[Ready | None], Attempt] = {}
        self._ready: list[Ready] = []
        self._running: dict[asyncio.Task[None], str] = {}

    def stop(self) -> None:
        """No new call; running ones are ended and settled. `run` then returns. Idempotent."""
        if not self._stop.is_set():
            self._stop.set()
            self._emit(Stopping(running=len(self._running)))

    async def run(self, batch_id: str) -> BatchEnd:
        """Call everybody in a running batch who may be called.

        Returns when nobody is left, when all who are left wait for their time (unless it lingers), when the
        batch is paused, or after `stop`. A cancellation stops in the same way and is then raised again.
        """
        try:
            return await self._work(batch_id)
        except asyncio.CancelledError:
            self.stop()
            raise
        finally:
            await self._wind_down()

    async def _work(self, batch_id: str) -> BatchEnd:
        while not self._stop.is_set():
            await self._recover()
            async with self._station.db.read() as session:
                batch = await batches.get(session, batch_id)
            if batch is None:
                raise batch_room.BatchState(
                    f"batch {batch_id} does not exist → `callbot batch list` shows them"
                )
            if batch.state != "running":
                return BatchEnd(done=batch.state == "done", stopped=batch.state == "paused")
            lines = max(1, min(batch.lines, self._max_calls))
            await self._fill(batch_id, lines)
            if not self._preparing and not self._ready and not self._running:
                end = await self._rest(batch_id)
                if end is not None:
                    return end
            await self._pause()
        return await self._stopped(batch_id)

    async def _recover(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._recovered_at is None or now - self._recovered_at >= RECOVER_EVERY_S:
            self._recovered_at = now
            for settlement in await self._recovery.recover():
                self._emit(Recovered(settlement=settlement))

    async def _fill(self, batch_id: str, lines: int) -> None:
        """Queue, prepare and dial as much as there is room for."""
        held = [*self._preparing.values(), *(ready.attempt for ready in self._ready)]
        planned = await self._planner.tick(batch_id, 2 * lines)
        if planned.queued or planned.blocked:
            self._emit(Queued(queued=planned.queued, blocked=planned.blocked))
        room = 2 * lines - len(held) - len(self._running)
        if room > 0:
            taken = [attempt.id for attempt in held] + list(self._running.values())
            async with self._station.db.read() as session:
                rows = await ledger.peek(
                    session, batch_id=batch_id, now=self._station.clock.now(), limit=room, without=taken
                )
            for row in rows:
                task = asyncio.create_task(self._runner.prepare(row), name=f"prepare-{row.id}")
                self._preparing[task] = row
        self._ready.sort(key=lambda ready: _rank(ready.attempt))
        while self._ready and not self._stop.is_set():
            # A free line is kept for whoever comes first and is still being prepared.
            first = _rank(self._ready[0].attempt)
            awaited = sum(_rank(attempt) < first for attempt in self._preparing.values())
            if len(self._running) + awaited >= lines:
                break
            ready = self._ready.pop(0)
            call = asyncio.create_task(self._runner.run(ready, self._stop), name=f"attempt-{ready.attempt.id}")
            self._running[call] = ready.attempt.id

    async def _pause(self) -> None:
        """Until a task ends, somebody stops, or the next tick."""
        stopped = asyncio.ensure_future(self._stop.wait())
        lost = asyncio.ensure_future(self._lost.wait())
        waiting: set[asyncio.Future[Any]] = {stopped, lost, *self._preparing, *self._running}
        try:
            finished, _ = await asyncio.wait(waiting, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            lost.cancel()
        if self._lost.is_set():
            self.stop()
        for call in [task for task in self._running if task in finished]:
            del self._running[call]
            call.result()
        for task in [task for task in self._preparing if task in finished]:
            del self._preparing[task]
            if (ready := task.result()) is not None:
                self._ready.append(ready)

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

    async def _stopped(self, batch_id: str) -> BatchEnd:
        await self._wind_down()
        waiting, until, _ = await self._waiting(batch_id)
        return BatchEnd(done=False, stopped=True, waiting=waiting, until=until)

    async def _wind_down(self) -> None:
        """Prepared attempts stay queued; running ones end by themselves once `stop` is set."""
        for task in self._preparing:
            task.cancel()
        if self._running and not self._stop.is_set():
            self.stop()
        tasks: set[asyncio.Future[Any]] = {*self._preparing, *self._running}
        if tasks:
            await asyncio.wait(tasks)  # unlike gather, a second cancellation does not reach into the calls
        await self._runner.aclose()
        errors = [call.exception() for call in self._running if not call.cancelled()]
        self._preparing.clear()
        self._ready.clear()
        self._running.clear()
        for error in errors:
            if error is not None:
                raise error


def _rank(attempt: Attempt) -> tuple[int, datetime, str]:
    """The order of calling, the lowest first."""
    return -attempt.priority, attempt.due_at, attempt.id
