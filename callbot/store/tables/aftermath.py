"""What has to happen after a contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_object, moment, ulid


class FollowUp(SQLModel, table=True):
    """Something that must happen after a call, with an owner and a due time."""

    __tablename__ = "follow_up"

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id", index=True)
    attempt_id: str | None = Field(default=None, foreign_key="attempt.id", index=True)
    kind: str
    leading: bool = False
    owner: str
    """`system`, an agent's id, or a role such as `complaint-desk`."""
    due_at: datetime = moment(index=True)
    state: str = "open"
    """open, done or cancelled."""
    detail: dict[str, Any] = json_object()
    created_at: datetime = moment()


class Outbox(SQLModel, table=True):
    """A message to the outside, written with the change it reports; delivered at least once."""

    id: str = ulid()
    idempotency_key: str = Field(unique=True)
    kind: str
    payload: dict[str, Any] = json_object()
    state: str = "pending"
    """pending, delivered or dead."""
    tries: int = 0
    next_try_at: datetime = moment(index=True)
    last_error: str = ""
    created_at: datetime = moment()
    delivered_at: datetime | None = moment(nullable=True)
