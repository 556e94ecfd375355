"""Events and orders that arrive one by one: tags at once, and nobody is called about a silence that is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from callbot.audience.assessing import assess_customer
from callbot.audience.profile import Order
from callbot.audience.score.case import Scorer
from callbot.audience.score.scorecard import SCORECARD
from callbot.audience.tags.apply import apply_to
from callbot.audience.upgrade import no_longer_silent, upgrade
from callbot.outreach.activation import on_event
from callbot.store import batches, contacts
from callbot.store.database import Session
from callbot.store.settlement import NewTag, write_tag
from callbot.store.tables import Customer, Event, Purchase

NO_LONGER_SILENT = "no_longer_silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What became of a customer through what arrived."""

    customer_id: str
    stage: str
    reason: str
    segment: str
    tier: str
    strategy: str
    activated: bool
    """Something of it followed a contact of ours (R028)."""
    upgraded: bool
    """A large purchase was among it."""
    left_winback: bool
    """The customer was silent before and is active now."""


async def arrived(
    session: Session,
    customer_id: str,
    happened: Sequence[Event | Purchase],
    now: datetime,
    scorer: Scorer = SCORECARD,
) -> Effect | None:
    """Draw the conclusions from what was just stored for one customer, in the same transaction.

    The customer is judged anew and staff's tag rules are applied; a large purchase sets its tag; a purchase,
    or any event by which a silent customer counts as active again, takes them out of the marketing batches made
    before it, but for calls promised to them. None: no such customer. Source: R134.
    """
    await contacts.lock_customer(session, customer_id)
    customer = await session.get(Customer, customer_id, populate_existing=True)
    if customer is None:
        return None
    stage_before, tier_before = customer.stage, str(customer.assessment.get("tier", ""))
    activated = [await on_event(session, each, now) for each in happened]
    judged = await assess_customer(session, customer_id, now, scorer)
    if judged is None:
        return None
    tag = upgrade([_order(each) for each in happened if isinstance(each, Purchase)], tier_before, judged)
    if tag is not None:
        told = NewTag(name=tag.name, value=tag.value, rule=tag.rule, evidence=tag.evidence)
        await write_tag(session, customer_id, told, now)
    await apply_to(session, customer_id, now)
    left = no_longer_silent(stage_before, judged)
    if left:
        await batches.leave_winback(
            session,
            customer_id,
            bought_at=now,
            rule=NO_LONGER_SILENT,
            because=f"客户已不再沉默：{judged.silence.rule}",
        )
    return Effect(
        customer_id=customer_id,
        stage=judged.stage,
        reason=judged.reason,
        segment=judged.segment,
        tier=judged.tier,
        strategy=judged.strategy.name if judged.strategy else "",
        activated=any(activated),
        upgraded=tag is not None,
        left_winback=left,
    )


def _order(row: Purchase) -> Order:
    return Order(
        at=row.at, item=row.item, amount_fen=row.amount_fen, category=row.category, refunded=row.refunded
    )
