"""What was said, and what was journalled while it was said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_list, json_object, moment, ulid


class Call(SQLModel, table=True):
    """One answered conversation."""

    id: str = ulid()
    attempt_id: str = Field(foreign_key="attempt.id", unique=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    flow: str
    flow_version: int
    started_at: datetime = moment(index=True)
    ended_at: datetime | None = moment(nullable=True)
    duration_ms: int = 0
    outcome: str | None = None
    ended_by: str = ""
    end_reason: str = ""
    recording: str = ""
    """Path below the data directory; left channel callee, right channel bot or agent."""
    event_log: str = ""
    disclosure_ms: int | None = None
    """When the AI disclosure had been heard: the proof record."""
    summary: dict[str, Any] = json_object()


class CallTurn(SQLModel, table=True):
    """One turn of a transcript; times on the media clock."""

    __tablename__ = "turn"
    __table_args__ = (UniqueConstraint("call_id", "position"),)

    id: str = ulid()
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
    slots: dict[str, Any] = json_object()
    step: str = ""
    act: str = ""
    offers: list[str] = json_list()
    latency: dict[str, Any] = json_object()
    prompts: list[dict[str, Any]] = json_list()
    """Which prompt of which version and hash, and which model, the words or the reading come from."""


class GuardBlockRow(SQLModel, table=True):
    """A text of a call that the guard stopped before anybody heard it, kept for QA."""

    __tablename__ = "guard_block"

    id: str = ulid()
    call_id: str = Field(foreign_key="call.id", index=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    at_ms: int
    text: str
    violations: list[dict[str, Any]] = json_list()
    """`span` and `why` of everything that nothing vouches for."""
    instead: str = ""
    """What was said in its place; empty: nothing."""
    step: str = ""
    act: str = ""


class JournalRow(SQLModel, table=True):
    """What was heard or promised, written at that moment, so that a crash cannot forget it."""

    __tablename__ = "journal"

    id: str = ulid()
    attempt_id: str = Field(foreign_key="attempt.id", index=True)
    call_id: str
    customer_id: str = Field(foreign_key="customer.id", index=True)
    kind: str
    words: str
    at_ms: int
    at: datetime = moment()
    data: dict[str, Any] = json_object()
    settled: bool = False
