"""The offer sheet: versions of offers and which of them hold at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from callbot.store.tables import OfferRow

_CHINA = ZoneInfo("Asia/Shanghai")
PROMISED: Final = (
    "industry",
    "title",
    "discount_percent",
    "amount_fen",
    "min_spend_fen",
    "gift",
    "compensation",
)
"""What a version promises. It never changes once stored, because calls cite the version."""


async def valid_offers(
    session: AsyncSession, industry: str, at: datetime, *, compensation: bool | None = None
) -> list[OfferRow]:
    """The newest version of each offer of a scenario pack that holds at `at`, the highest priority first.

    Days are China's, both ends included. An offer without stock left or withdrawn by then does not hold, and
    an older version does not come back for it. `compensation` restricts to offers for a complaint, or to the
    others.
    """
    statement = select(OfferRow).where(col(OfferRow.industry) == industry).order_by(col(OfferRow.version))
    newest = {row.code: row for row in (await session.execute(statement)).scalars()}
    holding = [
        row
        for row in newest.values()
        if holds(row, at) and (compensation is None or row.compensation is compensation)
    ]
    return sorted(holding, key=lambda row: (-row.priority, row.code))


def holds(row: OfferRow, at: datetime) -> bool:
    """May this version be offered at `at`, being the newest? Days are China's, both ends included."""
    today = at.astimezone(_CHINA).date()
    return (
        (row.valid_from is None or row.valid_from <= today)
        and (row.valid_until is None or today <= row.valid_until)
        and (row.stock is None or row.stock > 0)
        and (row.withdrawn_at is None or at < row.withdrawn_at)
    )


async def all_newest(session: AsyncSession) -> list[OfferRow]:
    """The newest version of every offer, whether it holds or not, by code."""
    statement = select(OfferRow).order_by(col(OfferRow.code), col(OfferRow.version))
    return list({row.code: row for row in (await session.execute(statement)).scalars()}.values())


async def newest_versions(session: AsyncSession, codes: Sequence[str]) -> dict[str, OfferRow]:
    """The newest version of each of these offers that exists, whether it holds or not."""
    statement = select(OfferRow).where(col(OfferRow.code).in_(codes)).order_by(col(OfferRow.version))
    return {row.code: row for row in (await session.execute(statement)).scalars()}


async def stored_versions(session: AsyncSession, codes: Sequence[str]) -> dict[tuple[str, int], OfferRow]:
    """All versions of some offers."""
    rows = (await session.execute(select(OfferRow).where(col(OfferRow.code).in_(codes)))).scalars()
    return {(row.code, row.version): row for row in rows}


async def save_offers(session: AsyncSession, offers: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Store versions; of a known one only validity, stock, priority, eligibility and withdrawal change."""
    known = await stored_versions(session, [offer["code"] for offer in offers])
    for offer in offers:
        row = known.get((offer["code"], offer["version"]))
        if row is None:
            session.add(OfferRow(**offer, created_at=now))
        else:
            for name, value in offer.items():
                if name not in (*PROMISED, "code", "version"):
                    setattr(row, name, value)
            session.add(row)


async def take_one(session: AsyncSession, code: str, version: int) -> bool:
    """Take one piece from the stock; False when none is left. Offers without a stock never run out."""
    taken = await session.execute(
        update(OfferRow)
        .where(
            col(OfferRow.code) == code,
            col(OfferRow.version) == version,
            or_(col(OfferRow.stock).is_(None), col(OfferRow.stock) > 0),
        )
        .values(stock=col(OfferRow.stock) - 1)
        .returning(col(OfferRow.id))
    )
    return taken.first() is not None


async def withdraw(session: AsyncSession, code: str, at: datetime) -> bool:
    """Withdraw every version of an offer; False when there is none left to withdraw."""
    gone = await session.execute(
        update(OfferRow)
        .where(col(OfferRow.code) == code, col(OfferRow.withdrawn_at).is_(None))
        .values(withdrawn_at=at)
        .returning(col(OfferRow.id))
    )
    return gone.first() is not None
