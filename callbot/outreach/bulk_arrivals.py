"""What lists brought in, concluded from like what arrives one by one: one door, in small pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from callbot.audience.assessing import assess_base
from callbot.audience.score.case import Scorer
from callbot.audience.score.scorecard import SCORECARD
from callbot.audience.tags.apply import apply_to_some
from callbot.audience.upgrade import LARGE_FEN
from callbot.clock import Clock
from callbot.outreach.arrivals import arrived
from callbot.outreach.sequence_file import LONGEST_DAYS, touches_in_force
from callbot.store import arrivals, intake
from callbot.store.arrivals import Waiting
from callbot.store.customers import CustomerFilter
from callbot.store.database import Database, Session

_PAGE = 1_000
"""Rows looked at together."""
_TOGETHER = 3
"""Customers concluded about one by one in one transaction: nobody waits long for the store."""


async def conclude_arrivals(
    db: Database,
    clock: Clock,
    scorer: Scorer = SCORECARD,
    *,
    limit: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Draw the conclusions from rows that lists brought in; how many customers were looked at.

    Whoever is in a batch, a sequence or a follow-up, was reached lately, or bought for a lot goes through
    `arrived`, one by one; all others who were judged before are judged and tagged in bulk; whoever was never
    judged waits for the first assessment. A crash leaves the notes of what was not concluded. Safe to run in
    several processes at once. `limit` bounds the pages. Source: R105, R134.
    """
    done = 0
    while limit is None or limit > 0:
        now = clock.now()
        async with db.read() as session:
            page = await arrivals.waiting(
                session, limit=_PAGE, answered_since=now - timedelta(days=LONGEST_DAYS), large_fen=LARGE_FEN
            )
            starting = {
                industry: await _starting(session, industry)
                for industry in sorted({each.industry for each in page})
            }
        if not page:
            break
        single = [each for each in page if each.in_play or each.kinds & starting[each.industry]]
        bulk = [each for each in page if each not in single]
        for some in _pieces(single):
            await _one_by_one(db, some, clock.now(), scorer)
        await _in_bulk(db, bulk, clock, scorer)
        done += len(page)
        limit = None if limit is None else limit - 1
        if progress:
            progress(done)
    return done


async def _starting(session: Session, industry: str) -> frozenset[str]:
    """Kinds of events that begin a sequence of this industry."""
    touches = await touches_in_force(session, industry)
    return frozenset(kind for sequence in touches.sequences for kind in sequence.events)


def _pieces(people: Sequence[Waiting]) -> list[Sequence[Waiting]]:
    return [people[start : start + _TOGETHER] for start in range(0, len(people), _TOGETHER)]


async def _one_by_one(db: Database, people: Sequence[Waiting], now: datetime, scorer: Scorer) -> None:
    notes = {note: stored for person in people for note, stored in person.rows}
    async with db.write() as session:
        mine = await arrivals.take(session, notes)
        stored = [notes[note] for note in notes if note in mine]
        for customer_id, happened in sorted((await intake.happened(session, stored)).items()):
            await arrived(session, customer_id, happened, now, scorer)


async def _in_bulk(db: Database, people: Sequence[Waiting], clock: Clock, scorer: Scorer) -> None:
    """The notes go last: what a crash interrupts is done again."""
    if ids := tuple(person.customer_id for person in people if person.judged):
        await assess_base(db, clock, CustomerFilter(ids=ids), scorer, processes=0)
        await apply_to_some(db, ids, clock.now())
    if notes := [note for person in people for note, _ in person.rows]:
        async with db.write() as session:
            await arrivals.take(session, notes)
