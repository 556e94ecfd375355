"""The dial ledger: one row for each attempt, moved by guarded single-row updates.

queued → dialing, committed before the carrier is asked → in_call → done; or interrupted. The row count of an
update decides who won; nobody dials a row that is past `queued`. The same statements run on both databases.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, bindparam, exists, func, insert
from sqlalchemy import update as update_rows
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_id, new_ids
from callbot.store.tables import Attempt, Call, Worker, metadata

OPEN = ("dialing", "in_call")
"""States in which a telephone may be ringing or somebody may be talking."""
_attempt = metadata.tables["attempt"]


def _claim() -> Update:
    """Sets the columns it is given; built once, because every call pays for it."""
    batch, worker, other = metadata.tables["batch"], metadata.tables["worker"], _attempt.alias("other")
    return update_rows(_attempt).where(
        _attempt.c.id == bindparam("_id"),
        _attempt.c.state == "queued",
        exists().where(batch.c.id == _attempt.c.batch_id, batch.c.state == "running"),
        ~exists().where(other.c.customer_id == _attempt.c.customer_id, other.c.state.in_(OPEN)),
        ~exists().where(worker.c.id == bindparam("_worker"), worker.c.state == "dead"),
    )


_CLAIM = _claim()


async def enqueue(
    session: AsyncSession,
    *,
    batch_id: str,
    customer_id: str,
    purpose: str,
    priority: int,
    due_at: datetime,
    now: datetime,
    requested_by: str = "",
) -> str | None:
    """Queue the next attempt at this customer; its id, or None when one of this batch is not finished yet.

    The caller holds the customer (`contacts.lock_customer`), so that two planners make one row.
    """
    latest = (
        await session.exec(
            select(Attempt.seq, Attempt.state)
            .where(col(Attempt.batch_id) == batch_id, col(Attempt.customer_id) == customer_id)
            .order_by(col(Attempt.seq).desc())
            .limit(1)
        )
    ).first()
    if latest and latest[1] not in ("done", "interrupted"):
        return None
    row = Attempt(
        id=new_id(),
        batch_id=batch_id,
        customer_id=customer_id,
        seq=latest[0] + 1 if latest else 1,
        purpose=purpose,
        priority=priority,
        due_at=due_at,
        queued_at=now,
        permit={"requested_by": requested_by} if requested_by else {},
    )
    session.add(row)
    await session.flush()
    return row.id


async def enqueue_first(
    session: AsyncSession,
    *,
    batch_id: str,
    purpose: str,
    priorities: Mapping[str, int],
    now: datetime,
) -> None:
    """Queue the first attempt at each of these people, due now, with their priority.

    The caller holds them all (`contacts.lock_customers`) and knows that this batch has no attempt at them.
    """
    if priorities:
        await session.execute(
            insert(_attempt),
            [
                {
                    "id": row_id,
                    "batch_id": batch_id,
                    "customer_id": customer_id,
                    "seq": 1,
                    "purpose": purpose,
                    "priority": priority,
                    "due_at": now,
                    "queued_at": now,
                    "permit": {},
                    "opener": {},
                }
                for row_id, (customer_id, priority) in zip(
                    new_ids(len(priorities)), priorities.items(), strict=True
                )
            ],
        )


async def claim(
    session: AsyncSession,
    attempt_id: str,
    *,
    worker_id: str,
    token: str,
    permit: Mapping[str, Any],
    opener: Mapping[str, Any],
    now: datetime,
    trunk: str = "",
) -> bool:
    """queued → dialing for this worker. True for exactly one caller; only that one may dial, after the commit.

    Refused as well while the batch does not run, while another attempt at the same person is under way, and
    for a worker that was declared dead.
    """
    result: Any = await session.execute(
        _CLAIM,
        {
            "_id": attempt_id,
            "_worker": worker_id,
            "state": "dialing",
            "worker_id": worker_id,
            "dial_token": token,
            "dialing_at": now,
            "trunk": trunk,
            "permit": dict(permit),
            "opener": dict(opener),
        },
    )
    return bool(result.rowcount == 1)


async def holds(session: AsyncSession, token: str, worker_id: str) -> bool:
    """The claim with this token stands, and its worker was not declared dead."""
    found = await session.exec(
        select(Attempt.id).where(
            col(Attempt.dial_token) == token,
            col(Attempt.state) == "dialing",
            col(Attempt.worker_id) == worker_id,
            ~exists().where(col(Worker.id) == worker_id, col(Worker.state) == "dead"),
        )
    )
    return found.first() is not None


async def placed(session: AsyncSession, attempt_id: str, token: str, sid: str) -> None:
    """Remember the carrier's id of the call."""
    await session.exec(
        update(Attempt)
        .where(col(Attempt.id) == attempt_id, col(Attempt.dial_token) == token)
        .values(carrier_sid=sid)
        .execution_options(synchronize_session=False)
    )


async def answered(session: AsyncSession, attempt_id: str, *, token: str, call: Call, now: datetime) -> bool:
    """dialing → in_call, with the row of the call. False when the attempt is no longer this dial's."""
    result = await session.exec(
        update(Attempt)
        .where(col(Attempt.id) == attempt_id, col(Attempt.dial_token) == token, col(Attempt.state) == "dialing")
        .values(state="in_call", answered_at=now)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:
        return False
    session.add(call)
    await session.flush()
    return True


async def event_log(session: AsyncSession, attempt_id: str) -> str:
    """Path of the event log of this attempt's call, below the data directory; empty when there was none."""
    found = await session.exec(select(Call.event_log).where(col(Call.attempt_id) == attempt_id))
    return found.first() or ""


async def picked_up(session: AsyncSession, attempt_id: str, now: datetime) -> None:
    """Somebody answered although we held no conversation: it counts against the caps all the same."""
    await session.exec(
        update(Attempt)
        .where(col(Attempt.id) == attempt_id, col(Attempt.state).in_(OPEN), col(Attempt.answered_at).is_(None))
        .values(answered_at=now)
        .execution_options(synchronize_session=False)
    )


async def postpone(session: AsyncSession, attempt_id: str, *, until: datetime, because: str) -> bool:
    """Leave a queued row for later, and to whoever looks first then."""
    result = await session.exec(
        update(Attempt)
        .where(col(Attempt.id) == attempt_id, col(Attempt.state) == "queued")
        .values(due_at=until, error=because, worker_id=None)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def withdraw(session: AsyncSession, attempt_id: str) -> bool:
    """Take a queued row out of the ledger: nobody was called and nobody may be."""
    result = await session.exec(
        delete(Attempt)
        .where(col(Attempt.id) == attempt_id, col(Attempt.state) == "queued")
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def open_attempts(session: AsyncSession, *, living: Collection[str]) -> Sequence[Attempt]:
    """Rows in dialing or in_call whose worker is not among the living."""
    found = await session.exec(
        select(Attempt)
        .where(
            col(Attempt.state).in_(OPEN),
            col(Attempt.worker_id).is_(None) | col(Attempt.worker_id).not_in(tuple(living)),
        )
        .order_by(col(Attempt.dialing_at), col(Attempt.id))
    )
    return found.all()


async def under_way(session: AsyncSession, batch_id: str) -> int:
    """Attempts of the batch at which a telephone may be ringing, at any worker."""
    rows = await session.exec(
        select(func.count()).where(col(Attempt.batch_id) == batch_id, col(Attempt.state).in_(OPEN))
    )
    return rows.one()


async def counts(session: AsyncSession, batch_id: str) -> dict[str, int]:
    """How many attempts of the batch are in each state."""
    rows = await session.exec(
        select(Attempt.state, func.count()).where(col(Attempt.batch_id) == batch_id).group_by(Attempt.state)
    )
    return dict(rows.all())


async def due_count(session: AsyncSession, batch_id: str, now: datetime, *, at_most: int) -> int:
    """Queued rows that are due, counted up to `at_most`."""
    due = (
        select(col(Attempt.id))
        .where(col(Attempt.batch_id) == batch_id, col(Attempt.state) == "queued", col(Attempt.due_at) <= now)
        .limit(at_most)
        .subquery()
    )
    rows = await session.exec(select(func.count()).select_from(due))
    return rows.one()


async def latest(
    session: AsyncSession, batch_id: str, customer_ids: Sequence[str]
) -> dict[str, tuple[int, str]]:
    """Sequence number and state of the last attempt of this batch at each of these people who had one."""
    rows = await session.exec(
        select(Attempt.customer_id, Attempt.seq, Attempt.state)
        .where(col(Attempt.batch_id) == batch_id, col(Attempt.customer_id).in_(customer_ids))
        .order_by(col(Attempt.seq))
    )
    return {customer_id: (seq, state) for customer_id, seq, state in rows.all()}


async def next_due(session: AsyncSession, batch_id: str) -> datetime | None:
    """When the first queued row of the batch is due."""
    rows = await session.exec(
        select(Attempt.due_at)
        .where(col(Attempt.batch_id) == batch_id, col(Attempt.state) == "queued")
        .order_by(col(Attempt.due_at))
        .limit(1)
    )
    return rows.first()
