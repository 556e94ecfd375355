"""The human agents and what is handed to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_list, json_object, moment, ulid

_AGENT_HELD = text("state in ('ringing', 'accepted', 'connected')")
_CUSTOMER_HELD = text("state in ('accepted', 'connected')")


class Transfer(SQLModel, table=True):
    """One offer of a customer to the desk, to its end.

    The two partial indexes are the last word: an agent holds one customer, a customer has one agent.
    """

    __table_args__ = (
        Index(
            "uq_transfer_agent_held",
            "agent_id",
            unique=True,
            sqlite_where=_AGENT_HELD,
            postgresql_where=_AGENT_HELD,
        ),
        Index(
            "uq_transfer_customer_held",
            "customer_id",
            unique=True,
            sqlite_where=_CUSTOMER_HELD,
            postgresql_where=_CUSTOMER_HELD,
        ),
        Index("ix_transfer_offered_at", "offered_at"),
    )

    id: str = ulid()
    call_id: str = Field(index=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    reason: str
    skill: str
    priority: int
    state: str
    """offered, ringing, accepted, connected, wrap_up, done; declined, no_answer, no_agent, abandoned, failed"""
    desk: str = ""
    """The desk that serves it."""
    agent_id: str | None = Field(default=None, index=True)
    brief: dict[str, Any] = json_object()
    offered_at: datetime = moment()
    ringing_at: datetime | None = moment(nullable=True)
    accepted_at: datetime | None = moment(nullable=True)
    connected_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)
    result: str | None = None
    """connected, declined, no_answer, no_agent, callee_left, agent_left or bridge_failed."""
    declined_reason: str = ""
    sla_s: float = 0.0
    """Promised time to an answer."""
    escalation: int = 0
    """1: every skill was asked; 2: the promised time was over."""
    escalated_at: datetime | None = moment(nullable=True)
    wrap_up: dict[str, Any] = json_object()
    asked_again: list[dict[str, Any]] = json_list()
    """Questions of the human to which the answer was known: `words`, `about`, `at_ms`."""
    questions: int = 0
    """All questions of the human."""


class Agent(SQLModel, table=True):
    """A human who takes transfers."""

    id: str = ulid()
    name: str
    skills: dict[str, Any] = json_object()
    """Skill → level 1..5."""
    presence: str = "offline"
    """offline, available, ringing, busy, wrap_up or break."""
    reason: str = ""
    """Of a break."""
    since: datetime | None = moment(nullable=True)
    """Since when they have been in this presence."""
    idle_since: datetime | None = moment(nullable=True)
    capacity: int = 1
    """Customers at once; with 2 the next one may ring while the last form is written."""
    desk: str = ""
    """The desk they are connected to."""
