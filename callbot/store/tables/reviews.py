"""What people who listened to a call wrote about it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from callbot.store.tables.base import moment, ulid


class ReviewNote(SQLModel, table=True):
    """A remark, at one moment of the call or on the whole."""

    __tablename__ = "review_note"

    id: str = ulid()
    call_id: str = Field(foreign_key="call.id", index=True)
    at_ms: int | None = None
    """On the media clock; None: on the whole call."""
    text: str
    made_by: str
    """The user's name."""
    made_at: datetime = moment()


class ReviewVerdict(SQLModel, table=True):
    """A reviewer's word on one check of the scorecard; it stands above the automatic one."""

    __tablename__ = "review_verdict"

    call_id: str = Field(primary_key=True, foreign_key="call.id")
    check: str = Field(primary_key=True, max_length=40)
    passed: bool
    reason: str
    made_by: str
    made_at: datetime = moment()
