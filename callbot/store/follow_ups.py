"""Follow-ups as rows that are worked on: who holds one, and the guarded steps between states."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store import promises
from callbot.store.contacts import lock_customer
from callbot.store.tables import (
    Attempt,
    Batch,
    BatchMember,
    Customer,
    Event,
    FollowUp,
    Outbox,
    Purchase,
    SequenceRun,
)

SYSTEM = "system"
MESSAGE_KEY = "follow-up:"
"""Before the id of a follow-up: the idempotency key of its message."""
UNDELIVERED = ("dead", "unwanted", "withdrawn")
"""States of a message that did not reach its customer and will not by itself."""
WAITING = ("open", "claimed", "sent")
"""States in which something is still to happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A follow-up with everything that its next step depends on, held until the transaction ends."""

    row: FollowUp
    customer: Customer
    attempt: Attempt | None
    batch: Batch | None
    run: SequenceRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A follow-up with the person it is about."""

    follow_up: FollowUp
    customer_id: str
    name: str
    phone_masked: str


async def hold(session: AsyncSession, follow_up_id: str) -> Held | None:
    """The follow-up as it stands now, with others kept off its customer; None when it does not exist."""
    customer_id = (
        await session.exec(select(FollowUp.customer_id).where(col(FollowUp.id) == follow_up_id))
    ).first()
    if customer_id is None:
        return None
    await lock_customer(session, customer_id)
    row = await session.get_one(FollowUp, follow_up_id, populate_existing=True)
    attempt = await session.get(Attempt, row.attempt_id) if row.attempt_id else None
    run = await session.get(SequenceRun, row.run_id, populate_existing=True) if row.run_id else None
    batch_id = attempt.batch_id if attempt else run.batch_id if run else None
    return Held(
        row=row,
        customer=await session.get_one(Customer, customer_id, populate_existing=True),
        attempt=attempt,
        batch=await session.get(Batch, batch_id, populate_existing=True) if batch_id else None,
        run=run,
    )


async def move(session: AsyncSession, follow_up_id: str, *, states: Collection[str], **values: Any) -> bool:
    """Change a follow-up that is in one of `states`; the row count decides."""
    changed = await session.exec(
        update(FollowUp)
        .where(col(FollowUp.id) == follow_up_id, col(FollowUp.state).in_(tuple(states)))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if (at := values.get("closed_at") or values.get("sent_at")) is not None:
        await promises.follow_through(session, at, follow_up_id=follow_up_id)
    return changed.rowcount == 1


async def add(session: AsyncSession, row: FollowUp) -> str:
    """Store a new one; its id."""
    session.add(row)
    await session.flush()
    return row.id


async def made(session: AsyncSession, run_id: str, step: int) -> bool:
    """Has this step of the run a row already?"""
    found = await session.exec(
        select(FollowUp.id).where(col(FollowUp.run_id) == run_id, col(FollowUp.step) == step)
    )
    return found.first() is not None


async def stop(
    session: AsyncSession,
    customer_id: str,
    *,
    kinds: Collection[str],
    because: str,
    rule: str,
    now: datetime,
    but_for_attempt: str | None = None,
    only_system: bool = True,
) -> int:
    """Cancel what is open or claimed of some kinds; how many. Messages that are out stay, to be judged."""
    statement = (
        update(FollowUp)
        .where(
            col(FollowUp.customer_id) == customer_id,
            col(FollowUp.kind).in_(tuple(kinds)),
            col(FollowUp.state).in_(("open", "claimed")),
        )
        .values(state="cancelled", closed_by=SYSTEM, closed_at=now, blocked_by=rule, note=because)
    )
    if only_system:
        statement = statement.where(col(FollowUp.owner) == SYSTEM)
    if but_for_attempt:
        statement = statement.where(
            or_(col(FollowUp.attempt_id).is_(None), col(FollowUp.attempt_id) != but_for_attempt)
        )
    changed = await session.exec(statement.execution_options(synchronize_session=False))
    return int(changed.rowcount)


async def with_human(session: AsyncSession, customer_id: str, kinds: Collection[str]) -> bool:
    """Does a human already hold a task about this person?"""
    found = await session.exec(
        select(FollowUp.id).where(
            col(FollowUp.customer_id) == customer_id,
            col(FollowUp.kind).in_(tuple(kinds)),
            col(FollowUp.owner) != SYSTEM,
            col(FollowUp.state).in_(("open", "claimed")),
        )
    )
    return found.first() is not None


async def refresh_next_touch(session: AsyncSession, customer_id: str, kinds: Collection[str]) -> None:
    """Write down when callbot touches this person next: open follow-ups of `kinds` and running sequences."""
    open_at = (
        await session.exec(
            select(FollowUp.due_at).where(
                col(FollowUp.customer_id) == customer_id,
                col(FollowUp.owner) == SYSTEM,
                col(FollowUp.state) == "open",
                col(FollowUp.kind).in_(tuple(kinds)),
            )
        )
    ).all()
    running = (
        await session.exec(
            select(SequenceRun.next_touch_at).where(
                col(SequenceRun.customer_id) == customer_id, col(SequenceRun.state) == "active"
            )
        )
    ).all()
    moments = [moment for moment in (*open_at, *running) if moment is not None]
    await session.exec(
        update(Customer)
        .where(col(Customer.id) == customer_id)
        .values(next_touch_at=min(moments, default=None))
        .execution_options(synchronize_session=False)
    )


async def responses(
    session: AsyncSession, customer_id: str, since: datetime
) -> tuple[tuple[str, datetime], ...]:
    """What the customer did after a moment: kind and time, oldest first; a purchase is an `order`."""
    events = await session.exec(
        select(Event.kind, Event.at).where(col(Event.customer_id) == customer_id, col(Event.at) > since)
    )
    orders = await session.exec(
        select(Purchase.at).where(col(Purchase.customer_id) == customer_id, col(Purchase.at) > since)
    )
    did = [(kind, at) for kind, at in events.all()] + [("order", at) for at in orders.all()]
    return tuple(sorted(did, key=lambda each: each[1]))


async def fate(session: AsyncSession, outbox_id: str) -> str:
    """What became of a message: the state of its outbox row, empty when there is none."""
    row = await session.get(Outbox, outbox_id, populate_existing=True)
    return row.state if row else ""


async def held_out(session: AsyncSession, customer_id: str) -> bool:
    """Is this person kept untouched in a batch that is not over, so that its effect can be measured?"""
    found = await session.exec(
        select(BatchMember.customer_id)
        .join(Batch, col(Batch.id) == col(BatchMember.batch_id))
        .where(
            col(BatchMember.customer_id) == customer_id,
            col(BatchMember.hold_out).is_(True),
            col(Batch.state).in_(("running", "paused")),
        )
    )
    return found.first() is not None


async def listing(
    session: AsyncSession,
    *,
    states: Collection[str] = WAITING,
    owner: str = "",
    overdue_at: datetime | None = None,
    limit: int = 200,
) -> list[Listed]:
    """Follow-ups in some states with their customers, the longest due first."""
    statement = (
        select(FollowUp, Customer)
        .join(Customer, col(Customer.id) == col(FollowUp.customer_id))
        .where(col(FollowUp.state).in_(tuple(states)))
        .order_by(col(FollowUp.due_at), col(FollowUp.id))
        .limit(limit)
    )
    if owner:
        statement = statement.where(or_(col(FollowUp.owner) == owner, col(FollowUp.claimed_by) == owner))
    if overdue_at is not None:
        statement = statement.where(col(FollowUp.due_at) <= overdue_at)
    return [
        Listed(follow_up=row, customer_id=customer.id, name=customer.name, phone_masked=customer.phone_masked)
        for row, customer in (await session.exec(statement)).all()
    ]


async def find(session: AsyncSession, key: str) -> str | None:
    """The id of one follow-up by its id or the end of it, when that is unambiguous."""
    found = (
        await session.exec(
            select(FollowUp.id)
            .where(or_(col(FollowUp.id) == key, col(FollowUp.id).endswith(key.upper(), autoescape=True)))
            .limit(2)
        )
    ).all()
    return found[0] if len(found) == 1 else None


async def promised_calls(session: AsyncSession, follow_up_id: str, customer_id: str) -> list[Attempt]:
    """The rows of the dial ledger that keep a promise, kept it or tried to, in the order they were queued."""
    rows = await session.exec(
        select(Attempt)
        .where(col(Attempt.customer_id) == customer_id, col(Attempt.purpose) == "requested")
        .order_by(col(Attempt.queued_at), col(Attempt.seq))
        .execution_options(populate_existing=True)
    )
    return [row for row in rows.all() if row.permit.get("requested_by") == follow_up_id]


async def touchable_again(session: AsyncSession, customer_id: str, now: datetime) -> None:
    """The pause after a refusal is over."""
    await session.exec(
        update(Customer)
        .where(col(Customer.id) == customer_id, col(Customer.no_touch_until) <= now)
        .values(no_touch_until=None)
        .execution_options(synchronize_session=False)
    )


async def finish(
    session: AsyncSession,
    customer_id: str,
    *,
    kind: str,
    attempt_id: str,
    by: str,
    note: str,
    now: datetime,
) -> None:
    """The follow-up of one kind that a call left is done."""
    await session.exec(
        update(FollowUp)
        .where(
            col(FollowUp.customer_id) == customer_id,
            col(FollowUp.attempt_id) == attempt_id,
            col(FollowUp.kind) == kind,
            col(FollowUp.state).in_(("open", "claimed")),
        )
        .values(state="done", closed_by=by, closed_at=now, note=note)
        .execution_options(synchronize_session=False)
    )


async def for_humans(session: AsyncSession, attempt_id: str, *, without: Collection[str]) -> Sequence[FollowUp]:
    """What one call left for humans to do, but for some kinds."""
    found = await session.exec(
        select(FollowUp).where(
            col(FollowUp.attempt_id) == attempt_id,
            col(FollowUp.owner) != SYSTEM,
            col(FollowUp.state) == "open",
            col(FollowUp.kind).not_in(tuple(without)),
        )
    )
    return found.all()
