"""Tag rules and segments: kept, counted and applied. A condition reaches the database as bound SQL only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from callbot.ids import new_id
from callbot.store import tag_sql
from callbot.store.tables import Customer, Segment, Tag, TagRule
from callbot.store.tag_tree import Node

RULE_TAG: Final = "rule"
"""Origin of the tags that tag rules set and take back."""


async def tag_rules(session: AsyncSession) -> list[TagRule]:
    """All tag rules by name."""
    return list((await session.execute(select(TagRule).order_by(col(TagRule.name)))).scalars())


async def tag_rule(session: AsyncSession, name: str) -> TagRule | None:
    return (await session.execute(select(TagRule).where(col(TagRule.name) == name))).scalars().first()


async def customers(session: AsyncSession, ids: Sequence[str]) -> list[Customer]:
    """These customers, by key; unknown ids are passed over."""
    statement = select(Customer).where(col(Customer.id).in_(ids)).order_by(col(Customer.id))
    return list((await session.execute(statement)).scalars())


async def segments(session: AsyncSession) -> list[Segment]:
    """All segments, the one that decides first on top."""
    statement = select(Segment).order_by(col(Segment.priority).desc(), col(Segment.name))
    return list((await session.execute(statement)).scalars())


async def segment(session: AsyncSession, name: str) -> Segment | None:
    return (await session.execute(select(Segment).where(col(Segment.name) == name))).scalars().first()


async def origins_of_tag(session: AsyncSession, name: str) -> frozenset[str]:
    """Where the tags of this name that customers carry came from."""
    found = await session.execute(select(col(Tag.origin)).where(col(Tag.name) == name).distinct())
    return frozenset(found.scalars())


async def count_matching(session: AsyncSession, tree: Node, now: datetime) -> int:
    """How many customers meet a condition."""
    statement = select(func.count()).select_from(Customer).where(_where(session, tree, now))
    return (await session.execute(statement)).scalar_one()


async def count_customers(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Customer))).scalar_one()


async def matching_ids(
    session: AsyncSession,
    tree: Node,
    now: datetime,
    *,
    among: Collection[str] | None = None,
    after: str = "",
    limit: int | None = None,
) -> list[str]:
    """Ids of the customers who meet a condition, in the order of the ids."""
    statement = select(col(Customer.id)).where(_where(session, tree, now)).order_by(col(Customer.id))
    if after:
        statement = statement.where(col(Customer.id) > after)
    if among is not None:
        statement = statement.where(col(Customer.id).in_(among))
    return list((await session.execute(statement.limit(limit))).scalars())


async def matching_customers(
    session: AsyncSession, tree: Node, now: datetime, *, after: str = "", limit: int
) -> list[Customer]:
    """Customers who meet a condition, in the order of the ids."""
    statement = select(Customer).where(_where(session, tree, now), col(Customer.id) > after)
    return list((await session.execute(statement.order_by(col(Customer.id)).limit(limit))).scalars())


async def best_matches(session: AsyncSession, tree: Node, now: datetime, *, limit: int) -> list[Customer]:
    """Examples of who meets a condition, the highest priority first."""
    statement = select(Customer).where(_where(session, tree, now))
    statement = statement.order_by(col(Customer.priority).desc(), col(Customer.id)).limit(limit)
    return list((await session.execute(statement)).scalars())


async def no_longer_matching(
    session: AsyncSession, name: str, tree: Node, now: datetime, *, limit: int
) -> list[str]:
    """Customers who carry the tag of a rule without meeting its condition."""
    met = func.coalesce(_where(session, tree, now), False)
    statement = (
        select(col(Tag.customer_id))
        .join(Customer, col(Customer.id) == col(Tag.customer_id))
        .where(col(Tag.name) == name, col(Tag.origin) == RULE_TAG, not_(met))
        .order_by(col(Tag.customer_id))
    )
    return list((await session.execute(statement.limit(limit))).scalars())


def told(rule: TagRule) -> str:
    """What a tag says of its rule, zh-CN."""
    return f"{rule.explanation}（规则第 {rule.version} 版）"


async def set_tag(
    session: AsyncSession, rule: TagRule, evidence: Mapping[str, Mapping[str, Any]], now: datetime
) -> None:
    """Give the tag of a rule to customers, with each one's figures; their older copy is replaced."""
    await drop_tag(session, rule.name, evidence)
    rows = [
        {
            "id": new_id(),
            "customer_id": customer_id,
            "name": rule.name,
            "value": "",
            "rule": told(rule),
            "evidence": dict(figures),
            "origin": RULE_TAG,
            "at": now,
        }
        for customer_id, figures in evidence.items()
    ]
    if rows:
        await session.execute(insert(Tag), rows)


async def drop_tag(session: AsyncSession, name: str, customer_ids: Collection[str] | None = None) -> int:
    """Take the tag of a rule from customers, or from all; returns how many carried it."""
    statement = delete(Tag).where(col(Tag.name) == name, col(Tag.origin) == RULE_TAG)
    if customer_ids is not None:
        statement = statement.where(col(Tag.customer_id).in_(list(customer_ids)))
    gone = await session.execute(statement.returning(col(Tag.id)))
    return len(gone.all())


async def note_applied(session: AsyncSession, name: str, matched: int, now: datetime) -> None:
    """The rule was applied at `now` (UTC), and so many customers carry its tag."""
    values = {"applied_at": now, "matched": matched}
    await session.execute(update(TagRule).where(col(TagRule.name) == name).values(values))


def _where(session: AsyncSession, tree: Node, now: datetime) -> ColumnElement[bool]:
    return tag_sql.where(tree, now, postgres=session.get_bind().dialect.name == "postgresql")
