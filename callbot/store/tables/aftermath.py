"""What has to happen after a contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_object, moment, ulid


class FollowUp(SQLModel, table=True):
    """Something that must happen after a call, with an owner and a due time."""

    __tablename__ = "follow_up"
    __table_args__ = (
        UniqueConstraint("run_id", "step"),
        Index("ix_follow_up_work", "state", "kind", "due_at"),
    )

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id", index=True)
    attempt_id: str | None = Field(default=None, foreign_key="attempt.id", index=True)
    kind: str
    leading: bool = False
    owner: str
    """`system`, an agent's id, or a role such as `complaint-desk`."""
    due_at: datetime = moment(index=True)
    state: str = "open"
    """open, claimed (a human works on it), sent (a message is out, its answer awaited), done or cancelled."""
    run_id: str | None = Field(default=None, foreign_key="sequence_run.id")
    """The touch sequence that it belongs to,"""
    step: int | None = None
    """and which step of it this is."""
    claimed_by: str = ""
    claimed_at: datetime | None = moment(nullable=True)
    sent_at: datetime | None = moment(nullable=True)
    closed_by: str = ""
    """Who did or cancelled it: `system` or a person."""
    closed_at: datetime | None = moment(nullable=True)
    note: str = ""
    blocked_by: str = ""
    """The rule that moved or cancelled it last."""
    failed: str | None = None
    """content, timing or channel: why it moved nobody (R014)."""
    detail: dict[str, Any] = json_object()
    created_at: datetime = moment()


class Outbox(SQLModel, table=True):
    """A message to the outside, written with the change it reports; each receiver gets it at least once."""

    id: str = ulid()
    idempotency_key: str = Field(unique=True)
    kind: str
    payload: dict[str, Any] = json_object()
    customer_id: str | None = Field(default=None, index=True)
    """Whom it concerns, so that what waits for somebody can be called back."""
    state: str = Field(default="new", index=True)
    """new, sending (a row for each receiver), done, dead (one of them gave up), unwanted or withdrawn."""
    note: str = ""
    """Why it is dead, unwanted or withdrawn."""
    created_at: datetime = moment(index=True)
    expires_at: datetime | None = moment(nullable=True)
    """Not to be sent from then on."""


class OutboxDelivery(SQLModel, table=True):
    """One message to one receiver."""

    __tablename__ = "outbox_delivery"
    __table_args__ = (
        UniqueConstraint("outbox_id", "endpoint"),
        Index("ix_outbox_delivery_due", "endpoint", "state", "next_try_at"),
    )

    id: str = ulid()
    outbox_id: str = Field(foreign_key="outbox.id")
    endpoint: str
    """Name of the receiver in the settings."""
    state: str = "pending"
    """pending, delivered, dead or withdrawn."""
    tries: int = 0
    next_try_at: datetime = moment()
    claim: str = ""
    """Token of the process that is sending it now."""
    claimed_until: datetime | None = moment(nullable=True)
    status_code: int | None = None
    """Of the last answer; None when there was none."""
    last_error: str = ""
    tried_at: datetime | None = moment(nullable=True)
    delivered_at: datetime | None = moment(nullable=True)
