"""Customers who came back after a contact, counted once for each contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_id
from callbot.store.tables import Activation, Attempt, Customer, FollowUp, SequenceRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The latest contact that reached a person: an answered call or a message that went out."""

    id: str
    """Of the attempt or the follow-up."""
    at: datetime
    batch_id: str | None


async def latest_contact(
    session: AsyncSession, customer_id: str, *, after: datetime, before: datetime
) -> Reached | None:
    """The last contact in a stretch of time; an unanswered call is none."""
    call = (
        await session.exec(
            select(Attempt.id, Attempt.answered_at, Attempt.batch_id)
            .where(
                col(Attempt.customer_id) == customer_id,
                col(Attempt.answered_at) >= after,
                col(Attempt.answered_at) < before,
            )
            .order_by(col(Attempt.answered_at).desc())
            .limit(1)
        )
    ).first()
    message = (
        await session.exec(
            select(FollowUp)
            .where(
                col(FollowUp.customer_id) == customer_id,
                col(FollowUp.sent_at) >= after,
                col(FollowUp.sent_at) < before,
            )
            .order_by(col(FollowUp.sent_at).desc())
            .limit(1)
        )
    ).first()
    found: list[Reached] = []
    if call is not None and call[1] is not None:
        found.append(Reached(id=call[0], at=call[1], batch_id=call[2]))
    if message is not None and message.sent_at is not None:
        found.append(Reached(id=message.id, at=message.sent_at, batch_id=await _batch(session, message)))
    return max(found, key=lambda contact: contact.at, default=None)


async def _batch(session: AsyncSession, message: FollowUp) -> str | None:
    if message.attempt_id and (attempt := await session.get(Attempt, message.attempt_id)):
        return attempt.batch_id
    if message.run_id and (run := await session.get(SequenceRun, message.run_id)):
        return run.batch_id
    return None


async def record(
    session: AsyncSession, contact: Reached, *, customer_id: str, kind: str, event_id: str, at: datetime
) -> bool:
    """Count it; False when this contact was answered by something before. The caller holds the customer."""
    known = await session.exec(select(Activation.id).where(col(Activation.contact_id) == contact.id))
    if known.first() is not None:
        return False
    session.add(
        Activation(
            id=new_id(),
            customer_id=customer_id,
            batch_id=contact.batch_id,
            contact_id=contact.id,
            contact_at=contact.at,
            kind=kind,
            event_id=event_id,
            at=at,
        )
    )
    await session.flush()
    return True


async def activated(session: AsyncSession, batch_id: str) -> int:
    """How many people of a batch came back after one of its contacts."""
    rows = await session.exec(
        select(func.count(func.distinct(col(Activation.customer_id)))).where(
            col(Activation.batch_id) == batch_id
        )
    )
    return rows.one()


async def no_longer_low_priority(session: AsyncSession, customer_id: str) -> None:
    """Somebody who buys again is no longer called after everybody else."""
    await session.exec(
        update(Customer)
        .where(col(Customer.id) == customer_id, col(Customer.low_priority).is_(True))
        .values(low_priority=False)
        .execution_options(synchronize_session=False)
    )
