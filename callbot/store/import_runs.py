"""Imports as rows: what was taken in, how far it got, whether it is finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select, update

from callbot.ids import new_id
from callbot.store.tables import ImportRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one chunk of rows added."""

    position: int
    line: int
    rows: int
    new: int
    changed: int
    rejected: int
    rejects: str
    rejects_size: int


async def begin(
    session: AsyncSession,
    *,
    kind: str,
    source: str,
    sha256: str,
    size: int,
    position: int,
    line: int,
    defaults: Mapping[str, str],
    now: datetime,
) -> ImportRun:
    """A new import; unfinished ones of the same list are left behind."""
    await session.execute(
        update(ImportRun)
        .where(col(ImportRun.sha256) == sha256, col(ImportRun.kind) == kind, col(ImportRun.state) == "running")
        .values(state="left", updated_at=now, ended_at=now)
    )
    run = ImportRun(
        id=new_id(),
        kind=kind,
        source=source,
        sha256=sha256,
        size=size,
        position=position,
        line=line,
        defaults=dict(defaults),
        started_at=now,
        updated_at=now,
    )
    session.add(run)
    await session.flush()
    return run


async def latest(session: AsyncSession, *, kind: str, sha256: str) -> ImportRun | None:
    """The last import of this very list that was not left behind."""
    found = await session.execute(
        select(ImportRun)
        .where(col(ImportRun.sha256) == sha256, col(ImportRun.kind) == kind, col(ImportRun.state) != "left")
        .order_by(col(ImportRun.id).desc())
        .limit(1)
    )
    return found.scalars().first()


async def get(session: AsyncSession, run_id: str) -> ImportRun | None:
    return await session.get(ImportRun, run_id)


async def recent(session: AsyncSession, limit: int = 100) -> Sequence[ImportRun]:
    """The newest imports first."""
    found = await session.execute(select(ImportRun).order_by(col(ImportRun.id).desc()).limit(limit))
    return found.scalars().all()


async def advance(session: AsyncSession, run_id: str, *, at: int, step: Step, now: datetime) -> bool:
    """Move the import on from position `at`; False when somebody else moved it."""
    result = await session.execute(
        update(ImportRun)
        .where(col(ImportRun.id) == run_id, col(ImportRun.position) == at, col(ImportRun.state) == "running")
        .values(
            position=step.position,
            line=step.line,
            rows=ImportRun.rows + step.rows,
            new=ImportRun.new + step.new,
            changed=ImportRun.changed + step.changed,
            rejected=ImportRun.rejected + step.rejected,
            rejects=step.rejects,
            rejects_size=step.rejects_size,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return bool(getattr(result, "rowcount", 0) == 1)


async def finish(session: AsyncSession, run_id: str, now: datetime) -> None:
    """All rows were read."""
    await session.execute(
        update(ImportRun)
        .where(col(ImportRun.id) == run_id)
        .values(state="done", updated_at=now, ended_at=now)
        .execution_options(synchronize_session=False)
    )
