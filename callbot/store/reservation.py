"""Which queued rows a media process prepares: a guarded mark on the row, so that no opener is written twice.

A mark is no claim: the row stays `queued` and nobody may dial by it. It ends with the worker that made it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam
from sqlalchemy import update as update_rows
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import Attempt, Batch, Worker


def _mark() -> ReturningUpdate[Any]:
    """Finds and marks in one trip; built once, because it is asked before every call."""
    others = select(Worker.id).where(col(Worker.state) == "alive", col(Worker.id) != bindparam("worker"))
    free = (
        select(Attempt.id)
        .join(Batch, col(Batch.id) == col(Attempt.batch_id))
        .where(
            col(Attempt.batch_id) == bindparam("batch"),
            col(Attempt.state) == "queued",
            col(Attempt.due_at) <= bindparam("now"),
            col(Batch.state) == "running",
            col(Attempt.id).not_in(bindparam("without", expanding=True)),
            or_(col(Attempt.worker_id).is_(None), col(Attempt.worker_id).not_in(others)),
        )
        .order_by(col(Attempt.priority).desc(), col(Attempt.due_at), col(Attempt.id))
        .limit(bindparam("limit", type_=Integer))
        .with_for_update(of=Attempt, skip_locked=True)
        .cte("free")
    )
    return (
        update_rows(Attempt)
        .where(col(Attempt.id).in_(select(free.c.id)), col(Attempt.state) == "queued")
        .values(worker_id=bindparam("worker"))
        .returning(Attempt)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


_MARK = _mark()


async def reserve(
    session: AsyncSession,
    *,
    batch_id: str,
    worker_id: str,
    now: datetime,
    limit: int,
    without: Collection[str] = (),
) -> Sequence[Attempt]:
    """Mark up to `limit` due rows of a running batch for this worker, the most urgent first.

    Rows that another living worker has marked are passed over; `without` are rows this worker holds already.
    Two workers never get one row: the row count of the update decides on SQLite, the row lock on PostgreSQL.
    """
    found = await session.scalars(
        _MARK,
        {
            "batch": batch_id,
            "worker": worker_id,
            "now": now,
            "without": tuple(without),
            "limit": limit,
        },
    )
    return sorted(found, key=lambda row: (-row.priority, row.due_at, row.id))


async def release(session: AsyncSession, worker_id: str, *, batch_id: str = "") -> None:
    """Take this worker's marks off its queued rows, of one batch or of all, so that others prepare them."""
    rows = update(Attempt).where(col(Attempt.worker_id) == worker_id, col(Attempt.state) == "queued")
    if batch_id:
        rows = rows.where(col(Attempt.batch_id) == batch_id)
    await session.exec(rows.values(worker_id=None).execution_options(synchronize_session=False))
