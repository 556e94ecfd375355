"""Tokens of other systems as rows, known by their hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import ApiToken


async def add(session: AsyncSession, row: ApiToken) -> ApiToken:
    session.add(row)
    await session.flush()
    return row


async def find(session: AsyncSession, token_hash: str, now: datetime) -> ApiToken | None:
    """The token that is in force with this hash."""
    found = await session.exec(
        select(ApiToken).where(
            col(ApiToken.token_hash) == token_hash,
            col(ApiToken.revoked_at).is_(None),
            or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > now),
        )
    )
    return found.first()


async def get(session: AsyncSession, token_id: str) -> ApiToken | None:
    return await session.get(ApiToken, token_id)


async def used(session: AsyncSession, token_id: str, now: datetime) -> None:
    """Somebody came with this token at `now` (UTC)."""
    await session.exec(
        update(ApiToken)
        .where(col(ApiToken.id) == token_id)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


async def listing(session: AsyncSession) -> Sequence[ApiToken]:
    """All of them, revoked ones too, the newest first."""
    return (await session.exec(select(ApiToken).order_by(col(ApiToken.made_at).desc()))).all()


async def revoke(session: AsyncSession, key: str, *, by: str, now: datetime) -> ApiToken | None:
    """Take one out of force by its id or prefix; None when no token in force is meant by it alone."""
    found = (
        await session.exec(
            select(ApiToken)
            .where(
                or_(col(ApiToken.id) == key, col(ApiToken.prefix) == key),
                col(ApiToken.revoked_at).is_(None),
            )
            .limit(2)
        )
    ).all()
    if len(found) != 1:
        return None
    row = found[0]
    row.revoked_at, row.revoked_by = now, by
    session.add(row)
    await session.flush()
    return row
