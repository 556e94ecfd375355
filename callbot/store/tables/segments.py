"""What staff defined: tag rules, segments, and the scenario packs that were installed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_object, moment, ulid


class TagRule(SQLModel, table=True):
    """A condition under which a customer carries a tag; applied every night."""

    __tablename__ = "tag_rule"

    id: str = ulid()
    name: str = Field(unique=True)
    expression: str
    explanation: str
    """The condition in Chinese."""
    version: int = 1
    """Rises with each change of the condition."""
    origin: str = ""
    """The scenario pack it came with; empty for those that staff made."""
    created_by: str = ""
    created_at: datetime = moment()
    updated_at: datetime = moment()
    applied_at: datetime | None = moment(nullable=True)
    matched: int | None = None
    """Customers who carried the tag when it was last applied."""


class Segment(SQLModel, table=True):
    """A condition that names a group of customers, with the strategy meant for them."""

    id: str = ulid()
    name: str = Field(unique=True)
    expression: str
    explanation: str
    version: int = 1
    priority: int = 0
    """Where a customer is in several segments, the highest decides the strategy."""
    strategy: dict[str, Any] = json_object()
    """When, what, channel, whom and wording (R118); empty where none is set."""
    origin: str = ""
    created_by: str = ""
    created_at: datetime = moment()
    updated_at: datetime = moment()


class ScenarioPack(SQLModel, table=True):
    """The version of a scenario pack that is in force, with what the rules read of it."""

    __tablename__ = "scenario_pack"

    industry: str = Field(primary_key=True)
    version: int
    title: str
    flow: str
    digest: str
    """SHA-256 of the file: a changed file with the old version is refused."""
    silence: dict[str, Any] = json_object()
    touches: dict[str, Any] = json_object()
    """Its touch sequences and what counts as activation; empty: those that ship with callbot."""
    source: str = ""
    installed_by: str = ""
    installed_at: datetime = moment()
