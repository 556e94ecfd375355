"""What was heard or promised, committed the moment it was, so that a crash cannot forget it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.clock import Clock
from callbot.store.database import Database
from callbot.store.late_notes import LateConsequence, apply, is_late
from callbot.store.tables import JournalRow


class Noted(Protocol):
    """One journal line as the conversation writes it."""

    @property
    def kind(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def at_ms(self) -> int: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


class DatabaseJournal:
    """The journal of one call. `write` returns when the line is on disk."""

    def __init__(
        self,
        db: Database,
        *,
        attempt_id: str,
        call_id: str,
        customer_id: str,
        clock: Clock,
        late: Callable[[JournalRow, datetime], LateConsequence] | None = None,
    ) -> None:
        """`late` says what follows from a line whose attempt somebody has settled already; without it such a
        line waits for a settlement that has been."""
        self._db = db
        self._late = late
        self._attempt_id = attempt_id
        self._call_id = call_id
        self._customer_id = customer_id
        self._clock = clock

    async def write(self, note: Noted) -> None:
        now = self._clock.now()
        row = JournalRow(
            attempt_id=self._attempt_id,
            call_id=self._call_id,
            customer_id=self._customer_id,
            kind=str(note.kind),
            words=note.words,
            at_ms=note.at_ms,
            at=now,
            data=dict(note.data),
        )
        async with self._db.write() as session:
            session.add(row)
            if self._late is not None and await is_late(session, self._attempt_id):
                await apply(session, row, self._late(row, now), now)


async def lines(session: AsyncSession, attempt_id: str) -> Sequence[JournalRow]:
    """What one attempt wrote and nobody has settled yet, in order."""
    found = await session.exec(
        select(JournalRow)
        .where(col(JournalRow.attempt_id) == attempt_id, col(JournalRow.settled).is_(False))
        .order_by(col(JournalRow.at), col(JournalRow.at_ms), col(JournalRow.id))
    )
    return found.all()
