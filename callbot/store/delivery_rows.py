"""One row for each message and receiver, moved by guarded updates: a row is sent by one process at a time.

pending → delivered, dead or withdrawn. A claim ends by itself, so that what a dead process was sending is sent
again, with the same idempotency key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_id
from callbot.store.tables import Outbox, OutboxDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message for one receiver, held for sending."""

    delivery_id: str
    claim: str
    tries: int
    """This one included."""
    message: Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """What becomes of a message that no receiver takes."""

    state: str
    note: str


async def spread(
    session: AsyncSession,
    takers: Callable[[str], Collection[str]],
    unwanted: Callable[[str], Unwanted],
    now: datetime,
    *,
    limit: int,
) -> int:
    """Give new messages a row for each receiver that takes their kind; how many messages, at most `limit`."""
    rows = await session.exec(
        select(Outbox)
        .where(col(Outbox.state) == "new")
        .order_by(col(Outbox.created_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    messages = rows.all()
    for message in messages:
        endpoints = takers(message.kind)
        session.add_all(
            OutboxDelivery(outbox_id=message.id, endpoint=name, next_try_at=now) for name in endpoints
        )
        if endpoints:
            message.state, message.note = "sending", ""
        else:
            fate = unwanted(message.kind)
            message.state, message.note = fate.state, fate.note
        session.add(message)
    await session.flush()
    return len(messages)


async def has_new(session: AsyncSession) -> bool:
    """Are there messages that nobody has spread yet?"""
    return (
        await session.exec(select(Outbox.id).where(col(Outbox.state) == "new").limit(1))
    ).first() is not None


async def has_due(session: AsyncSession, endpoint: str, now: datetime) -> bool:
    """Is there something that `claim` would hand out?"""
    found = await session.exec(select(OutboxDelivery.id).where(*_waiting(endpoint, now)).limit(1))
    return found.first() is not None


async def claim(
    session: AsyncSession, endpoint: str, now: datetime, *, until: datetime, limit: int
) -> list[Claimed]:
    """Hold up to `limit` due messages for this receiver until `until`, the longest due first.

    What has expired dies instead.
    """
    found = await session.execute(
        select(OutboxDelivery, Outbox)
        .where(*_waiting(endpoint, now))
        .order_by(col(OutboxDelivery.next_try_at), col(OutboxDelivery.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxDelivery)
    )
    claimed = []
    for row, message in found.all():
        if message.expires_at is not None and message.expires_at <= now:
            row.state, row.last_error = "dead", "expired before it could be delivered"
            session.add(row)
            await _conclude(session, message.id, row.last_error)
            continue
        row.claim, row.claimed_until, row.tries, row.tried_at = new_id(), until, row.tries + 1, now
        session.add(row)
        claimed.append(Claimed(delivery_id=row.id, claim=row.claim, tries=row.tries, message=message))
    await session.flush()
    return claimed


async def delivered(session: AsyncSession, held: Claimed, *, status: int, now: datetime) -> bool:
    """The receiver has it, whoever holds the row by now; False when it was delivered or replayed before."""
    return await _finish(
        session,
        held,
        col(OutboxDelivery.state).in_(("pending", "dead")),
        state="delivered",
        status_code=status,
        last_error="",
        delivered_at=now,
    )


async def try_again(
    session: AsyncSession, held: Claimed, *, at: datetime, status: int | None, because: str
) -> bool:
    """The next try is at `at`; False when the claim has ended and another process holds the row."""
    return await _finish(session, held, _held(held), next_try_at=at, status_code=status, last_error=because)


async def give_up(session: AsyncSession, held: Claimed, *, status: int | None, because: str) -> bool:
    """A dead letter; False when the claim has ended and another process holds the row."""
    return await _finish(session, held, _held(held), state="dead", status_code=status, last_error=because)


async def replay(session: AsyncSession, now: datetime, *, outbox_id: str | None = None) -> int:
    """Send dead letters again, from the first try: one message, or with None all; how many messages.

    One that no receiver took is offered to the receivers of today. What was withdrawn or has expired stays:
    sent now it would reach somebody at a time that nobody has allowed.
    """
    wanted = [col(Outbox.id) == outbox_id] if outbox_id else [col(Outbox.state) == "dead"]
    rows = await session.exec(
        select(Outbox.id).where(
            col(Outbox.state).in_(("sending", "dead", "unwanted")),
            col(Outbox.expires_at).is_(None) | (col(Outbox.expires_at) > now),
            *wanted,
        )
    )
    replayed = 0
    for message_id in rows.all():
        revived = await session.exec(
            update(OutboxDelivery)
            .where(col(OutboxDelivery.outbox_id) == message_id, col(OutboxDelivery.state) == "dead")
            .values(state="pending", tries=0, next_try_at=now, claim="", claimed_until=None)
            .execution_options(synchronize_session=False)
        )
        state = "sending" if revived.rowcount else "new"
        moved = await session.exec(
            update(Outbox)
            .where(
                col(Outbox.id) == message_id,
                col(Outbox.state).in_(
                    ("sending", "dead", "unwanted") if revived.rowcount else ("dead", "unwanted")
                ),
            )
            .values(state=state, note="")
            .execution_options(synchronize_session=False)
        )
        replayed += moved.rowcount
    return replayed


def _waiting(endpoint: str, now: datetime) -> tuple[Any, ...]:
    return (
        col(Outbox.id) == col(OutboxDelivery.outbox_id),
        col(Outbox.state) == "sending",
        col(OutboxDelivery.endpoint) == endpoint,
        col(OutboxDelivery.state) == "pending",
        col(OutboxDelivery.next_try_at) <= now,
        col(OutboxDelivery.claimed_until).is_(None) | (col(OutboxDelivery.claimed_until) <= now),
    )


def _held(held: Claimed) -> Any:
    return (col(OutboxDelivery.claim) == held.claim) & (col(OutboxDelivery.state) == "pending")


async def _finish(session: AsyncSession, held: Claimed, guard: Any, **values: Any) -> bool:
    changed = await session.exec(
        update(OutboxDelivery)
        .where(col(OutboxDelivery.id) == held.delivery_id, guard)
        .values(claim="", claimed_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        return False
    if "state" in values:
        await _conclude(session, held.message.id, values["last_error"])
    return True


async def _conclude(session: AsyncSession, outbox_id: str, note: str) -> None:
    """The message is done when all receivers have it, and dead when nobody is tried any more."""
    await session.flush()
    # Held, so that of two receivers that end together the second sees the first.
    await session.exec(select(Outbox.id).where(col(Outbox.id) == outbox_id).with_for_update())
    found = await session.exec(
        select(OutboxDelivery.state).where(col(OutboxDelivery.outbox_id) == outbox_id).distinct()
    )
    states = found.all()
    if "pending" in states:
        return
    state, note = ("dead", note) if "dead" in states else ("done", "")
    await session.exec(
        update(Outbox)
        .where(col(Outbox.id) == outbox_id, col(Outbox.state).in_(("sending", "dead")))
        .values(state=state, note=note)
        .execution_options(synchronize_session=False)
    )
