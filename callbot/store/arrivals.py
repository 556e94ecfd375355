"""Rows of lists whose conclusions are still to be drawn: noted with the rows, worked off afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from callbot.ids import new_ids
from callbot.store.incoming import Stored
from callbot.store.tables import (
    Arrival,
    Attempt,
    Batch,
    BatchMember,
    Customer,
    FollowUp,
    Purchase,
    SequenceRun,
)

RECENT: Final = timedelta(days=60)
"""What happened earlier says something only of customers who were judged before; longer than any sequence."""
_LIVE: Final = ("draft", "running", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A customer with the rows that arrived."""

    customer_id: str
    industry: str
    judged: bool
    """Was assessed before; otherwise the first assessment sees everything."""
    in_play: bool
    """It may change something of ours: a batch, a sequence, a follow-up, or answer a contact."""
    rows: tuple[tuple[str, Stored], ...]
    """Ids of the notes with what they name."""

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(stored.kind for _, stored in self.rows)


async def note(session: AsyncSession, stored: Iterable[Stored], now: datetime) -> None:
    """Note which rows, just stored in this transaction, are to be concluded from: those of customers who were
    judged before, and what happened lately."""
    rows = [each for each in stored if each.kind and each.kind != "consent"]
    if not rows:
        return
    ids = {each.customer_id for each in rows}
    found = await session.execute(
        select(col(Customer.id)).where(col(Customer.id).in_(ids), col(Customer.assessed_at).is_not(None))
    )
    judged = set(found.scalars())
    kept = [
        each
        for each in rows
        if each.customer_id in judged or (each.at is not None and now - RECENT <= each.at <= now)
    ]
    if kept:
        await session.execute(
            insert(SQLModel.metadata.tables["arrival"]),
            [
                {
                    "id": row_id,
                    "customer_id": each.customer_id,
                    "kind": each.kind,
                    "external_id": each.external_id,
                    "at": now,
                }
                for row_id, each in zip(new_ids(len(kept)), kept, strict=True)
            ],
        )


async def waiting(
    session: AsyncSession, *, limit: int, answered_since: datetime, large_fen: int
) -> list[Waiting]:
    """The customers of the first `limit` notes.

    `answered_since`: contacts since then may be answered by what arrived. An order of `large_fen` upgrades.
    """
    notes = (await session.execute(select(Arrival).order_by(col(Arrival.id)).limit(limit))).scalars().all()
    rows: dict[str, list[tuple[str, Stored]]] = defaultdict(list)
    for each in notes:
        stored = Stored(customer_id=each.customer_id, kind=each.kind, external_id=each.external_id)
        rows[each.customer_id].append((each.id, stored))
    if not rows:
        return []
    found = await session.execute(
        select(
            col(Customer.id),
            col(Customer.industry),
            col(Customer.assessed_at).is_not(None),
            col(Customer.low_priority),
        ).where(col(Customer.id).in_(rows))
    )
    people = {row[0]: row for row in found.all()}
    playing = await _in_play(session, rows, answered_since, large_fen)
    return [
        Waiting(
            customer_id=customer_id,
            industry=people[customer_id][1],
            judged=people[customer_id][2],
            in_play=customer_id in playing or people[customer_id][3],
            rows=tuple(named),
        )
        for customer_id, named in rows.items()
    ]


async def _in_play(
    session: AsyncSession, rows: Mapping[str, Sequence[tuple[str, Stored]]], since: datetime, large_fen: int
) -> set[str]:
    ids = list(rows)
    member = (
        select(col(BatchMember.customer_id))
        .join(Batch, col(Batch.id) == col(BatchMember.batch_id))
        .where(col(BatchMember.customer_id).in_(ids), col(Batch.state).in_(_LIVE))
    )
    called = select(col(Attempt.customer_id)).where(
        col(Attempt.customer_id).in_(ids), col(Attempt.answered_at) >= since
    )
    followed = select(col(FollowUp.customer_id)).where(
        col(FollowUp.customer_id).in_(ids),
        or_(col(FollowUp.state).in_(("open", "claimed", "sent")), col(FollowUp.sent_at) >= since),
    )
    running = select(col(SequenceRun.customer_id)).where(
        col(SequenceRun.customer_id).in_(ids), col(SequenceRun.state) == "active"
    )
    playing: set[str] = set()
    statements: tuple[Any, ...] = (member, called, followed, running)
    for statement in statements:
        playing.update((await session.execute(statement.distinct())).scalars())
    orders = {
        (customer_id, stored.external_id)
        for customer_id, named in rows.items()
        for _, stored in named
        if stored.kind == "order"
    }
    if orders:
        large = await session.execute(
            select(col(Purchase.customer_id), col(Purchase.external_id)).where(
                col(Purchase.customer_id).in_({customer_id for customer_id, _ in orders}),
                col(Purchase.amount_fen) >= large_fen,
            )
        )
        playing.update(row[0] for row in large if (row[0], row[1]) in orders)
    return playing


async def take(session: AsyncSession, notes: Collection[str]) -> set[str]:
    """Remove notes; those that were still there."""
    gone = await session.execute(
        delete(Arrival).where(col(Arrival.id).in_(list(notes))).returning(col(Arrival.id))
    )
    return set(gone.scalars())
