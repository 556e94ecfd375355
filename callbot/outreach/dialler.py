"""One media process at work: prepares ahead, dials the running batches by priority, and stops cleanly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from callbot.outreach.attempt import AttemptRunner
from callbot.outreach.preparing import Preparer, Ready
from callbot.outreach.progress import OnProgress, Stopping
from callbot.outreach.station import Station
from callbot.store import batches, reservation, workers
from callbot.store.tables import Attempt

TICK_S = 5.0
"""How often it looks again while nothing else happens."""


class Dialler:
    """Dials what the planner queued. It never plans: whom to call is decided elsewhere."""

    def __init__(
        self,
        station: Station,
        on_progress: OnProgress,
        *,
        max_calls: int,
        batch_id: str = "",
        grace_s: float = 0.0,
        tick_s: float = TICK_S,
        lost: asyncio.Event | None = None,
    ) -> None:
        """`max_calls`: slots of the media process. `batch_id`: only this batch. `grace_s`: what running calls
        get after a stop. `lost` is set when somebody declared this worker dead; it then cuts its calls."""
        self._station = station
        self._emit = on_progress
        self._max_calls = max_calls
        self._batch_id = batch_id
        self._tick_s = tick_s
        self._preparer = Preparer(station, on_progress)
        self._runner = AttemptRunner(station, on_progress, grace_s=grace_s)
        self._stop = asyncio.Event()
        self._lost = lost or asyncio.Event()
        self._preparing: dict[asyncio.Task[Ready | None], Attempt] = {}
        self._ready: list[Ready] = []
        self._priorities: Mapping[str, int] = {}
        self._running: dict[asyncio.Task[None], Attempt] = {}

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    @property
    def idle(self) -> bool:
        """Nothing is prepared, ready or under way."""
        return not self._preparing and not self._ready and not self._running

    def stop(self, *, cut: bool = False) -> None:
        """No new call; running ones get their grace, or none with `cut`, and are settled. Idempotent."""
        if not self._stop.is_set():
            self._stop.set()
            self._emit(Stopping(running=len(self._running)))
        if cut:
            self._runner.cut.set()

    async def run(self) -> None:
        """Work through every running batch until `stop`. A cancellation stops in the same way."""
        try:
            while not self._stop.is_set():
                await self.look()
                await self.wait()
        except asyncio.CancelledError:
            self.stop(cut=True)
            raise
        finally:
            await self.wind_down()

    async def look(self) -> None:
        """Reserve, prepare and dial as much as there is room for."""
        lines = await self._lines()
        self._ready = [ready for ready in self._ready if ready.attempt.batch_id in lines]
        for batch_id, here in lines.items():
            await self._reserve(batch_id, here)
        self._dial(lines)

    async def _lines(self) -> Mapping[str, int]:
        """This process's part of the lines of each running batch, never more than its slots."""
        async with self._station.db.read() as session:
            running = await batches.running(session)
            others = await workers.dialling(session) - {self._station.worker_id}
        self._priorities = {batch.id: batch.priority for batch in running}
        return {
            batch.id: max(1, min(-(-batch.lines // (1 + len(others))), self._max_calls))
            for batch in running
            if self._batch_id in ("", batch.id)
        }

    async def _reserve(self, batch_id: str, lines: int) -> None:
        held = [*self._preparing.values(), *(ready.attempt for ready in self._ready), *self._running.values()]
        room = 2 * lines - sum(attempt.batch_id == batch_id for attempt in held)
        if room <= 0:
            return
        async with self._station.db.write() as session:
            rows = await reservation.reserve(
                session,
                batch_id=batch_id,
                worker_id=self._station.worker_id,
                now=self._station.clock.now(),
                limit=room,
                without=[attempt.id for attempt in held],
            )
        for row in rows:
            task = asyncio.create_task(self._preparer.prepare(row), name=f"prepare-{row.id}")
            self._preparing[task] = row

    def _dial(self, lines: Mapping[str, int]) -> None:
        """Dial the most urgent of those who are ready, as far as slots and each batch's lines go."""
        busy = Counter(attempt.batch_id for attempt in self._running.values())
        for ready in sorted(self._ready, key=lambda ready: self._order(ready.attempt)):
            if self._stop.is_set() or len(self._running) >= self._max_calls:
                return
            # A free line is kept for whoever comes first and is still being prepared.
            batch_id, first = ready.attempt.batch_id, _rank(ready.attempt)
            awaited = sum(row.batch_id == batch_id and _rank(row) < first for row in self._preparing.values())
            if busy[batch_id] + awaited >= lines[batch_id]:
                continue
            self._ready.remove(ready)
            busy[batch_id] += 1
            call = asyncio.create_task(self._runner.run(ready, self._stop), name=f"attempt-{ready.attempt.id}")
            self._running[call] = ready.attempt

    def _order(self, attempt: Attempt) -> tuple[int, tuple[int, datetime, str]]:
        """The batch of the higher priority first; within and among equal ones, who is most urgent."""
        return -self._priorities.get(attempt.batch_id, 0), _rank(attempt)

    async def wait(self) -> None:
        """Until a task ends, somebody stops, or the next tick."""
        stopped = asyncio.ensure_future(self._stop.wait())
        lost = asyncio.ensure_future(self._lost.wait())
        waiting: set[asyncio.Future[Any]] = {stopped, lost, *self._preparing, *self._running}
        try:
            finished, _ = await asyncio.wait(waiting, timeout=self._tick_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            lost.cancel()
        if self._lost.is_set():
            self.stop(cut=True)
        for call in [task for task in self._running if task in finished]:
            del self._running[call]
            call.result()
        for task in [task for task in self._preparing if task in finished]:
            del self._preparing[task]
            if (ready := task.result()) is not None:
                self._ready.append(ready)

    async def wind_down(self) -> None:
        """Prepared attempts stay queued; running ones end by themselves once `stop` is set. Idempotent."""
        for task in self._preparing:
            task.cancel()
        if self._running and not self._stop.is_set():
            self.stop()
        tasks: set[asyncio.Future[Any]] = {*self._preparing, *self._running}
        if tasks:
            await asyncio.wait(tasks)  # unlike gather, a second cancellation does not reach into the calls
        await self._preparer.aclose()
        errors = [call.exception() for call in self._running if not call.cancelled()]
        self._preparing.clear()
        self._ready.clear()
        self._running.clear()
        for error in errors:
            if error is not None:
                raise error
        async with self._station.db.write() as session:
            await reservation.release(session, self._station.worker_id, batch_id=self._batch_id)


def _rank(attempt: Attempt) -> tuple[int, datetime, str]:
    """The order of calling, the lowest first."""
    return -attempt.priority, attempt.due_at, attempt.id
