"""Carries recalls into the running calls of a media process, and reports who had heard what was recalled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from callbot.clock import Clock
from callbot.conversation.recall import RecallBook, heard
from callbot.conversation.result import Turn
from callbot.store import recalls
from callbot.store.database import Database
from callbot.store.tables import Recall, RecallHeard

_log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""A recall reaches every running call within this time, a query and the sentence being spoken."""
_KEPT = timedelta(days=7)
"""A sentence stays recalled for so long; a withdrawn offer stays off the sheet anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A call as it stands."""

    call_id: str
    customer_id: str
    turns: tuple[Turn, ...]


class RecallWatch:
    """`run` beside the calls. `running` gives those of this process."""

    def __init__(
        self, db: Database, clock: Clock, book: RecallBook, running: Callable[[], Iterable[Running]]
    ) -> None:
        self._db = db
        self._clock = clock
        self._book = book
        self._running = running
        self._known: set[str] = set()

    async def run(self) -> None:
        """Until cancelled; a database that does not answer is asked again."""
        while True:
            try:
                await self.look()
            except Exception as error:
                _log.warning("recall.look_failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Apply what is new; how many recalls that was."""
        async with self._db.read() as session:
            found = await recalls.since(session, self._clock.now() - _KEPT)
        new = [recall for recall in found if recall.id not in self._known]
        for recall in new:
            self._known.add(recall.id)
            if recall.kind == "offer":
                self._book.withdraw_offer(recall.value)
            else:
                self._book.withdraw_line(recall.value)
            await self._report(recall)
        return len(new)

    async def _report(self, recall: Recall) -> None:
        rows = [
            RecallHeard(
                recall_id=recall.id,
                call_id=call.call_id,
                customer_id=call.customer_id,
                at_ms=turn.start_ms,
                words=turn.heard,
            )
            for call in self._running()
            if (turn := heard(call.turns, recall.kind, recall.value)) is not None
        ]
        if rows:
            async with self._db.write() as session:
                await recalls.heard_by(session, recall.id, rows)
