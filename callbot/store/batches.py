"""Batches: their states, what is left of them, and what they owe."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store import members
from callbot.store.tables import Attempt, Batch, BatchMember, FollowUp


async def discard(session: AsyncSession, batch_id: str) -> None:
    """Remove a batch that could not be made to its end; nobody was dialled for it."""
    await session.exec(delete(BatchMember).where(col(BatchMember.batch_id) == batch_id))
    await session.exec(delete(Batch).where(col(Batch.id) == batch_id))


async def get(session: AsyncSession, batch_id: str) -> Batch | None:
    return await session.get(Batch, batch_id, populate_existing=True)


async def running_lines(session: AsyncSession) -> dict[str, int]:
    """The lines of every running batch by its id, in the order in which batches are served."""
    return {batch.id: batch.lines for batch in await running(session)}


async def move(
    session: AsyncSession,
    batch_id: str,
    *,
    states: Collection[str],
    to: str,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Change the state if it is one of `states`; the row count decides."""
    result = await session.exec(
        update(Batch)
        .where(col(Batch.id) == batch_id, col(Batch.state).in_(tuple(states)))
        .values(state=to, **(values or {}))
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def next_unblocked(session: AsyncSession, batch_id: str) -> tuple[datetime | None, int]:
    """When the first untried member's block ends, and how many wait like that."""
    rows = await session.exec(
        select(func.min(BatchMember.blocked_until), func.count()).where(
            col(BatchMember.batch_id) == batch_id, col(BatchMember.state) == "waiting"
        )
    )
    return rows.one()


async def something_left(session: AsyncSession, batch_id: str) -> bool:
    """Somebody is still to be looked at, waits, is queued, or is being called."""
    waiting = await session.exec(
        select(BatchMember.customer_id)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.state).in_(("ready", "waiting")))
        .limit(1)
    )
    return waiting.first() is not None or await something_queued(session, batch_id)


async def something_queued(session: AsyncSession, batch_id: str) -> bool:
    """The ledger holds attempts of the batch that have not ended."""
    rows = await session.exec(
        select(Attempt.id)
        .where(
            col(Attempt.batch_id) == batch_id,
            col(Attempt.state).in_(("queued", "dialing", "in_call")),
        )
        .limit(1)
    )
    return rows.first() is not None


async def note(session: AsyncSession, batch_id: str, *, what: str, at: datetime) -> None:
    """Add a line to the history of a batch."""
    batch = await session.get(Batch, batch_id, populate_existing=True, with_for_update=True)
    if batch is not None:
        batch.history = [*batch.history, {"at": at.isoformat(), "what": what}]
        session.add(batch)
        await session.flush()


async def running(session: AsyncSession) -> Sequence[Batch]:
    """Running batches in the order in which they are served: by priority, then the older one."""
    rows = await session.exec(
        select(Batch)
        .where(col(Batch.state) == "running")
        .order_by(col(Batch.priority).desc(), col(Batch.created_at), col(Batch.id))
    )
    return rows.all()


async def close_queued(session: AsyncSession, batch_id: str) -> int:
    """Take the queued rows of a batch out of the ledger, but for promised calls; how many were taken.

    The retries that they would have been are cancelled too.
    """
    await session.exec(
        update(FollowUp)
        .where(
            col(FollowUp.kind) == "retry_later",
            col(FollowUp.state) == "open",
            exists().where(col(Attempt.id) == col(FollowUp.attempt_id), col(Attempt.batch_id) == batch_id),
        )
        .values(state="cancelled")
        .execution_options(synchronize_session=False)
    )
    result = await session.exec(
        delete(Attempt)
        .where(
            col(Attempt.batch_id) == batch_id,
            col(Attempt.state) == "queued",
            col(Attempt.purpose) != "requested",
        )
        .execution_options(synchronize_session=False)
    )
    return result.rowcount


async def rehome_promises(session: AsyncSession, batch_id: str, home: Batch) -> int:
    """Give the promised calls that a batch still owes to another batch, with their members; how many."""
    owed = (
        await session.exec(
            select(Attempt.customer_id)
            .where(col(Attempt.batch_id) == batch_id, col(Attempt.state) == "queued")
            .distinct()
        )
    ).all()
    if not owed:
        return 0
    session.add(home)
    await session.flush()
    await members.add_members(
        session,
        home.id,
        [members.NewMember(customer_id=customer_id, hold_out=False, rank=0) for customer_id in owed],
    )
    await members.tried(session, home.id, owed)
    await session.exec(
        update(Attempt)
        .where(col(Attempt.batch_id) == batch_id, col(Attempt.state) == "queued")
        .values(batch_id=home.id, worker_id=None)
        .execution_options(synchronize_session=False)
    )
    return len(owed)


async def release_request(session: AsyncSession, follow_up_id: str, *, owner: str | None, because: str) -> None:
    """A promised call that callbot may not make: a human's task, or cancelled when there is no owner."""
    row = await session.get(FollowUp, follow_up_id, populate_existing=True)
    if row is None or row.state != "open":
        return
    row.detail = {**row.detail, "because": because}
    if owner is None:
        row.state = "cancelled"
    else:
        row.owner = owner
    session.add(row)
    await session.flush()


async def leave_winback(
    session: AsyncSession, customer_id: str, *, bought_at: datetime, rule: str, because: str
) -> int:
    """Take somebody who has just bought out of the marketing batches that were made before; from how many.

    Queued calls go, those that they were promised stay.
    """
    ids = (
        await session.exec(
            select(BatchMember.batch_id)
            .join(Batch, col(Batch.id) == col(BatchMember.batch_id))
            .where(
                col(BatchMember.customer_id) == customer_id,
                col(Batch.purpose) == "marketing",
                col(Batch.state).in_(("draft", "running", "paused")),
                col(Batch.created_at) <= bought_at,
            )
        )
    ).all()
    for batch_id in ids:
        await session.exec(
            delete(Attempt)
            .where(
                col(Attempt.batch_id) == batch_id,
                col(Attempt.customer_id) == customer_id,
                col(Attempt.state) == "queued",
                col(Attempt.purpose) != "requested",
            )
            .execution_options(synchronize_session=False)
        )
        await members.leave(session, batch_id, customer_id, rule=rule, because=because)
    return len(ids)
