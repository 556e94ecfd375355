"""What is to be told outside, written in the transaction that causes it: neither happens without the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_id
from callbot.store.phones import hide_numbers
from callbot.store.tables import Outbox


class Kind(StrEnum):
    """What a receiver may be told; docs/webhooks.md shows one of each."""

    ATTEMPT_SETTLED = "attempt.settled"
    MESSAGE_SEND = "message.send"
    FOLLOW_UP_DUE = "follow_up.due"
    FOLLOW_UP_OVERDUE = "follow_up.overdue"


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


def _without_numbers(value: Any) -> Any:
    if isinstance(value, str):
        return hide_numbers(value)
    if isinstance(value, Mapping):
        return {key: _without_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_numbers(item) for item in value]
    return value
