"""Follow-ups whose time has come: for callbot itself, and those that somebody must be alarmed about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, literal, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.follow_ups import MESSAGE_KEY, SYSTEM, UNDELIVERED
from callbot.store.tables import Alarm, Attempt, Batch, FollowUp, Outbox


async def for_system(session: AsyncSession, *, timed: Collection[str], now: datetime, limit: int) -> list[str]:
    """Ids of what callbot itself has to do now, the longest due first.

    `timed` are the kinds that wait for their time. A booked call counts as soon as no row of the dial ledger
    stands for it any more, a retry when it is due and none does, a message that went out as soon as it is known
    not to arrive.
    """
    found: list[tuple[str, datetime]] = []
    for state, kinds, ready in (
        ("open", timed, col(FollowUp.due_at) <= now),
        ("sent", timed, col(FollowUp.due_at) <= now),
        ("open", ("schedule_callback",), ~_in_ledger(now, requested=True)),
        ("open", ("retry_later",), and_(col(FollowUp.due_at) <= now, ~_in_ledger(now, requested=False))),
    ):
        rows = await session.exec(
            select(FollowUp.id, FollowUp.due_at)
            .where(
                col(FollowUp.state) == state,
                col(FollowUp.kind).in_(tuple(kinds)),
                ready,
                col(FollowUp.owner) == SYSTEM,
            )
            .order_by(col(FollowUp.due_at))
            .limit(limit)
        )
        found += rows.all()
    lost = await session.exec(
        select(FollowUp.id, FollowUp.due_at)
        .join(Outbox, col(Outbox.idempotency_key) == literal(MESSAGE_KEY) + col(FollowUp.id))
        .where(col(FollowUp.state) == "sent", col(Outbox.state).in_(UNDELIVERED))
        .limit(limit)
    )
    found += lost.all()
    return [follow_up_id for follow_up_id, _ in sorted(found, key=lambda row: (row[1], row[0]))[:limit]]


def _in_ledger(now: datetime, *, requested: bool) -> ColumnElement[bool]:
    """Is a call to this person under way, or queued where it will be made?"""
    queued = col(Attempt.state) == "queued"
    if requested:
        # A promise waits for its time even in a batch that is over; when the time comes, a batch must run.
        running = exists().where(col(Batch.id) == col(Attempt.batch_id), col(Batch.state) == "running")
        queued = and_(queued, col(Attempt.purpose) == "requested", or_(col(FollowUp.due_at) > now, running))
    return exists().where(
        col(Attempt.customer_id) == col(FollowUp.customer_id),
        or_(col(Attempt.state).in_(("dialing", "in_call")), queued),
    )


async def overdue(
    session: AsyncSession,
    *,
    tasks: Collection[str],
    human_after: datetime,
    call_after: datetime,
    limit: int,
) -> Sequence[str]:
    """Ids of human tasks due by `human_after` and booked calls due by `call_after`, without an alarm yet.

    `tasks` are the kinds that a human may own.
    """
    found = await session.exec(
        select(FollowUp.id)
        .where(
            col(FollowUp.state).in_(("open", "claimed")),
            col(FollowUp.due_at) <= human_after,
            col(FollowUp.kind).in_(tuple(tasks)),
            or_(
                col(FollowUp.owner) != SYSTEM,
                and_(col(FollowUp.kind) == "schedule_callback", col(FollowUp.due_at) <= call_after),
            ),
            ~_alarmed(),
        )
        .order_by(col(FollowUp.due_at), col(FollowUp.id))
        .limit(limit)
    )
    return found.all()


def _alarmed() -> ColumnElement[bool]:
    return exists().where(
        col(Alarm.kind) == "follow_up_overdue",
        col(Alarm.about) == col(FollowUp.id),
        col(Alarm.due_at) == col(FollowUp.due_at),
    )
