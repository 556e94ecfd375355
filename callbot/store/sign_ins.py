"""Sessions, links and tries to sign in as rows. Secrets are known here by their hash only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import SignIn, SignInLink, SignInTry, User

_KEEP_TRIES = timedelta(days=1)


async def start(session: AsyncSession, row: SignIn) -> None:
    """Store a new session; those of anybody that are over go."""
    await session.exec(delete(SignIn).where(col(SignIn.expires_at) < row.made_at))
    session.add(row)
    await session.flush()


async def find(session: AsyncSession, id_hash: str) -> tuple[SignIn, User] | None:
    """A session with its user as they stand now, over or not."""
    found = await session.exec(
        select(SignIn, User)
        .join(User, col(User.id) == col(SignIn.user_id))
        .where(col(SignIn.id_hash) == id_hash)
    )
    return found.first()


async def seen(session: AsyncSession, id_hash: str, now: datetime) -> None:
    """The session was used at `now` (UTC), from which its idle time counts."""
    await session.exec(
        update(SignIn)
        .where(col(SignIn.id_hash) == id_hash)
        .values(seen_at=now)
        .execution_options(synchronize_session=False)
    )


async def end(session: AsyncSession, id_hash: str) -> None:
    """End one session; none of that hash is no mistake."""
    await session.exec(delete(SignIn).where(col(SignIn.id_hash) == id_hash))


async def end_all(session: AsyncSession, user_id: str, *, but: str = "") -> int:
    """End every session of a user, but one where it is named; how many."""
    ended = await session.exec(delete(SignIn).where(col(SignIn.user_id) == user_id, col(SignIn.id_hash) != but))
    return int(ended.rowcount)


async def of_user(session: AsyncSession, user_id: str) -> Sequence[SignIn]:
    """The sessions of a user, the last used first."""
    found = await session.exec(
        select(SignIn).where(col(SignIn.user_id) == user_id).order_by(col(SignIn.seen_at).desc())
    )
    return found.all()


async def tries(
    session: AsyncSession, *, name: str, address: str, since: datetime
) -> tuple[list[datetime], list[datetime]]:
    """When an account was tried in vain, and when an address tried in vain."""
    by_name = await session.exec(
        select(SignInTry.at).where(col(SignInTry.name) == name, col(SignInTry.at) > since)
    )
    by_address = await session.exec(
        select(SignInTry.at).where(col(SignInTry.address) == address, col(SignInTry.at) > since)
    )
    return list(by_name.all()), list(by_address.all())


async def begin_try(session: AsyncSession, *, name: str, address: str, now: datetime) -> str:
    """Count a try before the password is looked at, so that many at once are counted too; its id."""
    await session.exec(delete(SignInTry).where(col(SignInTry.at) < now - _KEEP_TRIES))
    row = SignInTry(name=name, address=address, at=now)
    session.add(row)
    await session.flush()
    return row.id


async def succeeded(session: AsyncSession, *, try_id: str, name: str) -> None:
    """Forget the tries in vain of an account, and this one of its address."""
    await session.exec(delete(SignInTry).where((col(SignInTry.id) == try_id) | (col(SignInTry.name) == name)))


async def add_link(session: AsyncSession, row: SignInLink) -> None:
    """Store a link; earlier ones of the same user are of no use any more."""
    await session.exec(delete(SignInLink).where(col(SignInLink.user_id) == row.user_id))
    session.add(row)
    await session.flush()


async def link_user(session: AsyncSession, id_hash: str, now: datetime) -> User | None:
    """Whose link this is, while it can be used."""
    found = await session.exec(
        select(User)
        .join(SignInLink, col(SignInLink.user_id) == col(User.id))
        .where(
            col(SignInLink.id_hash) == id_hash,
            col(SignInLink.used_at).is_(None),
            col(SignInLink.expires_at) > now,
            col(User.state) == "active",
        )
    )
    return found.first()


async def use_link(session: AsyncSession, id_hash: str, now: datetime) -> bool:
    """Spend a link; the row count decides between two who hold it."""
    used = await session.exec(
        update(SignInLink)
        .where(
            col(SignInLink.id_hash) == id_hash,
            col(SignInLink.used_at).is_(None),
            col(SignInLink.expires_at) > now,
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return used.rowcount == 1
