"""Every table. What is true stands here; nothing outside a committed row may place a call.

Times are UTC. Money is in fen. Ids are ULIDs as text. Words for states and kinds are the enums of the rooms
above, kept as text so that the store knows no rule.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field, MetaData, SQLModel

from callbot.ids import new_id
from callbot.store.types import UtcDateTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


def _id() -> Any:
    return Field(default_factory=new_id, primary_key=True, max_length=26)


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    kwargs: dict[str, Any] = {"sa_type": UtcDateTime, "nullable": nullable, "index": index}
    if nullable:
        kwargs["default"] = None
    return Field(**kwargs)


def _json_object() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def _json_list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class Customer(SQLModel, table=True):
    """A person in the base. The phone number exists only as ciphertext and keyed hash."""

    id: str = _id()
    external_id: str | None = Field(default=None, unique=True)
    name: str
    gender: str = ""
    """男, 女 or empty."""
    birthday: date | None = None
    region: str = ""
    industry: str = Field(index=True)
    """ecommerce, aesthetics, education or finance: names the scenario pack."""
    brand: str
    phone_cipher: bytes
    phone_hash: str = Field(unique=True, max_length=64)
    phone_masked: str
    timezone: str | None = None
    """IANA name; None blocks every contact."""
    timezone_source: str = ""
    """data, country or empty."""
    preferred_channel: str = ""
    named_agent: str = ""
    member_level: str = ""
    """In the business's own words: 金卡."""
    member_until: date | None = None
    """Last day of the member rights."""
    interests: list[str] = _json_list()
    number_valid: bool = True
    number_note: str = ""
    registered_at: datetime | None = _time(nullable=True)
    own_enquiry_at: datetime | None = _time(nullable=True)
    """The customer's own last enquiry: allows one more follow-up (R140)."""
    low_priority: bool = False
    no_touch_until: datetime | None = _time(nullable=True)
    """Soft refusal: no touch on any channel before (C1)."""
    complaint_pause_until: datetime | None = _time(nullable=True)
    stage: str = ""
    reason: str = ""
    segment: str = ""
    strategy: str = ""
    priority: int = 0
    """Higher is called first; with its explanation in `assessment`."""
    assessment: dict[str, Any] = _json_object()
    assessed_at: datetime | None = _time(nullable=True)
    next_touch_at: datetime | None = _time(nullable=True, index=True)
    created_at: datetime = _time()
    updated_at: datetime = _time()


class Consent(SQLModel, table=True):
    """Who agreed to what, when, to which text, on which channel, and where the proof is."""

    id: str = _id()
    customer_id: str = Field(foreign_key="customer.id", index=True)
    purpose: str
    """marketing or service_followup."""
    granted: bool
    at: datetime = _time()
    text_version: str
    channel: str
    evidence: str

    __table_args__ = (UniqueConstraint("customer_id", "purpose", "granted", "evidence"),)


class Event(SQLModel, table=True):
    """Something a customer did or that happened with them, from CRM, app, tickets or our own contacts."""

    __table_args__ = (
        UniqueConstraint("customer_id", "external_id"),
        Index(None, "customer_id", "at"),
    )

    id: str = _id()
    customer_id: str = Field(foreign_key="customer.id")
    external_id: str = Field(default_factory=new_id, max_length=64)
    """The source's own id, so that a second import changes nothing."""
    kind: str
    """login, browse, favourite, cart, form, visit, enquiry, refund, ticket, review, message_open, call..."""
    at: datetime = _time()
    note: str = ""
    data: dict[str, Any] = _json_object()


class Purchase(SQLModel, table=True):
    """One order."""

    __table_args__ = (UniqueConstraint("customer_id", "external_id"), Index(None, "customer_id", "at"))

    id: str = _id()
    customer_id: str = Field(foreign_key="customer.id")
    external_id: str
    at: datetime = _time()
    item: str
    category: str = ""
    amount_fen: int
    refunded: bool = False


class Tag(SQLModel, table=True):
    """One tag of one customer with the rule and figures behind it."""

    __table_args__ = (UniqueConstraint("customer_id", "name"),)

    id: str = _id()
    customer_id: str = Field(foreign_key="customer.id")
    name: str = Field(index=True)
    value: str = ""
    rule: str
    evidence: dict[str, Any] = _json_object()
    origin: str = ""
    """`assessment` for those that the rules of the audience set and take back; empty for all others."""
    at: datetime = _time()


class OfferRow(SQLModel, table=True):
    """One version of one offer. Discounts and amounts exist nowhere else."""

    __tablename__ = "offer"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: str = _id()
    code: str = Field(index=True)
    version: int = 1
    industry: str
    title: str
    discount_percent: int | None = None
    amount_fen: int | None = None
    min_spend_fen: int | None = None
    gift: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    stock: int | None = None
    priority: int = 0
    eligibility: dict[str, Any] = _json_object()
    compensation: bool = False
    """May be offered for a complaint (R169)."""
    withdrawn_at: datetime | None = _time(nullable=True)
    created_at: datetime = _time()


class Batch(SQLModel, table=True):
    """A list of customers called with one strategy, flow and policy."""

    id: str = _id()
    name: str
    flow: str
    purpose: str = "marketing"
    state: str = "draft"
    """draft, running, paused, done or cancelled."""
    hold_out_percent: float = 5.0
    lines: int = 1
    policy: dict[str, Any] = _json_object()
    """Overrides inside the outer limits."""
    source: str = ""
    created_by: str = ""
    created_at: datetime = _time()
    launched_at: datetime | None = _time(nullable=True)
    ended_at: datetime | None = _time(nullable=True)


class BatchMember(SQLModel, table=True):
    """A customer in a batch."""

    __tablename__ = "batch_member"

    batch_id: str = Field(foreign_key="batch.id", primary_key=True)
    customer_id: str = Field(foreign_key="customer.id", primary_key=True, index=True)
    hold_out: bool = False
    blocked_by: str = ""
    """The rule that objected at the last look, empty when none did."""
    blocked_until: datetime | None = _time(nullable=True)
    blocked_because: str = ""


class Attempt(SQLModel, table=True):
    """The dial ledger: one row for each attempt, and the dial queue itself.

    queued → dialing (committed before the carrier is asked) → in_call → done; or interrupted.
    """

    __table_args__ = (
        UniqueConstraint("batch_id", "customer_id", "seq"),
        CheckConstraint("state in ('queued','dialing','in_call','done','interrupted')", name="state"),
        Index("ix_attempt_queue", "state", "due_at", "priority"),
        Index(None, "customer_id", "dialing_at"),
    )

    id: str = _id()
    batch_id: str = Field(foreign_key="batch.id", index=True)
    customer_id: str = Field(foreign_key="customer.id")
    seq: int
    purpose: str
    channel: str = "voice"
    priority: int
    """Higher is claimed first."""
    state: str = "queued"
    due_at: datetime = _time()
    queued_at: datetime = _time()
    dialing_at: datetime | None = _time(nullable=True)
    answered_at: datetime | None = _time(nullable=True)
    ended_at: datetime | None = _time(nullable=True)
    worker_id: str | None = Field(default=None, index=True)
    dial_token: str | None = Field(default=None, unique=True)
    carrier_sid: str | None = None
    permit: dict[str, Any] = _json_object()
    opener: dict[str, Any] = _json_object()
    outcome: str | None = None
    cause: str | None = None
    error: str = ""


class Call(SQLModel, table=True):
    """One answered conversation."""

    id: str = _id()
    attempt_id: str = Field(foreign_key="attempt.id", unique=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    flow: str
    flow_version: int
    started_at: datetime = _time(index=True)
    ended_at: datetime | None = _time(nullable=True)
    duration_ms: int = 0
    outcome: str | None = None
    ended_by: str = ""
    end_reason: str = ""
    recording: str = ""
    """Path below the data directory; left channel callee, right channel bot or agent."""
    event_log: str = ""
    disclosure_ms: int | None = None
    """When the AI disclosure had been heard: the proof record."""
    summary: dict[str, Any] = _json_object()


class CallTurn(SQLModel, table=True):
    """One turn of a transcript; times on the media clock."""

    __tablename__ = "turn"
    __table_args__ = (UniqueConstraint("call_id", "position"),)

    id: str = _id()
    call_id: str = Field(foreign_key="call.id")
    position: int
    speaker: str
    text: str
    heard: str
    start_ms: int
    end_ms: int
    interrupted: bool = False
    intent: str | None = None
    emotion: str | None = None
    confidence: float | None = None
    slots: dict[str, Any] = _json_object()
    step: str = ""
    act: str = ""
    offers: list[str] = _json_list()
    latency: dict[str, Any] = _json_object()


class JournalRow(SQLModel, table=True):
    """What was heard or promised, written at that moment, so that a crash cannot forget it."""

    __tablename__ = "journal"

    id: str = _id()
    attempt_id: str = Field(foreign_key="attempt.id", index=True)
    call_id: str
    customer_id: str = Field(foreign_key="customer.id", index=True)
    kind: str
    words: str
    at_ms: int
    at: datetime = _time()
    data: dict[str, Any] = _json_object()
    settled: bool = False


class Transfer(SQLModel, table=True):
    """One offer of a customer to the desk, to its end."""

    id: str = _id()
    call_id: str = Field(index=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    reason: str
    skill: str
    priority: int
    state: str
    agent_id: str | None = Field(default=None, index=True)
    brief: dict[str, Any] = _json_object()
    offered_at: datetime = _time()
    ringing_at: datetime | None = _time(nullable=True)
    accepted_at: datetime | None = _time(nullable=True)
    connected_at: datetime | None = _time(nullable=True)
    ended_at: datetime | None = _time(nullable=True)
    result: str | None = None
    declined_reason: str = ""
    wrap_up: dict[str, Any] = _json_object()


class Agent(SQLModel, table=True):
    """A human who takes transfers."""

    id: str = _id()
    name: str
    skills: dict[str, Any] = _json_object()
    """Skill → level 1..5."""
    presence: str = "offline"
    """offline, available, ringing, busy, wrap_up or break."""
    idle_since: datetime | None = _time(nullable=True)


class FollowUp(SQLModel, table=True):
    """Something that must happen after a call, with an owner and a due time."""

    __tablename__ = "follow_up"

    id: str = _id()
    customer_id: str = Field(foreign_key="customer.id", index=True)
    attempt_id: str | None = Field(default=None, foreign_key="attempt.id", index=True)
    kind: str
    leading: bool = False
    owner: str
    """`system`, an agent's id, or a role such as `complaint-desk`."""
    due_at: datetime = _time(index=True)
    state: str = "open"
    """open, done or cancelled."""
    detail: dict[str, Any] = _json_object()
    created_at: datetime = _time()


class Outbox(SQLModel, table=True):
    """A message to the outside, written with the change it reports; delivered at least once."""

    id: str = _id()
    idempotency_key: str = Field(unique=True)
    kind: str
    payload: dict[str, Any] = _json_object()
    state: str = "pending"
    """pending, delivered or dead."""
    tries: int = 0
    next_try_at: datetime = _time(index=True)
    last_error: str = ""
    created_at: datetime = _time()
    delivered_at: datetime | None = _time(nullable=True)


class DoNotContact(SQLModel, table=True):
    """A number that must not be contacted. Keyed by the phone hash, so it outlives the customer row."""

    __tablename__ = "do_not_contact"

    id: str = _id()
    phone_hash: str = Field(index=True, max_length=64)
    scope: str = "all"
    """all, or voice where they limited it to calls."""
    words: str = ""
    source: str
    """Attempt id, import file or person."""
    at: datetime = _time()
    lifted_at: datetime | None = _time(nullable=True)
    lifted_by: str = ""


class Worker(SQLModel, table=True):
    """A media process that claims attempts; new id each boot."""

    id: str = Field(primary_key=True)
    media_url: str
    state: str = "alive"
    """alive or dead."""
    heartbeat_at: datetime = _time()
