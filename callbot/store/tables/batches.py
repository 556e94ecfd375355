"""Batches, the dial ledger and the processes that dial."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_object, moment, ulid


class Batch(SQLModel, table=True):
    """A list of customers called with one strategy, flow and policy."""

    id: str = ulid()
    name: str
    flow: str
    purpose: str = "marketing"
    state: str = "draft"
    """draft, running, paused, done or cancelled."""
    hold_out_percent: float = 5.0
    lines: int = 1
    policy: dict[str, Any] = json_object()
    """Overrides inside the outer limits."""
    source: str = ""
    created_by: str = ""
    created_at: datetime = moment()
    launched_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)


class BatchMember(SQLModel, table=True):
    """A customer in a batch."""

    __tablename__ = "batch_member"

    batch_id: str = Field(foreign_key="batch.id", primary_key=True)
    customer_id: str = Field(foreign_key="customer.id", primary_key=True, index=True)
    hold_out: bool = False
    blocked_by: str = ""
    """The rule that objected at the last look, empty when none did."""
    blocked_until: datetime | None = moment(nullable=True)
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
    ended_at: datetime | None = moment(nullable=True)
    worker_id: str | None = Field(default=None, index=True)
    dial_token: str | None = Field(default=None, unique=True)
    carrier_sid: str | None = None
    permit: dict[str, Any] = json_object()
    opener: dict[str, Any] = json_object()
    outcome: str | None = None
    cause: str | None = None
    error: str = ""


class Worker(SQLModel, table=True):
    """A media process that claims attempts; new id each boot."""

    id: str = Field(primary_key=True)
    media_url: str
    state: str = "alive"
    """alive or dead."""
    heartbeat_at: datetime = moment()
