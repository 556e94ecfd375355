"""Keeps the ledger filled a little ahead of the lines, so that pause and priority act at once."""

from __future__ import annotations

from dataclasses import dataclass

from callbot.clock import Clock
from callbot.outreach.contacts import as_contact
from callbot.outreach.permit import Block, permit
from callbot.outreach.policy import Purpose, policy_for
from callbot.store import batches, contacts, ledger
from callbot.store.database import Database

_CHUNK = 20
"""Rows in one write transaction: nobody waits long for the lock."""
_LOOK_AT = 1000
"""Members looked at in one tick."""
LOW_PRIORITY = 1_000_000
"""Whoever refused before is called after everybody else (R144)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What one tick did."""

    queued: int
    blocked: int


class Planner:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def tick(self, batch_id: str, ahead: int) -> Planned:
        """Queue members by priority until `ahead` rows are due, and write down who is blocked and why."""
        queued = blocked = looked = 0
        while looked < _LOOK_AT:
            now = self._clock.now()
            async with self._db.read() as session:
                batch = await batches.get(session, batch_id)
                if batch is None or batch.state != "running":
                    break
                room = ahead - await ledger.due_count(session, batch_id, now)
                if room <= 0:
                    break
                ids = await batches.candidates(session, batch_id, now=now, limit=_CHUNK)
                found = await contacts.facts(session, batch_id, ids, now)
            if not ids:
                break
            looked += len(ids)
            async with self._db.write() as session:
                for customer_id in ids:
                    facts = found[customer_id]
                    customer = facts.customer
                    policy = policy_for(customer.industry, batch.policy, where=f"batch {batch_id}: policy")
                    decision = permit(as_contact(facts, Purpose(batch.purpose)), policy, now)
                    if isinstance(decision, Block):
                        blocked += 1
                        await batches.block(
                            session,
                            batch_id,
                            customer_id,
                            rule=decision.rule,
                            until=decision.until,
                            because=decision.because,
                        )
                    elif room > 0:
                        await contacts.lock_customer(session, customer_id)
                        row = await ledger.enqueue(
                            session,
                            batch_id=batch_id,
                            customer_id=customer_id,
                            purpose=batch.purpose,
                            priority=customer.priority - (LOW_PRIORITY if customer.low_priority else 0),
                            due_at=now,
                            now=now,
                        )
                        await batches.block(session, batch_id, customer_id, rule="", until=None, because="")
                        room -= row is not None
                        queued += row is not None
        return Planned(queued=queued, blocked=blocked)
