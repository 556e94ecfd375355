"""The human agents and what is handed to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_object, moment, ulid


class Transfer(SQLModel, table=True):
    """One offer of a customer to the desk, to its end."""

    id: str = ulid()
    call_id: str = Field(index=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    reason: str
    skill: str
    priority: int
    state: str
    agent_id: str | None = Field(default=None, index=True)
    brief: dict[str, Any] = json_object()
    offered_at: datetime = moment()
    ringing_at: datetime | None = moment(nullable=True)
    accepted_at: datetime | None = moment(nullable=True)
    connected_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)
    result: str | None = None
    declined_reason: str = ""
    wrap_up: dict[str, Any] = json_object()


class Agent(SQLModel, table=True):
    """A human who takes transfers."""

    id: str = ulid()
    name: str
    skills: dict[str, Any] = json_object()
    """Skill → level 1..5."""
    presence: str = "offline"
    """offline, available, ringing, busy, wrap_up or break."""
    idle_since: datetime | None = moment(nullable=True)
