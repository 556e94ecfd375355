"""From what the store knows to what the rules ask."""

from __future__ import annotations

from callbot.outreach.contact import ConsentGiven, Contact
from callbot.outreach.policy import Channel, Purpose
from callbot.store.contacts import ContactFacts


def as_contact(
    facts: ContactFacts,
    purpose: Purpose,
    *,
    channel: Channel = Channel.VOICE,
    requested_by: str = "",
    batch_state: str | None = None,
) -> Contact:
    """One contact somebody wants to make. `batch_state` asks "what if the batch were in this state"."""
    customer, batch = facts.customer, facts.batch
    return Contact(
        customer_id=customer.id,
        purpose=purpose,
        channel=channel,
        batch_state=batch_state or (batch.state if batch else None),
        starts_on=batch.starts_on if batch else None,
        ends_on=batch.ends_on if batch else None,
        hold_out=facts.hold_out,
        number_valid=customer.number_valid,
        do_not_contact=facts.do_not_contact,
        consents=tuple(
            ConsentGiven(purpose=row.purpose, granted=row.granted, at=row.at, evidence=row.evidence)
            for row in facts.consents
        ),
        contract=facts.contract,
        requested_by=requested_by,
        zone=customer.timezone,
        complaint_pause_until=customer.complaint_pause_until,
        no_touch_until=customer.no_touch_until,
        answered_at=facts.answered_at,
        attempts_at=facts.attempts_at,
        own_enquiry_at=customer.own_enquiry_at,
    )
