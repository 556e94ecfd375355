"""Batches, the dial ledger and the processes that dial."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_list, json_object, moment, ulid


class Batch(SQLModel, table=True):
    """A list of customers called with one strategy, flow and policy."""

    id: str = ulid()
    name: str
    flow: str
    purpose: str = "marketing"
    state: str = "draft"
    """making (members are being added), draft, running, paused, done or cancelled."""
    hold_out_percent: float = 5.0
    lines: int = 1
    """Calls at the same time, over all processes."""
    priority: int = 0
    """Between batches: the higher one is served first."""
    starts_on: date | None = None
    """First day of calling, in the callee's own time."""
    ends_on: date | None = None
    """Last day of calling, in the callee's own time."""
    offers: list[str] = json_list()
    """Codes of the offers that may be made; empty: every offer that holds."""
    policy: dict[str, Any] = json_object()
    """Overrides inside the outer limits."""
    paused_because: str = ""
    """zh-CN: why the circuit breaker paused it; empty when a person did."""
    watched_from: datetime | None = moment(nullable=True)
    """The circuit breaker counts nothing before this moment."""
    history: list[Any] = json_list()
    """What was done with it: objects of `at` and `what`, zh-CN."""
    source: str = ""
    created_by: str = ""
    created_at: datetime = moment()
    launched_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)


class BatchMember(SQLModel, table=True):
    """A customer in a batch."""

    __tablename__ = "batch_member"
    __table_args__ = (
        Index("ix_batch_member_order", "batch_id", "state", "rank", "customer_id"),
        Index("ix_batch_member_wake", "batch_id", "state", "blocked_until"),
    )

    batch_id: str = Field(foreign_key="batch.id", primary_key=True)
    customer_id: str = Field(foreign_key="customer.id", primary_key=True, index=True)
    hold_out: bool = False
    state: str = "ready"
    """ready: to be looked at; waiting: blocked until a moment; never: blocked without end;
    tried: in the ledger; left: taken out of the batch."""
    rank: int = 0
    """The lowest is called first."""
    blocked_by: str = ""
    """The rule that objected at the last look, empty when none did."""
    blocked_until: datetime | None = moment(nullable=True)
    blocked_because: str = ""
    blocked_policy: str = ""
    """Version of the policy that the rule was measured against; empty when no policy was asked."""


class Attempt(SQLModel, table=True):
    """The dial ledger: one row for each attempt, and the dial queue itself.

    queued → dialing (committed before the carrier is asked) → in_call → done; or interrupted.
    """

    __table_args__ = (
        UniqueConstraint("batch_id", "customer_id", "seq"),
        CheckConstraint("state in ('queued','dialing','in_call','done','interrupted')", name="state"),
        Index("ix_attempt_queue", "state", "batch_id", "priority", "due_at"),
        Index(None, "customer_id", "dialing_at"),
    )

    id: str = ulid()
    batch_id: str = Field(foreign_key="batch.id", index=True)
    customer_id: str = Field(foreign_key="customer.id")
    seq: int
    purpose: str
    channel: str = "voice"
    priority: int
    """Higher is claimed first."""
    state: str = "queued"
    due_at: datetime = moment()
    queued_at: datetime = moment()
    dialing_at: datetime | None = moment(nullable=True)
    answered_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True, index=True)
    trunk: str = ""
    """The line to the carrier it was dialled on."""
    worker_id: str | None = Field(default=None, index=True)
    dial_token: str | None = Field(default=None, unique=True)
    carrier_sid: str | None = None
    permit: dict[str, Any] = json_object()
    opener: dict[str, Any] = json_object()
    outcome: str | None = None
    cause: str | None = None
    error: str = ""


class Trunk(SQLModel, table=True):
    """A line to a carrier, which all processes share; one call may begin at each slot."""

    name: str = Field(primary_key=True)
    free_at: datetime = moment()
    """The next slot that nobody has taken."""
    watched_from: datetime | None = moment(nullable=True)
    """The circuit breaker counts nothing before this moment."""


class DeskPace(SQLModel, table=True):
    """What the desk was measured to absorb; its one row is held while a claim counts the calls under way."""

    __tablename__ = "desk_pace"

    id: str = Field(primary_key=True)
    measured_at: datetime | None = moment(nullable=True)
    figures: dict[str, Any] = json_object()


class Worker(SQLModel, table=True):
    """A media process that claims attempts; new id each boot."""

    id: str = Field(primary_key=True)
    media_url: str
    state: str = "alive"
    """alive or dead."""
    heartbeat_at: datetime = moment()
