"""Batches and their members: who is in, who waits, and which rule keeps somebody waiting."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import Attempt, Batch, BatchMember, Customer, FollowUp

_CHUNK = 400


async def create(session: AsyncSession, batch: Batch, members: Mapping[str, bool]) -> None:
    """A batch with its members; the value says whether a member is held out."""
    session.add(batch)
    await session.flush()
    session.add_all(
        BatchMember(batch_id=batch.id, customer_id=customer_id, hold_out=hold_out)
        for customer_id, hold_out in members.items()
    )
    await session.flush()


async def get(session: AsyncSession, batch_id: str) -> Batch | None:
    return await session.get(Batch, batch_id, populate_existing=True)


async def running_lines(session: AsyncSession) -> dict[str, int]:
    """The lines of every running batch by its id, the oldest batch first."""
    rows = await session.exec(
        select(Batch.id, Batch.lines).where(col(Batch.state) == "running").order_by(col(Batch.id))
    )
    return dict(rows.all())


async def known(session: AsyncSession, customer_ids: Sequence[str]) -> dict[str, bytes]:
    """The sealed numbers of those ids that exist."""
    found: dict[str, bytes] = {}
    for start in range(0, len(customer_ids), _CHUNK):
        rows = await session.exec(
            select(Customer.id, Customer.phone_cipher).where(
                col(Customer.id).in_(customer_ids[start : start + _CHUNK])
            )
        )
        found.update(dict(rows.all()))
    return found


async def member_ids(session: AsyncSession, batch_id: str) -> Sequence[str]:
    """All members, first those who are called first."""
    rows = await session.exec(
        select(BatchMember.customer_id)
        .join(Customer, col(Customer.id) == col(BatchMember.customer_id))
        .where(col(BatchMember.batch_id) == batch_id)
        .order_by(col(Customer.low_priority), col(Customer.priority).desc(), col(Customer.id))
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


async def candidates(session: AsyncSession, batch_id: str, *, now: datetime, limit: int) -> Sequence[str]:
    """Members nobody has tried yet and whom no rule is known to block now, in the order of calling."""
    rows = await session.exec(
        select(BatchMember.customer_id)
        .join(Customer, col(Customer.id) == col(BatchMember.customer_id))
        .where(
            col(BatchMember.batch_id) == batch_id,
            or_(col(BatchMember.blocked_by) == "", col(BatchMember.blocked_until) <= now),
            ~exists().where(
                col(Attempt.batch_id) == col(BatchMember.batch_id),
                col(Attempt.customer_id) == col(BatchMember.customer_id),
            ),
        )
        .order_by(col(Customer.low_priority), col(Customer.priority).desc(), col(Customer.id))
        .limit(limit)
    )
    return rows.all()


async def block(
    session: AsyncSession,
    batch_id: str,
    customer_id: str,
    *,
    rule: str,
    until: datetime | None,
    because: str,
) -> None:
    """Write down which rule objected at the last look; an empty rule clears it."""
    await session.exec(
        update(BatchMember)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.customer_id) == customer_id)
        .values(blocked_by=rule, blocked_until=until, blocked_because=because)
        .execution_options(synchronize_session=False)
    )


async def clear_blocks(session: AsyncSession, batch_id: str) -> None:
    """Look at every member anew: a customer, a list or a policy may have changed."""
    await session.exec(
        update(BatchMember)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.blocked_by) != "")
        .values(blocked_by="", blocked_until=None, blocked_because="")
        .execution_options(synchronize_session=False)
    )


async def next_unblocked(session: AsyncSession, batch_id: str) -> tuple[datetime | None, int]:
    """When the first untried member's block ends, and how many wait like that."""
    rows = await session.exec(
        select(func.min(BatchMember.blocked_until), func.count()).where(
            col(BatchMember.batch_id) == batch_id,
            col(BatchMember.blocked_until).is_not(None),
            ~exists().where(
                col(Attempt.batch_id) == col(BatchMember.batch_id),
                col(Attempt.customer_id) == col(BatchMember.customer_id),
            ),
        )
    )
    return rows.one()


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
