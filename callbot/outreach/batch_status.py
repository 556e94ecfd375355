"""How a batch stands at this moment: its members, its pace and what keeps it, its circuit breaker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from callbot.outreach.batch_life import existing
from callbot.outreach.batch_watch import record
from callbot.outreach.breaker import Breaker, Record
from callbot.outreach.pacing import Pace, pace
from callbot.outreach.policy import policy_for
from callbot.outreach.room import SKILLS, measure
from callbot.store import ledger, members
from callbot.store import pace as rows
from callbot.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """What `callbot batch show` says above the members."""

    members: Mapping[str, int]
    """By state: ready, waiting, never, tried."""
    attempts: Mapping[str, int]
    """By state of the ledger."""
    under_way: int
    """Calls of this batch."""
    without_human: int
    """Calls of all batches that no human has taken: what the pace bounds."""
    pace: Pace
    breaker: Breaker
    record: Record
    """What ended in the breaker's window."""


async def status(db: Database, batch_id: str, now: datetime) -> BatchStatus:
    """The batch at `now` (UTC). Changes nothing. Raises `BatchState` when there is no such batch."""
    async with db.read() as session:
        batch = await existing(session, batch_id)
        policy = policy_for("", batch.policy, where=f"batch {batch_id}: policy")
        calls = await rows.under_way(session)
        return BatchStatus(
            members=await members.states(session, batch_id),
            attempts=await ledger.counts(session, batch_id),
            under_way=calls.get(batch_id, 0),
            without_human=sum(calls.values()) - await rows.bridged(session),
            pace=pace(await measure(session), policy.pacing, batch.lines, SKILLS),
            breaker=policy.breaker,
            record=await record(
                session, policy.breaker, now, watched_from=batch.watched_from, batch_id=batch_id
            ),
        )
