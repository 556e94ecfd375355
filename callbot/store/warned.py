"""Customers who carry tags of certain names, with those tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from callbot.store.tables import Customer, Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """One customer and the warnings they carry, by name."""

    customer: Customer
    tags: tuple[Tag, ...]


async def warned(
    session: AsyncSession, names: Sequence[str], stage: str, *, industry: str = "", limit: int
) -> tuple[int, list[Warned]]:
    """How many customers of a stage carry any of these tags, and those with the most of them first."""
    counts = (
        select(col(Tag.customer_id), func.count().label("warnings"))
        .join(Customer, col(Customer.id) == col(Tag.customer_id))
        .where(col(Tag.name).in_(names), col(Customer.stage) == stage)
        .group_by(col(Tag.customer_id))
    )
    if industry:
        counts = counts.where(col(Customer.industry) == industry)
    found = counts.subquery()
    total = (await session.execute(select(func.count()).select_from(found))).scalar_one()
    statement = (
        select(Customer)
        .join(found, found.c.customer_id == col(Customer.id))
        .order_by(found.c.warnings.desc(), col(Customer.priority).desc(), col(Customer.id))
    )
    people = list((await session.execute(statement.limit(limit))).scalars())
    ids = [person.id for person in people]
    carried: dict[str, list[Tag]] = {}
    tags = select(Tag).where(col(Tag.customer_id).in_(ids), col(Tag.name).in_(names)).order_by(col(Tag.name))
    for tag in (await session.execute(tags)).scalars():
        carried.setdefault(tag.customer_id, []).append(tag)
    return total, [Warned(customer=person, tags=tuple(carried.get(person.id, ()))) for person in people]
