"""Ends what a lost worker left open. Nothing here dials: a row past `queued` is reconciled or interrupted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from callbot.clock import Clock, SystemClock
from callbot.conversation.labels import Outcome
from callbot.outreach.case import Ended
from callbot.outreach.dial import find, hang_up
from callbot.outreach.outcomes import LINE_OUTCOMES
from callbot.outreach.settle import Settler
from callbot.outreach.worker import DEAD_AFTER_S
from callbot.store import ledger, workers
from callbot.store.database import Database
from callbot.store.settlement import Settlement
from callbot.store.tables import Attempt
from callbot.telephony.control import CallControl, CallProgress, CallState, LineCause


class Recovery:
    """Run at every start and from time to time while dialling."""

    def __init__(
        self,
        db: Database,
        control: CallControl,
        clock: Clock,
        *,
        own: str = "",
        dead_after_s: float = DEAD_AFTER_S,
        heartbeats: Clock | None = None,
        data: Path | None = None,
    ) -> None:
        """`own` is the worker that asks: its calls are under way, whatever its heartbeat says. `heartbeats`
        is the clock of the workers' heartbeats, the real one; `data` the data directory, for the event logs."""
        self._db = db
        self._control = control
        self._clock = clock
        self._own = own
        self._dead_after = timedelta(seconds=dead_after_s)
        self._heartbeats = heartbeats or SystemClock()
        self._settler = Settler(db, clock, data=data)

    async def recover(self) -> tuple[Settlement, ...]:
        """Settle every open row whose worker is not alive, with what the journal holds; safe to run twice."""
        silent_since = self._heartbeats.now() - self._dead_after
        async with self._db.write() as session:
            await workers.reap(session, silent_since=silent_since)
        async with self._db.read() as session:
            living = await workers.living(session) | {self._own}
            rows = await ledger.open_attempts(session, living=living)
        settled = []
        for row in rows:
            if written := await self._settler.settle(await self._ended(row)):
                settled.append(written)
        return tuple(settled)

    async def _ended(self, row: Attempt) -> Ended:
        seen = await find(self._control, row.dial_token) if row.dial_token else None
        # A carrier that cannot search by token knows the call by its own id, if that was still written down.
        sid = seen.sid if seen is not None else row.carrier_sid
        if sid and (seen is None or seen.state is not CallState.ENDED):
            await hang_up(self._control, sid)
        if row.state == "dialing" and seen is not None:
            if _answered(seen):
                async with self._db.write() as session:
                    await ledger.picked_up(session, row.id, self._clock.now())
            elif seen.state is CallState.ENDED and seen.cause not in (None, LineCause.CANCELLED):
                return Ended(attempt_id=row.id, outcome=LINE_OUTCOMES[seen.cause], cause=seen.cause.value)
        return Ended(attempt_id=row.id, outcome=Outcome.INTERRUPTED, cause="worker-lost", interrupted=True)


def _answered(seen: CallProgress) -> bool:
    return seen.state is CallState.ANSWERED or seen.cause is LineCause.NORMAL
