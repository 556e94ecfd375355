"""Lists that were taken in, how far, and what is still to be concluded from their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_object, moment, ulid


class ImportRun(SQLModel, table=True):
    """One list taken in once: what it is, how far it got, what became of its rows.

    Every chunk of rows is stored in the transaction that moves `position`, so that an import that was killed
    goes on with the first row that is not in the base.
    """

    __tablename__ = "import_run"

    id: str = ulid()
    kind: str
    """customers, orders, events or consents."""
    source: str
    """File name."""
    sha256: str = Field(index=True, max_length=64)
    size: int = Field(sa_type=BigInteger)
    """Bytes on the disk."""
    state: str = "running"
    """running, done, or left: begun anew by a later run."""
    position: int = Field(default=0, sa_type=BigInteger)
    """Where the next row begins, in unpacked bytes."""
    line: int = 1
    rows: int = 0
    new: int = 0
    changed: int = 0
    rejected: int = 0
    rejects: str = ""
    """Path of the file of rejected rows, empty when none was rejected."""
    rejects_size: int = Field(default=0, sa_type=BigInteger)
    """Its bytes that belong to stored chunks."""
    defaults: dict[str, Any] = json_object()
    """Values for columns the list lacks."""
    started_at: datetime = moment()
    """The moment to which relative times of the list refer."""
    updated_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)


class Arrival(SQLModel, table=True):
    """An event or order of a list whose conclusions are still to be drawn."""

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id")
    kind: str
    """`order`, or the kind of the event."""
    external_id: str
    at: datetime = moment()
    """When it was stored."""
