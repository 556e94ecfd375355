"""An attempt that is under way, read with everything that its settlement depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store import journal, ledger
from callbot.store.contacts import lock_customer
from callbot.store.tables import Attempt, Batch, Call, Customer, FollowUp, JournalRow, OfferRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """An attempt that is under way, with what its settlement depends on."""

    attempt: Attempt
    batch: Batch
    customer: Customer
    call: Call | None
    journal: tuple[JournalRow, ...]
    earlier: tuple[Attempt, ...]
    """Finished attempts at this person in the 60 days before, oldest first, over all batches."""
    second_push: bool
    """A second push was made for this person after silence, in the 60 days before."""
    compensation: tuple[OfferRow, ...]
    """Offers in force that may be made for a complaint, best first."""


async def unsettled(session: AsyncSession, attempt_id: str, *, now: datetime, today: date) -> Unsettled | None:
    """The attempt with everything around it, held against others until the transaction ends.

    None when it is not under way: settled before, or never dialled.
    """
    attempt = (
        await session.exec(select(Attempt).where(col(Attempt.id) == attempt_id).with_for_update())
    ).first()
    if attempt is None or attempt.state not in ledger.OPEN:
        return None
    await lock_customer(session, attempt.customer_id)
    customer = await session.get_one(Customer, attempt.customer_id)
    batch = await session.get_one(Batch, attempt.batch_id)
    call = (await session.exec(select(Call).where(col(Call.attempt_id) == attempt_id))).first()
    since = now - timedelta(days=60)
    earlier = (
        await session.exec(
            select(Attempt)
            .where(
                col(Attempt.customer_id) == customer.id,
                col(Attempt.state).in_(("done", "interrupted")),
                col(Attempt.dialing_at) > since,
            )
            .order_by(col(Attempt.dialing_at), col(Attempt.seq))
        )
    ).all()
    pushes = (
        await session.exec(
            select(FollowUp).where(
                col(FollowUp.customer_id) == customer.id,
                col(FollowUp.kind) == "push_offer_3d",
                col(FollowUp.created_at) > since,
            )
        )
    ).all()
    return Unsettled(
        attempt=attempt,
        batch=batch,
        customer=customer,
        call=call,
        journal=tuple(await journal.lines(session, attempt_id)),
        earlier=tuple(earlier),
        second_push=any(push.detail.get("second_push") for push in pushes),
        compensation=tuple(await _compensation(session, customer.industry, today)),
    )


async def _compensation(session: AsyncSession, industry: str, today: date) -> Sequence[OfferRow]:
    found = await session.exec(
        select(OfferRow)
        .where(
            col(OfferRow.compensation).is_(True),
            col(OfferRow.industry) == industry,
            col(OfferRow.withdrawn_at).is_(None),
            col(OfferRow.valid_from).is_(None) | (col(OfferRow.valid_from) <= today),
            col(OfferRow.valid_until).is_(None) | (col(OfferRow.valid_until) >= today),
            col(OfferRow.stock).is_(None) | (col(OfferRow.stock) > 0),
        )
        .order_by(col(OfferRow.priority).desc(), col(OfferRow.version).desc())
    )
    return found.all()
