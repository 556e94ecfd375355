"""What the tables are made of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, MetaData, SQLModel

from callbot.ids import new_id
from callbot.store.types import UtcDateTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


def ulid() -> Any:
    """A ULID as text, made here."""
    return Field(default_factory=new_id, primary_key=True, max_length=26)


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """UTC."""
    kwargs: dict[str, Any] = {"sa_type": UtcDateTime, "nullable": nullable, "index": index}
    if nullable:
        kwargs["default"] = None
    return Field(**kwargs)


def json_object() -> Any:
    """An object, empty by default."""
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def json_list() -> Any:
    """A list, empty by default."""
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))
