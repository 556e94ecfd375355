"""Keeps the ledger filled a little ahead of the lines, so that pause and priority act at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from callbot.clock import Clock
from callbot.outreach.batch_life import finish_if_over
from callbot.outreach.batch_watch import watch
from callbot.outreach.contacts import as_contact
from callbot.outreach.permit import Block, Rule, permit
from callbot.outreach.policy import Purpose, policy_for
from callbot.outreach.rank import call_priority
from callbot.store import batches, contacts, ledger, members
from callbot.store.contacts import ContactFacts
from callbot.store.database import Database, Session
from callbot.store.tables import Batch

_CHUNK = 50
"""Rows in one write transaction: nobody waits long for the lock."""
_FIRST = 20
"""Rows looked at first: they tell whether nobody may be called now."""
_WAKE = 500
"""Members whose block has ended that one transaction makes ready again."""
_LOOK_AT = 1000
"""Members looked at in one tick."""
_WATCH_EVERY = timedelta(seconds=5)
_CLOSED = (Rule.WINDOW, Rule.CALENDAR, Rule.BATCH_DAYS)
"""Rules that object to everybody at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What one tick did."""

    queued: int
    blocked: int


class Planner:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._watched: dict[str, datetime] = {}

    async def tick(self, batch_id: str, ahead: int) -> Planned:
        """Queue members by priority until `ahead` rows are due, and write down who is blocked and why.

        Before that the circuit breaker looks at what came of the last calls. A batch with nobody left is done.
        """
        queued = blocked = looked = 0
        await self._watch(batch_id)
        await self._wake(batch_id)
        while looked < _LOOK_AT:
            now = self._clock.now()
            async with self._db.read() as session:
                batch = await batches.get(session, batch_id)
                if batch is None or batch.state != "running":
                    break
                room = ahead - await ledger.due_count(session, batch_id, now, at_most=ahead)
                if room <= 0:
                    break
                share = min(_CHUNK, looked + min(_FIRST, 2 * room))
                ids = await members.candidates(session, batch_id, limit=share)
                found = await contacts.facts(session, batch_id, ids, now)
            if not ids:
                await finish_if_over(self._db, batch_id, now)
                break
            looked += len(ids)
            blocks: dict[str, Block] = {}
            allowed: list[ContactFacts] = []
            for customer_id in ids:
                decision = _decide(batch, found[customer_id], now)
                if isinstance(decision, Block):
                    blocks[customer_id] = decision
                elif len(allowed) < room:
                    allowed.append(found[customer_id])
            async with self._db.write() as session:
                queued += await _queue(session, batch, allowed, now)
                await members.block_untried(session, batch_id, _blocked(blocks, found))
            blocked += len(blocks)
            if len(allowed) == room:
                break
            if len(blocks) == len(ids) and all(block.rule in _CLOSED for block in blocks.values()):
                break  # nothing is open: the others would say the same
        return Planned(queued=queued, blocked=blocked)

    async def _watch(self, batch_id: str) -> None:
        now = self._clock.now()
        last = self._watched.get(batch_id)
        if last is None or abs(now - last) >= _WATCH_EVERY:
            self._watched[batch_id] = now
            await watch(self._db, batch_id, now)

    async def _wake(self, batch_id: str) -> None:
        async with self._db.read() as session:
            due = await members.next_wake(session, batch_id)
        now = self._clock.now()
        if due is not None and due <= now:
            async with self._db.write() as session:
                await members.wake(session, batch_id, now=now, limit=_WAKE)


def _decide(batch: Batch, facts: ContactFacts, now: datetime) -> Block | None:
    policy = policy_for(facts.customer.industry, batch.policy, where=f"batch {batch.id}: policy")
    decision = permit(as_contact(facts, Purpose(batch.purpose)), policy, now)
    return decision if isinstance(decision, Block) else None


async def _queue(session: Session, batch: Batch, allowed: list[ContactFacts], now: datetime) -> int:
    """Put these people into the ledger; how many were not in it already."""
    ids = [facts.customer.id for facts in allowed]
    if not ids:
        return 0
    await contacts.lock_customers(session, ids)
    known = await ledger.latest(session, batch.id, ids)
    fresh = [facts.customer for facts in allowed if facts.customer.id not in known]
    await ledger.enqueue_first(
        session,
        batch_id=batch.id,
        purpose=batch.purpose,
        priorities={person.id: call_priority(person.priority, person.low_priority) for person in fresh},
        now=now,
    )
    await members.tried(session, batch.id, ids)
    return len(fresh)


def _blocked(blocks: dict[str, Block], found: dict[str, ContactFacts]) -> list[members.Blocked]:
    people = {customer_id: found[customer_id].customer for customer_id in blocks}
    return [
        members.Blocked(
            customer_id=customer_id,
            rule=block.rule,
            until=block.until,
            because=block.because,
            policy=block.policy,
            rank=-call_priority(people[customer_id].priority, people[customer_id].low_priority),
        )
        for customer_id, block in blocks.items()
    ]
