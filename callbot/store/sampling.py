"""What the past of the base reaches over, and an even sample of its customers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from callbot.store.tables import Customer, Event, Purchase


async def recorded_span(session: AsyncSession) -> tuple[datetime, datetime] | None:
    """The moments of the first and the last event or order, UTC; None without any."""
    first: list[datetime] = []
    last: list[datetime] = []
    for at in (col(Event.at), col(Purchase.at)):
        earliest, latest = (await session.execute(select(func.min(at), func.max(at)))).one()
        if earliest is not None:
            first.append(earliest)
            last.append(latest)
    return (min(first), max(last)) if first else None


async def industries(session: AsyncSession) -> dict[str, int]:
    """How many customers each industry has."""
    found = await session.execute(
        select(col(Customer.industry), func.count())
        .group_by(col(Customer.industry))
        .order_by(col(Customer.industry))
    )
    return {row[0]: row[1] for row in found}


async def sampled_ids(session: AsyncSession, industry: str, most: int) -> list[str]:
    """At most `most` customers of an industry, evenly spaced over the order of their ids; always the same."""
    found = await session.execute(
        select(col(Customer.id)).where(col(Customer.industry) == industry).order_by(col(Customer.id))
    )
    ids = list(found.scalars())
    if len(ids) <= most:
        return ids
    return [ids[place * len(ids) // most] for place in range(most)]
