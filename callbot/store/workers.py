"""Media processes: a row for each, kept alive by its heartbeat."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import Worker


async def register(session: AsyncSession, worker_id: str, *, media_url: str, now: datetime) -> None:
    """A new process is alive at `now` (UTC); a control process has no media address."""
    session.add(Worker(id=worker_id, media_url=media_url, heartbeat_at=now))
    await session.flush()


async def beat(session: AsyncSession, worker_id: str, now: datetime) -> bool:
    """False when somebody has declared this worker dead: it must place no call any more."""
    result = await session.exec(
        update(Worker)
        .where(col(Worker.id) == worker_id, col(Worker.state) == "alive")
        .values(heartbeat_at=now)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def retire(session: AsyncSession, worker_id: str) -> None:
    """The worker ends in order."""
    await session.exec(
        update(Worker)
        .where(col(Worker.id) == worker_id)
        .values(state="dead")
        .execution_options(synchronize_session=False)
    )


async def reap(session: AsyncSession, *, silent_since: datetime) -> int:
    """Declare dead who has sent no heartbeat since; the number of workers this call declared."""
    result = await session.exec(
        update(Worker)
        .where(col(Worker.state) == "alive", col(Worker.heartbeat_at) < silent_since)
        .values(state="dead")
        .execution_options(synchronize_session=False)
    )
    return result.rowcount


async def living(session: AsyncSession) -> frozenset[str]:
    """Ids of all processes that nobody has declared dead."""
    rows = await session.exec(select(Worker.id).where(col(Worker.state) == "alive"))
    return frozenset(rows.all())


async def dialling(session: AsyncSession) -> frozenset[str]:
    """Living media processes; a control process has no media address."""
    rows = await session.exec(
        select(Worker.id).where(col(Worker.state) == "alive", col(Worker.media_url) != "")
    )
    return frozenset(rows.all())
