"""What must not be said any more, and who had heard it in a call that was running."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from callbot.store.tables.base import moment, ulid


class Recall(SQLModel, table=True):
    """An offer or a sentence that was withdrawn while calls were running."""

    id: str = ulid()
    kind: str
    """offer or line."""
    value: str
    """An offer's code; the sentence, or a part of it."""
    why: str = ""
    made_by: str
    made_at: datetime = moment(index=True)


class RecallHeard(SQLModel, table=True):
    """A callee of a running call had heard it already."""

    __tablename__ = "recall_heard"

    recall_id: str = Field(primary_key=True, foreign_key="recall.id", max_length=26)
    call_id: str = Field(primary_key=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    at_ms: int
    words: str
