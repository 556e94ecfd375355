"""Runs of touch sequences: started once for each anchor, moved step by step, stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.contacts import lock_customer
from callbot.store.tables import SequenceRun


async def start(session: AsyncSession, run: SequenceRun) -> bool:
    """Begin a run; False when this anchor began the sequence before. A run of the same name ends as restarted.

    The caller holds the customer.
    """
    known = await session.exec(
        select(SequenceRun.id).where(
            col(SequenceRun.customer_id) == run.customer_id,
            col(SequenceRun.name) == run.name,
            col(SequenceRun.anchor) == run.anchor,
        )
    )
    if known.first() is not None:
        return False
    await session.exec(
        update(SequenceRun)
        .where(
            col(SequenceRun.customer_id) == run.customer_id,
            col(SequenceRun.name) == run.name,
            col(SequenceRun.state) == "active",
        )
        .values(state="stopped", stopped_by="restarted", next_touch_at=None, ended_at=run.started_at)
        .execution_options(synchronize_session=False)
    )
    session.add(run)
    await session.flush()
    return True


async def latest_start(session: AsyncSession, customer_id: str, name: str) -> datetime | None:
    """When the latest run of this name began for this person."""
    found = await session.exec(
        select(SequenceRun.started_at)
        .where(col(SequenceRun.customer_id) == customer_id, col(SequenceRun.name) == name)
        .order_by(col(SequenceRun.started_at).desc())
        .limit(1)
    )
    return found.first()


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[str]:
    """Ids of running sequences whose next touch is due, the longest due first."""
    found = await session.exec(
        select(SequenceRun.id)
        .where(col(SequenceRun.state) == "active", col(SequenceRun.next_touch_at) <= now)
        .order_by(col(SequenceRun.next_touch_at), col(SequenceRun.id))
        .limit(limit)
    )
    return found.all()


async def hold(session: AsyncSession, run_id: str) -> SequenceRun | None:
    """The run as it stands now, with others kept off its customer; None when it is over."""
    customer_id = (
        await session.exec(select(SequenceRun.customer_id).where(col(SequenceRun.id) == run_id))
    ).first()
    if customer_id is None:
        return None
    await lock_customer(session, customer_id)
    run = await session.get_one(SequenceRun, run_id, populate_existing=True)
    return run if run.state == "active" else None


async def active(session: AsyncSession, customer_id: str) -> Sequence[SequenceRun]:
    """The sequences under way for one person."""
    found = await session.exec(
        select(SequenceRun)
        .where(col(SequenceRun.customer_id) == customer_id, col(SequenceRun.state) == "active")
        .execution_options(populate_existing=True)
    )
    return found.all()


async def move(session: AsyncSession, run_id: str, **values: Any) -> bool:
    """Change a run that is under way; the row count decides."""
    changed = await session.exec(
        update(SequenceRun)
        .where(col(SequenceRun.id) == run_id, col(SequenceRun.state) == "active")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1
