"""What a message needs: the person and the offers read freshly, and the facts that the permit asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from callbot.audience.assess import assess
from callbot.audience.eligibility import eligible
from callbot.audience.profile import profile_of
from callbot.conversation.message import Text, Topic, scripted_message
from callbot.conversation.plan import SHANGHAI
from callbot.errors import BadInput
from callbot.outreach.calendar import zone_of
from callbot.outreach.channel import Message
from callbot.outreach.contact import Contact
from callbot.outreach.contacts import as_contact
from callbot.outreach.known import as_offer, person_of
from callbot.outreach.policy import Channel, Policy, Purpose, policy_for
from callbot.store import contacts, customers, follow_ups
from callbot.store.database import Session
from callbot.store.offers import valid_offers
from callbot.store.tables import Batch, Customer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One contact that a follow-up wants to make, and the policy to measure it against."""

    contact: Contact
    policy: Policy


async def asking(
    session: Session,
    customer: Customer,
    batch: Batch | None,
    *,
    purpose: Purpose,
    channel: Channel,
    now: datetime,
) -> Asking:
    """The facts of a contact, read inside the transaction that will make it.

    Without a batch, as after an event, nobody is contacted whom a batch under way holds out. Raises `BadInput`
    for a policy of the batch that cannot be used.
    """
    found = await contacts.facts(session, batch.id if batch else "", [customer.id], now)
    contact = as_contact(found[customer.id], purpose, channel=channel)
    if batch is None:
        held_out = await follow_ups.held_out(session, customer.id)
        contact = replace(contact, batch_state="running", hold_out=held_out)
    policy = policy_for(customer.industry, batch.policy if batch else None, where="batch.policy")
    return Asking(contact=contact, policy=policy)


async def compose(
    session: Session,
    customer: Customer,
    batch: Batch | None,
    topic: Topic,
    *,
    talked_of: list[str],
    channel: Channel,
    now: datetime,
) -> Text:
    """The text for one person, from what is known of them and what the offer sheet holds at this moment.

    A batch that was made for certain offers names no others.
    """
    history = await customers.load_history(session, customer.id)
    if history is None:
        raise BadInput.one(f"客户 {customer.id}", "已不在库中", "取消这件跟进")
    profile = profile_of(history)
    judged = assess(profile, now)
    rows = await valid_offers(session, customer.industry, now, compensation=False)
    if batch is not None and batch.offers:
        rows = [row for row in rows if row.code in batch.offers]
    meant = [as_offer(row) for row in rows if eligible(row.eligibility, profile, judged)]
    today = now.astimezone(zone_of(customer.timezone) or SHANGHAI).date()
    return scripted_message(
        topic, person_of(profile, judged), meant, today, talked_of=talked_of, channel=channel.value
    )


def as_message(
    text: Text,
    customer: Customer,
    *,
    follow_up_id: str,
    attempt_id: str | None,
    channel: Channel,
    purpose: Purpose,
    until: datetime,
) -> Message:
    """The message as it goes out; not after the window has closed, nor after the last day of its offer."""
    offer = text.offer
    if offer is not None and offer.valid_until is not None:
        ends = datetime.combine(offer.valid_until, time.max, tzinfo=SHANGHAI)
        until = min(until, ends.astimezone(until.tzinfo))
    return Message(
        key=f"{follow_ups.MESSAGE_KEY}{follow_up_id}",
        customer_id=customer.id,
        external_id=customer.external_id,
        channel=channel.value,
        purpose=purpose,
        text=text.text,
        offer_code=offer.code if offer else None,
        offer_version=offer.version if offer else None,
        follow_up_id=follow_up_id,
        attempt_id=attempt_id,
        expires_at=until,
    )


def told(text: Text, message_id: str, channel: Channel) -> dict[str, Any]:
    """What is kept of a message that went out."""
    return {
        "message_id": message_id,
        "text": text.text,
        "channel": channel.value,
        "writer": text.writer,
        "offer": f"{text.offer.code}/{text.offer.version}" if text.offer else "",
    }
