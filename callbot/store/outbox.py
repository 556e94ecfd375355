"""What is to be told outside, written in the transaction that causes it: neither happens without the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_id
from callbot.store.phones import hide_numbers
from callbot.store.tables import Outbox, OutboxDelivery


class Kind(StrEnum):
    """What a receiver may be told; docs/webhooks.md shows one of each."""

    ATTEMPT_SETTLED = "attempt.settled"
    MESSAGE_SEND = "message.send"
    FOLLOW_UP_DUE = "follow_up.due"
    FOLLOW_UP_OVERDUE = "follow_up.overdue"
    CASE_OVERDUE = "case.overdue"
    CUSTOMER_ACTIVATED = "customer.activated"
    BATCH_PAUSED = "batch.paused"


async def enqueue(
    session: AsyncSession,
    *,
    key: str,
    kind: Kind,
    payload: Mapping[str, Any],
    now: datetime,
    customer_id: str | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Put a message into the outbox, in the transaction that causes it; its id.

    `key` is the idempotency key that receivers see, and a second message with the same one is not written: the
    id of the first comes back. Phone numbers inside the payload are masked (R165). Delivered from `now` on,
    and not after `expires_at`.
    """
    known = select(Outbox.id).where(col(Outbox.idempotency_key) == key)
    if (found := (await session.exec(known)).first()) is not None:
        return found
    row = Outbox(
        id=new_id(),
        idempotency_key=key,
        kind=kind.value,
        payload={name: _without_numbers(value) for name, value in payload.items()},
        customer_id=customer_id,
        created_at=now,
        expires_at=expires_at,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else wrote it in this moment
        return (await session.exec(known)).one()
    return row.id


async def withdraw(
    session: AsyncSession, customer_ids: Sequence[str], *, because: str, spare: Collection[str] = ()
) -> int:
    """Call back the messages to these customers that no receiver has yet; how many. Reports about them stay.

    `spare` are purposes that may still be served. A message that is being sent in this moment is not stopped.
    """
    rows = await session.exec(
        select(Outbox).where(
            col(Outbox.customer_id).in_(customer_ids),
            col(Outbox.kind) == Kind.MESSAGE_SEND.value,
            col(Outbox.state).in_(("new", "sending", "dead", "unwanted")),
        )
    )
    ids = [row.id for row in rows.all() if row.payload.get("purpose") not in spare]
    await session.exec(
        update(OutboxDelivery)
        .where(col(OutboxDelivery.outbox_id).in_(ids), col(OutboxDelivery.state).in_(("pending", "dead")))
        .values(state="withdrawn", claim="", claimed_until=None)
        .execution_options(synchronize_session=False)
    )
    changed = await session.exec(
        update(Outbox)
        .where(col(Outbox.id).in_(ids), col(Outbox.state).in_(("new", "sending", "dead", "unwanted")))
        .values(state="withdrawn", note=because)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount


async def forget(session: AsyncSession, *, before: datetime, limit: int) -> int:
    """Remove some messages made before a moment that need nothing more, with their deliveries; how many."""
    settled = col(Outbox.state).in_(("done", "unwanted", "withdrawn"))
    old = select(Outbox.id).where(col(Outbox.created_at) < before, settled).limit(limit)
    ids = (await session.exec(old)).all()
    await session.exec(delete(OutboxDelivery).where(col(OutboxDelivery.outbox_id).in_(ids)))
    await session.exec(delete(Outbox).where(col(Outbox.id).in_(ids)))
    return len(ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message with what became of it at each receiver."""

    message: Outbox
    deliveries: tuple[OutboxDelivery, ...]


async def letters(session: AsyncSession, *, state: str = "", kind: str = "", limit: int = 50) -> list[Letter]:
    """The latest messages, newest first; an empty field does not restrict."""
    statement = select(Outbox).order_by(col(Outbox.created_at).desc(), col(Outbox.id).desc()).limit(limit)
    if state:
        statement = statement.where(col(Outbox.state) == state)
    if kind:
        statement = statement.where(col(Outbox.kind) == kind)
    return await _with_deliveries(session, (await session.exec(statement)).all())


async def letter(session: AsyncSession, key: str) -> Letter | None:
    """One message by its id, the beginning of it, or its idempotency key; None when not exactly one fits."""
    statement = select(Outbox).where(
        (col(Outbox.id) == key)
        | (col(Outbox.idempotency_key) == key)
        | col(Outbox.id).startswith(key, autoescape=True)
    )
    rows = (await session.exec(statement.limit(2))).all()
    return (await _with_deliveries(session, rows))[0] if len(rows) == 1 else None


async def counts(session: AsyncSession) -> dict[str, int]:
    """How many messages are in each state."""
    found = await session.exec(select(Outbox.state, func.count()).group_by(col(Outbox.state)))
    return dict(found.all())


async def _with_deliveries(session: AsyncSession, messages: Sequence[Outbox]) -> list[Letter]:
    found = await session.exec(
        select(OutboxDelivery)
        .where(col(OutboxDelivery.outbox_id).in_([message.id for message in messages]))
        .order_by(col(OutboxDelivery.endpoint))
    )
    by_message: dict[str, list[OutboxDelivery]] = {}
    for row in found.all():
        by_message.setdefault(row.outbox_id, []).append(row)
    return [Letter(message=message, deliveries=tuple(by_message.get(message.id, ()))) for message in messages]


def _without_numbers(value: Any) -> Any:
    if isinstance(value, str):
        return hide_numbers(value)
    if isinstance(value, Mapping):
        return {key: _without_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_numbers(item) for item in value]
    return value
