"""Who is in a list of customers: how many of each industry, silence stage, reason and strategy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from callbot.store.segments import matching_ids
from callbot.store.tables import Customer
from callbot.store.tag_tree import Node

_CHUNK = 500
"""Ids in one statement; SQLite takes a bounded number of values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Makeup:
    """Counts by machine name; people who were not judged stand under the empty name."""

    industries: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    strategies: Counter[str] = field(default_factory=Counter)


async def makeup(session: AsyncSession, ids: Sequence[str]) -> Makeup:
    """What these customers are; unknown ids are passed over."""
    found = Makeup()
    columns = (col(Customer.industry), col(Customer.stage), col(Customer.reason), col(Customer.strategy))
    for chunk in _chunks(ids):
        statement = select(*columns, func.count()).where(col(Customer.id).in_(chunk)).group_by(*columns)
        for industry, stage, reason, strategy, many in (await session.execute(statement)).all():
            found.industries[industry] += many
            found.stages[stage] += many
            found.reasons[reason] += many
            found.strategies[strategy] += many
    return found


async def meeting(session: AsyncSession, tree: Node, now: datetime, ids: Sequence[str]) -> set[str]:
    """Those among `ids` who meet a condition at `now` (UTC)."""
    met: set[str] = set()
    for chunk in _chunks(ids):
        met.update(await matching_ids(session, tree, now, among=chunk))
    return met


async def names(session: AsyncSession, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Name and masked number by id."""
    found: dict[str, tuple[str, str]] = {}
    columns = (col(Customer.id), col(Customer.name), col(Customer.phone_masked))
    for chunk in _chunks(ids):
        for customer_id, name, phone in (
            await session.execute(select(*columns).where(col(Customer.id).in_(chunk)))
        ).all():
            found[customer_id] = (name, phone)
    return found


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
