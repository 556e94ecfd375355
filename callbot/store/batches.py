"""Batches and their members: who is in, who waits, and which rule keeps somebody waiting."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import Attempt, Batch, BatchMember, Customer, FollowUp

_CHUNK = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a batch needs to know of somebody before they become a member."""

    phone_cipher: bytes
    industry: str
    timezone: str | None
    priority: int
    low_priority: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A member to be."""

    customer_id: str
    hold_out: bool
    rank: int
    """The lowest is called first."""


async def add_members(session: AsyncSession, batch_id: str, members: Sequence[NewMember]) -> None:
    """Insert members of a batch that exists."""
    if members:
        await session.exec(
            insert(BatchMember),
            params=[
                {
                    "batch_id": batch_id,
                    "customer_id": member.customer_id,
                    "hold_out": member.hold_out,
                    "rank": member.rank,
                    "state": "ready",
                    "blocked_by": "",
                    "blocked_until": None,
                    "blocked_because": "",
                }
                for member in members
            ],
        )


async def discard(session: AsyncSession, batch_id: str) -> None:
    """Remove a batch that could not be made to its end; nobody was dialled for it."""
    await session.exec(delete(BatchMember).where(col(BatchMember.batch_id) == batch_id))
    await session.exec(delete(Batch).where(col(Batch.id) == batch_id))


async def get(session: AsyncSession, batch_id: str) -> Batch | None:
    return await session.get(Batch, batch_id, populate_existing=True)


async def running_lines(session: AsyncSession) -> dict[str, int]:
    """The lines of every running batch by its id, the oldest batch first."""
    rows = await session.exec(
        select(Batch.id, Batch.lines).where(col(Batch.state) == "running").order_by(col(Batch.id))
    )
    return dict(rows.all())


async def known(session: AsyncSession, customer_ids: Sequence[str]) -> dict[str, Candidate]:
    """Those ids that exist."""
    found: dict[str, Candidate] = {}
    for start in range(0, len(customer_ids), _CHUNK):
        statement: Any = select(  # type: ignore[call-overload]
            Customer.id,
            Customer.phone_cipher,
            Customer.industry,
            Customer.timezone,
            Customer.priority,
            Customer.low_priority,
        ).where(col(Customer.id).in_(customer_ids[start : start + _CHUNK]))
        rows = await session.exec(statement)
        for key, cipher, industry, zone, priority, low_priority in rows.all():
            found[key] = Candidate(
                phone_cipher=cipher,
                industry=industry,
                timezone=zone,
                priority=priority,
                low_priority=low_priority,
            )
    return found


async def member_page(
    session: AsyncSession, batch_id: str, *, after: str, limit: int
) -> Sequence[tuple[str, int]]:
    """Members whose id comes after `after`, in the order of their ids, with their rank."""
    rows = await session.exec(
        select(BatchMember.customer_id, BatchMember.rank)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.customer_id) > after)
        .order_by(col(BatchMember.customer_id))
        .limit(limit)
    )
    return rows.all()


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


async def wake(session: AsyncSession, batch_id: str, *, now: datetime, limit: int) -> int:
    """Members whose block has ended become ready again, at most `limit` of them; how many did."""
    ended = (
        await session.exec(
            select(BatchMember.customer_id)
            .where(
                col(BatchMember.batch_id) == batch_id,
                col(BatchMember.state) == "waiting",
                col(BatchMember.blocked_until) <= now,
            )
            .order_by(col(BatchMember.blocked_until))
            .limit(limit)
        )
    ).all()
    if ended:
        await session.exec(
            update(BatchMember)
            .where(
                col(BatchMember.batch_id) == batch_id,
                col(BatchMember.customer_id).in_(ended),
                col(BatchMember.state) == "waiting",
            )
            .values(state="ready")
            .execution_options(synchronize_session=False)
        )
    return len(ended)


async def candidates(session: AsyncSession, batch_id: str, *, limit: int) -> Sequence[str]:
    """Members nobody has tried yet and whom no rule is known to block now, in the order of calling.

    Reads the first `limit` entries of one index, whatever the size of the batch.
    """
    rows = await session.exec(
        select(BatchMember.customer_id)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.state) == "ready")
        .order_by(col(BatchMember.rank), col(BatchMember.customer_id))
        .limit(limit)
    )
    return rows.all()


async def tried(session: AsyncSession, batch_id: str, customer_ids: Sequence[str]) -> None:
    """These members are in the ledger now."""
    await session.exec(
        update(BatchMember)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.customer_id).in_(customer_ids))
        .values(state="tried", blocked_by="", blocked_until=None, blocked_because="")
        .execution_options(synchronize_session=False)
    )


async def block(
    session: AsyncSession,
    batch_id: str,
    customer_id: str,
    *,
    rule: str,
    until: datetime | None,
    because: str,
    in_ledger: bool = False,
    rank: int | None = None,
) -> None:
    """Write down which rule objected at the last look.

    `in_ledger`: the member's row waits in the ledger and not here. `rank`: the place in the queue as of today.
    """
    state = "tried" if in_ledger else "never" if until is None else "waiting"
    await session.exec(
        update(BatchMember)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.customer_id) == customer_id)
        .values(
            state=state,
            blocked_by=rule,
            blocked_until=until,
            blocked_because=because,
            **({} if rank is None else {"rank": rank}),
        )
        .execution_options(synchronize_session=False)
    )


async def clear_blocks(session: AsyncSession, batch_id: str) -> None:
    """Look at every untried member anew: a customer, a list or a policy may have changed."""
    await session.exec(
        update(BatchMember)
        .where(
            col(BatchMember.batch_id) == batch_id,
            col(BatchMember.state).in_(("waiting", "never")),
            ~exists().where(
                col(Attempt.batch_id) == batch_id,
                col(Attempt.customer_id) == col(BatchMember.customer_id),
            ),
        )
        .values(state="ready", blocked_by="", blocked_until=None, blocked_because="")
        .execution_options(synchronize_session=False)
    )


async def next_unblocked(session: AsyncSession, batch_id: str) -> tuple[datetime | None, int]:
    """When the first untried member's block ends, and how many wait like that."""
    rows = await session.exec(
        select(func.min(BatchMember.blocked_until), func.count()).where(
            col(BatchMember.batch_id) == batch_id, col(BatchMember.state) == "waiting"
        )
    )
    return rows.one()


async def states(session: AsyncSession, batch_id: str) -> dict[str, int]:
    """How many members are ready, waiting, never or tried."""
    rows = await session.exec(
        select(BatchMember.state, func.count())
        .where(col(BatchMember.batch_id) == batch_id)
        .group_by(col(BatchMember.state))
    )
    return dict(rows.all())


async def something_left(session: AsyncSession, batch_id: str) -> bool:
    """Somebody is still to be looked at, waits, is queued, or is being called."""
    members = await session.exec(
        select(BatchMember.customer_id)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.state).in_(("ready", "waiting")))
        .limit(1)
    )
    return members.first() is not None or await something_queued(session, batch_id)


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
    await add_members(
        session,
        home.id,
        [NewMember(customer_id=customer_id, hold_out=False, rank=0) for customer_id in owed],
    )
    await tried(session, home.id, owed)
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
        await block(session, batch_id, customer_id, rule=rule, until=None, because=because)
    return len(ids)
