"""What was promised in a call and really heard: until when, by whom, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import moment, ulid


class Promise(SQLModel, table=True):
    """One promise to one customer."""

    __table_args__ = (Index("ix_promise_due", "state", "due_at"),)

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id", index=True)
    attempt_id: str = Field(foreign_key="attempt.id", index=True)
    call_id: str | None = None
    turn: int | None = None
    """Position in the transcript; None when the call left none, or a human promised it in the wrap-up."""
    kind: str
    words: str
    """As the callee heard them."""
    due_at: datetime = moment()
    owner: str
    """`system`, an agent's id, or a role such as `sales-desk`."""
    state: str = "open"
    """open, kept, broken (not kept in time) or void (the customer has released us from it)."""
    follow_up_id: str | None = Field(default=None, foreign_key="follow_up.id", index=True)
    """What keeps it."""
    kept_by: str | None = None
    """Id of the follow-up or attempt that kept it, in time or late."""
    kept_at: datetime | None = moment(nullable=True)
    note: str = ""
    """Why it is void."""
    made_at: datetime = moment()
