"""Members of batches: who is to be looked at, who waits until when, and which rule keeps somebody waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, exists, func, insert
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import Attempt, BatchMember, Customer, metadata

_member = metadata.tables["batch_member"]
_CHUNK = 400
_FREE: Final[Mapping[str, Any]] = {
    "blocked_by": "",
    "blocked_until": None,
    "blocked_because": "",
    "blocked_policy": "",
}
"""No rule is known to object."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Somebody nobody has tried yet, and the rule that objects."""

    customer_id: str
    rule: str
    until: datetime | None
    because: str
    policy: str
    """Version of the policy that was asked."""
    rank: int
    """Their place in the queue as of today."""


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
                    **_FREE,
                }
                for member in members
            ],
        )


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


async def next_wake(session: AsyncSession, batch_id: str) -> datetime | None:
    """When the next block of an untried member ends."""
    rows = await session.exec(
        select(BatchMember.blocked_until)
        .where(
            col(BatchMember.batch_id) == batch_id,
            col(BatchMember.state) == "waiting",
            col(BatchMember.blocked_until).is_not(None),
        )
        .order_by(col(BatchMember.blocked_until))
        .limit(1)
    )
    return rows.first()


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
        .values(state="tried", **_FREE)
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
    policy: str,
    in_ledger: bool = False,
) -> None:
    """Write down which rule of which policy objected at the last look.

    `in_ledger`: the member's row waits in the ledger.
    """
    state = "tried" if in_ledger else "never" if until is None else "waiting"
    await session.exec(
        update(BatchMember)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.customer_id) == customer_id)
        .values(
            state=state, blocked_by=rule, blocked_until=until, blocked_because=because, blocked_policy=policy
        )
        .execution_options(synchronize_session=False)
    )


async def block_untried(session: AsyncSession, batch_id: str, rows: Sequence[Blocked]) -> None:
    """Write down which rule objected at the last look at these people."""
    if rows:
        connection = await session.connection()
        await connection.execute(
            update(_member).where(
                _member.c.batch_id == bindparam("_batch"), _member.c.customer_id == bindparam("_customer")
            ),
            [
                {
                    "_batch": batch_id,
                    "_customer": row.customer_id,
                    "state": "never" if row.until is None else "waiting",
                    "blocked_by": row.rule,
                    "blocked_until": row.until,
                    "blocked_because": row.because,
                    "blocked_policy": row.policy,
                    "rank": row.rank,
                }
                for row in rows
            ],
        )


async def leave(session: AsyncSession, batch_id: str, customer_id: str, *, rule: str, because: str) -> None:
    """Take a member out of the batch for good: nobody looks at them again."""
    await session.exec(
        update(BatchMember)
        .where(col(BatchMember.batch_id) == batch_id, col(BatchMember.customer_id) == customer_id)
        .values(state="left", **{**_FREE, "blocked_by": rule, "blocked_because": because})
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
        .values(state="ready", **_FREE)
        .execution_options(synchronize_session=False)
    )


async def states(session: AsyncSession, batch_id: str) -> dict[str, int]:
    """How many members are in each state."""
    rows = await session.exec(
        select(BatchMember.state, func.count())
        .where(col(BatchMember.batch_id) == batch_id)
        .group_by(col(BatchMember.state))
    )
    return dict(rows.all())
