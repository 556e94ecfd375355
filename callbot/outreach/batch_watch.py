"""The circuit breaker at work: looks at the last calls of a running batch and pauses it."""

from __future__ import annotations

from datetime import datetime

from callbot.outreach.alarms import SUPERVISOR
from callbot.outreach.breaker import EARLY_MS, Breaker, Fault, Record, Trip, trip
from callbot.outreach.policy import policy_for
from callbot.store import batches, cases, outbox, pace
from callbot.store.database import Database, Session
from callbot.store.tables import Batch

BATCH_TRIPPED = "batch_tripped"
"""Kind of the alarm."""


async def watch(db: Database, batch_id: str, now: datetime) -> Trip | None:
    """Pause the batch when its own calls, or those of all batches on a trunk that it uses, went wrong.

    A batch paused like this stays so until a person resumes it with a reason. An alarm tells the supervisor, an
    outbox message `batch.paused` the outside.
    """
    async with db.read() as session:
        batch = await batches.get(session, batch_id)
        if batch is None or batch.state != "running":
            return None
        opened = await _judge(session, batch, now)
    if opened is None:
        return None
    async with db.write() as session:
        values = {"paused_because": opened.because}
        if not await batches.move(session, batch_id, states=("running",), to="paused", values=values):
            return None
        await batches.note(session, batch_id, what=f"熔断暂停：{opened.because}", at=now)
        await cases.raise_alarm(
            session,
            kind=BATCH_TRIPPED,
            about=batch_id,
            customer_id=None,
            owner=SUPERVISOR,
            due_at=now,
            now=now,
            note=opened.because,
        )
        await outbox.enqueue(
            session,
            key=f"{batch_id}:paused:{now.isoformat()}",
            kind=outbox.Kind.BATCH_PAUSED,
            payload={
                "batch_id": batch_id,
                "name": batch.name,
                "fault": opened.fault.value,
                "because": opened.because,
                "at": now.isoformat(),
            },
            now=now,
        )
    return opened


async def record(
    session: Session, breaker: Breaker, now: datetime, *, watched_from: datetime | None, **of: str
) -> Record:
    """What ended in the window of the breaker, for `batch_id=` or `trunk=`."""
    since = now - breaker.window
    found = await pace.ended_lately(session, since=max(since, watched_from or since), early_ms=EARLY_MS, **of)
    return Record(
        attempts=found.attempts,
        failures=found.failures,
        answered=found.answered,
        hang_ups=found.hang_ups,
        complaints=found.complaints,
    )


async def _judge(session: Session, batch: Batch, now: datetime) -> Trip | None:
    breaker = policy_for("", batch.policy, where=f"batch {batch.id}: policy").breaker
    own = trip(await record(session, breaker, now, watched_from=batch.watched_from, batch_id=batch.id), breaker)
    if own is not None:
        return own
    for name in await pace.trunks_of(session, batch.id, since=now - breaker.window):
        watched_from = await pace.trunk_watched_from(session, name)
        of_trunk = trip(await record(session, breaker, now, watched_from=watched_from, trunk=name), breaker)
        if of_trunk is not None and of_trunk.fault is Fault.CARRIER:
            return Trip(fault=Fault.CARRIER, because=f"线路 {name}：{of_trunk.because}")
    return None
