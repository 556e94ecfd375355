"""Users as rows: found by name or id, added once, changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import User


async def get(session: AsyncSession, user_id: str) -> User | None:
    return await session.get(User, user_id, populate_existing=True)


async def by_name(session: AsyncSession, name: str) -> User | None:
    """One user by what they sign in with."""
    found = await session.exec(
        select(User).where(col(User.name) == name.strip().lower()).execution_options(populate_existing=True)
    )
    return found.first()


async def listing(session: AsyncSession) -> Sequence[User]:
    """Everybody, disabled ones too, by name."""
    return (await session.exec(select(User).order_by(col(User.name)))).all()


async def count(session: AsyncSession) -> int:
    return (await session.exec(select(func.count()).select_from(User))).one()


async def add(
    session: AsyncSession, *, name: str, display_name: str, roles: Sequence[str], by: str, now: datetime
) -> User | None:
    """A new user without a password; None when somebody has the name."""
    if await by_name(session, name) is not None:
        return None
    user = User(
        name=name.strip().lower(), display_name=display_name, roles=list(roles), made_at=now, made_by=by
    )
    session.add(user)
    await session.flush()
    return user


async def change(session: AsyncSession, user_id: str, **values: Any) -> bool:
    """Change columns of one user; False when there is none."""
    changed = await session.exec(
        update(User)
        .where(col(User.id) == user_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1


async def active_with(session: AsyncSession, role: str) -> list[str]:
    """Ids of those who may sign in with a role."""
    rows = (await session.exec(select(User).where(col(User.state) == "active"))).all()
    return [user.id for user in rows if role in user.roles]
