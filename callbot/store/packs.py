"""The scenario packs that are installed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from callbot.store.tables import ScenarioPack


async def installed(session: AsyncSession, industry: str) -> ScenarioPack | None:
    """The pack of an industry that is in force."""
    return await session.get(ScenarioPack, industry)


async def all_installed(session: AsyncSession) -> list[ScenarioPack]:
    """Every installed pack by industry."""
    statement = select(ScenarioPack).order_by(col(ScenarioPack.industry))
    return list((await session.execute(statement)).scalars())


async def keep(session: AsyncSession, pack: ScenarioPack) -> None:
    """Put a pack in force in place of the one before."""
    await session.merge(pack)
