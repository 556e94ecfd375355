"""Touch sequences under way, and what the customers did of their own accord after a contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_object, moment, ulid


class SequenceRun(SQLModel, table=True):
    """One customer on the way through one touch sequence."""

    __tablename__ = "sequence_run"
    __table_args__ = (
        UniqueConstraint("customer_id", "name", "anchor"),
        Index("ix_sequence_run_due", "state", "next_touch_at"),
    )

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id")
    batch_id: str | None = Field(default=None, foreign_key="batch.id")
    """The batch whose call started it, if one did."""
    name: str
    """Pack and sequence: aesthetics/aftercare."""
    version: int
    plan: dict[str, Any] = json_object()
    """The sequence as it stood when the run began; later versions do not change a run."""
    anchor: str
    """Id of the event, order or attempt that started it: each starts a sequence once."""
    started_at: datetime = moment()
    """The moment from which the days are counted."""
    state: str = "active"
    """active, finished or stopped."""
    stopped_by: str = ""
    """refused, do_not_call, complaint, activated, human, batch_cancelled or restarted."""
    next_step: int | None = None
    next_touch_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)


class Activation(SQLModel, table=True):
    """A customer came back within the window after a contact (R028); once for each contact that did it."""

    __table_args__ = (UniqueConstraint("contact_id"),)

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id", index=True)
    batch_id: str | None = Field(default=None, foreign_key="batch.id", index=True)
    contact_id: str
    """Id of the attempt or of the follow-up that reached them before."""
    contact_at: datetime = moment()
    kind: str
    """What they did: order, login, visit..."""
    event_id: str
    at: datetime = moment()
