"""Complaints with an answer that is due, and the alarms about what was not done in time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import moment, ulid


class ComplaintCase(SQLModel, table=True):
    """One complaint, from the call that heard it to the answer that closed it."""

    __tablename__ = "complaint_case"
    __table_args__ = (Index("ix_complaint_case_due", "state", "answer_due_at"),)

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id", index=True)
    attempt_id: str = Field(foreign_key="attempt.id", unique=True)
    call_id: str | None = None
    words: str
    """The customer's own, as journalled."""
    state: str = "open"
    """open, answered or closed."""
    owner: str
    """An agent's id or a role such as `complaint-desk`."""
    opened_at: datetime = moment()
    answer_due_at: datetime = moment()
    escalated_at: datetime | None = moment(nullable=True)
    """When it went to the supervisor because nobody had answered."""
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = moment(nullable=True)
    compensation_code: str | None = None
    """The offer given, a row of the sheet that is marked as compensation."""
    compensation_version: int | None = None
    compensated_by: str = ""
    compensated_at: datetime | None = moment(nullable=True)
    closed_by: str = ""
    closed_at: datetime | None = moment(nullable=True)


class Alarm(SQLModel, table=True):
    """Something a person must look at: not done in time, or stopped by itself; raised once for each breach."""

    __table_args__ = (
        UniqueConstraint("kind", "about", "due_at"),
        Index("ix_alarm_acknowledged_at", "acknowledged_at"),
    )

    id: str = ulid()
    kind: str
    about: str
    """Id of the follow-up, case, promise or batch."""
    customer_id: str | None = Field(default=None, foreign_key="customer.id", index=True)
    """None: it is about no single person."""
    owner: str
    note: str = ""
    """Why, in one line, zh-CN; empty where the kind says it all."""
    due_at: datetime = moment()
    raised_at: datetime = moment()
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = moment(nullable=True)
