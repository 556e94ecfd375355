"""Recalls: written once, read by every media process, and who had heard what was recalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import Call, CallTurn, Customer, Recall, RecallHeard

_SPOKEN_SINCE = timedelta(days=30)
_MOST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearer:
    """Somebody who had heard it."""

    call_id: str
    customer_id: str
    name: str
    phone_masked: str
    at_ms: int
    """On the clock of the recording."""
    words: str
    called_at: datetime | None
    """When the call began; None while it is running."""


async def make(session: AsyncSession, recall: Recall) -> None:
    session.add(recall)
    await session.flush()


async def since(session: AsyncSession, at: datetime) -> Sequence[Recall]:
    """Every recall from `at` (UTC) on, the first one first."""
    found = await session.exec(
        select(Recall).where(col(Recall.made_at) >= at).order_by(col(Recall.made_at), col(Recall.id))
    )
    return found.all()


async def get(session: AsyncSession, recall_id: str) -> Recall | None:
    return await session.get(Recall, recall_id)


async def latest(session: AsyncSession, limit: int = 100) -> Sequence[Recall]:
    """The last ones first."""
    return (await session.exec(select(Recall).order_by(col(Recall.made_at).desc()).limit(limit))).all()


async def heard_by(session: AsyncSession, recall_id: str, heard: Sequence[RecallHeard]) -> None:
    """Note who heard it in running calls, once for each call."""
    for one in heard:
        if await session.get(RecallHeard, (recall_id, one.call_id)) is None:
            session.add(one)


async def hearers(session: AsyncSession, recall: Recall) -> list[Hearer]:
    """Everybody who heard it within 30 days before, or in a call that was running, the latest call first."""
    live = await session.exec(
        select(RecallHeard, Customer)
        .join(Customer, col(Customer.id) == col(RecallHeard.customer_id))
        .where(col(RecallHeard.recall_id) == recall.id)
    )
    found = {
        row.call_id: Hearer(
            call_id=row.call_id,
            customer_id=row.customer_id,
            name=customer.name,
            phone_masked=customer.phone_masked,
            at_ms=row.at_ms,
            words=row.words,
            called_at=None,
        )
        for row, customer in live.all()
    }
    spoken = await session.exec(
        select(CallTurn, Call, Customer)
        .join(Call, col(Call.id) == col(CallTurn.call_id))
        .join(Customer, col(Customer.id) == col(Call.customer_id))
        .where(
            col(CallTurn.speaker) == "bot",
            col(CallTurn.heard) != "",
            col(Call.started_at) >= recall.made_at - _SPOKEN_SINCE,
            *((col(CallTurn.heard).contains(recall.value, autoescape=True),) if recall.kind == "line" else ()),
        )
        .order_by(col(Call.started_at).desc(), col(CallTurn.position))
    )
    for turn, call, customer in spoken.all():
        if recall.kind == "offer" and recall.value not in turn.offers:
            continue
        known = found.get(call.id)
        if known is None or known.called_at is None:
            found[call.id] = Hearer(
                call_id=call.id,
                customer_id=customer.id,
                name=customer.name,
                phone_masked=customer.phone_masked,
                at_ms=turn.start_ms,
                words=turn.heard,
                called_at=call.started_at,
            )
        if len(found) >= _MOST:
            break
    return list(found.values())
