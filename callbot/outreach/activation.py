"""What customers do of their own accord: it counts as 成功激活, ends what was planned, may begin a sequence."""

from __future__ import annotations

from datetime import datetime

from callbot.audience.landing import SCOPES, UNSUBSCRIBE
from callbot.outreach.outcomes import Response
from callbot.outreach.sequence_file import touches_in_force
from callbot.outreach.sequences import Stop
from callbot.outreach.touches import TOUCHING, start, stop_touches
from callbot.store import activations, batches, contacts, follow_ups, outbox
from callbot.store.database import Session
from callbot.store.settlement import NewTag, write_tag
from callbot.store.tables import Customer, Event, Purchase

ORDER = "order"
"""Kind of a purchase among the events."""


async def on_event(session: Session, event: Event | Purchase, now: datetime) -> bool:
    """Take note of an event or purchase that was stored in this transaction; True when it is an activation.

    An activation is an event that the customer's pack names, within the pack's window after an answered call or
    a message. It sets the tag, ends pushes and sequences, counts for the batch once for each contact, and is
    told outside. A purchase takes the customer out of the win-back batches under way, whether they were reached
    or not. An unsubscribe, whose number is on the list by then, ends all that was planned. The same event twice
    changes nothing. `event.at` and `now` are UTC. Source: R028, R134, R170.
    """
    customer = await session.get(Customer, event.customer_id)
    if customer is None or event.at > now or (isinstance(event, Purchase) and event.refunded):
        return False
    await contacts.lock_customer(session, customer.id)
    kind = ORDER if isinstance(event, Purchase) else event.kind
    touches = await touches_in_force(session, customer.industry)
    activated = False
    if kind in touches.activation.by:
        since = event.at - touches.activation.within
        contact = await activations.latest_contact(session, customer.id, after=since, before=event.at)
        if contact is not None:
            activated = await activations.record(
                session, contact, customer_id=customer.id, kind=kind, event_id=event.id, at=event.at
            )
            if activated:
                await _activated(session, customer, contact, kind, event, now)
    if isinstance(event, Event) and kind == UNSUBSCRIBE and event.data.get("scope") not in SCOPES:
        await stop_touches(session, customer.id, Stop.DO_NOT_CALL, now)
    if kind == ORDER:
        await batches.leave_winback(
            session, customer.id, bought_at=event.at, rule=Stop.ACTIVATED, because="客户已下单，不再做唤回"
        )
        await activations.no_longer_low_priority(session, customer.id)
    for sequence in touches.sequences:
        if kind in sequence.events:
            await start(session, customer, sequence, anchor=event.id, at=event.at, batch_id=None, now=now)
    await follow_ups.refresh_next_touch(session, customer.id, TOUCHING)
    return activated


async def _activated(
    session: Session,
    customer: Customer,
    contact: activations.Reached,
    kind: str,
    event: Event | Purchase,
    now: datetime,
) -> None:
    await stop_touches(session, customer.id, Stop.ACTIVATED, now)
    evidence = {
        "event": kind,
        "event_id": event.id,
        "event_at": event.at.isoformat(),
        "contact_id": contact.id,
        "contact_at": contact.at.isoformat(),
        "batch_id": contact.batch_id,
    }
    tag = NewTag(name="触达结果", value=Response.ACTIVATED, rule="R028", evidence=evidence)
    await write_tag(session, customer.id, tag, now)
    await outbox.enqueue(
        session,
        key=f"{outbox.Kind.CUSTOMER_ACTIVATED.value}:{contact.id}",
        kind=outbox.Kind.CUSTOMER_ACTIVATED,
        payload={"customer_id": customer.id, "external_id": customer.external_id, **evidence},
        customer_id=customer.id,
        now=now,
    )
