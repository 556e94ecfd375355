"""Everything a rule needs to know about one contact that somebody wants to make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from callbot.outreach.policy import Channel, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """One row of the consent record: who agreed to what and when, or withdrew it."""

    purpose: str
    granted: bool
    at: datetime
    evidence: str
    """Where the proof is; without it a consent is not one (R164)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person, a purpose and a channel. None means not known, and what is not known objects."""

    customer_id: str
    purpose: Purpose
    channel: Channel = Channel.VOICE
    batch_state: str | None
    """The state of the batch that wants the contact."""
    starts_on: date | None = None
    ends_on: date | None = None
    """First and last day of that batch, in the callee's own time; None: no such limit."""
    hold_out: bool | None
    """Whether the person is kept uncontacted to measure what the contacts change."""
    number_valid: bool | None
    do_not_contact: frozenset[str] | None
    """Scopes in force for the number: `all`, or channels such as `voice`."""
    consents: tuple[ConsentGiven, ...]
    contract: bool
    """Has bought something: the ground for a service follow-up."""
    requested_by: str = ""
    """What shows that the customer asked: a follow-up's id. Needed for the purpose `requested`."""
    zone: str | None
    """IANA name."""
    complaint_pause_until: datetime | None
    no_touch_until: datetime | None
    answered_at: tuple[datetime, ...] | None
    """Answered calls of the last 30 days over all batches, those that humans made among them."""
    attempts_at: tuple[datetime, ...] | None
    """Attempts of the last 30 days over all batches and channels: calls, calls by humans and messages, without
    calls that the network lost."""
    own_enquiry_at: datetime | None
    """The customer's own last enquiry (R140)."""
