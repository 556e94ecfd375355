"""Customers: in a list, one with all that is known, whether they may be contacted."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from pydantic import Field

from callbot.outreach.ask import Asked
from callbot.outreach.budget import Budget
from callbot.web.shapes.base import In, Instant, Masked, MaskedObject, Moment, Out
from callbot.web.shapes.calls import AttemptOut, CallOut, JournalOut
from callbot.web.shapes.follow_ups import FollowUpOut, PromiseOut


class CustomerLine(Out):
    """A customer in a list."""

    id: str
    external_id: str | None
    name: str
    phone_masked: str
    region: str
    industry: str
    brand: str
    member_level: str
    stage: str
    reason: str
    segment: str
    strategy: str
    priority: int
    number_valid: bool
    next_touch_at: Moment | None


class CustomerOut(CustomerLine):
    gender: str
    birthday: date | None
    timezone: str | None
    timezone_source: str
    preferred_channel: str
    named_agent: str
    member_until: date | None
    interests: list[str]
    number_note: Masked
    registered_at: Moment | None
    own_enquiry_at: Moment | None
    low_priority: bool
    no_touch_until: Moment | None
    complaint_pause_until: Moment | None
    assessment: MaskedObject
    assessed_at: Moment | None
    created_at: Moment
    updated_at: Moment


class TagOut(Out):
    name: str
    value: str
    rule: str
    evidence: MaskedObject
    at: Moment


class ConsentOut(Out):
    purpose: str
    granted: bool
    at: Moment
    text_version: str
    channel: str
    evidence: Masked


class EventOut(Out):
    id: str
    kind: str
    at: Moment
    note: Masked
    data: MaskedObject


class PurchaseOut(Out):
    id: str
    external_id: str
    at: Moment
    item: str
    category: str
    amount_fen: int
    refunded: bool


class DoNotContactOut(Out):
    id: str
    scope: str
    words: Masked
    source: str
    at: Moment


class CaseOut(Out):
    id: str
    customer_id: str
    call_id: str | None
    words: Masked
    state: str
    owner: str
    opened_at: Moment
    answer_due_at: Moment
    escalated_at: Moment | None
    answer: Masked
    answered_by: str
    answered_at: Moment | None
    compensation_code: str | None
    closed_at: Moment | None


class SequenceOut(Out):
    id: str
    name: str
    version: int
    started_at: Moment
    state: str
    stopped_by: str
    next_step: int | None
    next_touch_at: Moment | None
    ended_at: Moment | None


class ActivationOut(Out):
    id: str
    kind: str
    at: Moment
    contact_at: Moment
    batch_id: str | None


class CustomerSheetOut(Out):
    """Everything about one customer."""

    customer: CustomerOut
    tags: list[TagOut]
    consents: list[ConsentOut]
    events: list[EventOut]
    purchases: list[PurchaseOut]
    attempts: list[AttemptOut]
    calls: list[CallOut]
    follow_ups: list[FollowUpOut]
    do_not_contact: list[DoNotContactOut]
    journal: list[JournalOut]
    cases: list[CaseOut]
    sequences: list[SequenceOut]
    activations: list[ActivationOut]
    promises: list[PromiseOut]


class GaugeOut(Out):
    """One cap and how much of it is used; `used` is null where it is not known, and then nothing is left."""

    rule: str
    name: str
    used: int | None
    allowed: int
    left: int
    refreshes_at: Moment | None


class BudgetOut(Out):
    """What the caps leave of one person."""

    left: int
    gauges: list[GaugeOut]

    @classmethod
    def of(cls, budget: Budget) -> Self:
        return cls(left=budget.left, gauges=[GaugeOut.model_validate(gauge) for gauge in budget.gauges])


class BlockOut(Out):
    """The one rule that forbids a contact, and until when."""

    rule: str
    until: Moment | None
    because: str


class PermitOut(Out):
    """The door's answer; nothing is changed by asking."""

    allowed: bool
    at: Moment
    policy: str
    block: BlockOut | None
    breaks: list[str]
    """Outer rules that the values asked with would break."""
    budget: BudgetOut

    @classmethod
    def of(cls, asked: Asked, at: Moment) -> Self:
        return cls(
            allowed=asked.block is None,
            at=at,
            policy=asked.policy,
            block=BlockOut.model_validate(asked.block) if asked.block else None,
            breaks=list(asked.breaks),
            budget=BudgetOut.of(asked.budget),
        )


class PermitIn(In):
    """What if: `changes` are values of the policy, as a batch has them, also beyond the outer limits."""

    purpose: str = "marketing"
    at: Instant | None = None
    batch_id: str = Field(default="", max_length=26)
    changes: dict[str, Any] = {}


class RevealIn(In):
    reason: str = Field(max_length=500)
    """Why the whole number is needed; kept in the audit log."""


class RevealedOut(Out):
    customer_id: str
    phone: str
    """E.164."""
