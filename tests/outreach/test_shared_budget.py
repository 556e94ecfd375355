"""Two batches with overlapping people never exceed one person's budget, whoever plans and claims at once.

The caps are stated here again, as counts over every stretch of time, and not asked of the code under test.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from outreach_world import NOW, Watch, person, rows, running_batch

from callbot.outreach.claim import claim
from callbot.outreach.permit import Permit
from callbot.outreach.planner import Planner
from callbot.store import contacts, ledger
from callbot.store.database import Database
from callbot.store.tables import Attempt

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_STEPS = 24


def most_within(times: list[datetime], length: timedelta) -> int:
    """The largest number of moments in any stretch shorter than `length`."""
    return max((sum(start <= at < start + length for at in times) for start in times), default=0)


async def dial(db: Database, row: Attempt, now: datetime, dice: random.Random) -> bool:
    """Claim at the same time as everybody else; True when this one may dial."""
    await asyncio.sleep(dice.random() / 1000)
    decision = await claim(
        db, row, worker_id=f"worker-{row.batch_id}", token=f"{row.id}-{row.seq}", opener={}, now=now
    )
    return isinstance(decision, Permit)


async def settle(db: Database, row: Attempt, now: datetime, dice: random.Random) -> None:
    """It was answered or not, and is tried again soon: as eager as no real retry is."""
    answered = dice.random() < 0.6
    async with db.write() as session:
        stored = await session.get_one(Attempt, row.id)
        stored.state, stored.outcome = "done", "considering" if answered else "no_answer"
        stored.answered_at = now + timedelta(seconds=20) if answered else None
        stored.ended_at = now + timedelta(minutes=2)
        session.add(stored)
        await session.flush()
        await contacts.lock_customer(session, row.customer_id)
        await ledger.enqueue(
            session,
            batch_id=row.batch_id,
            customer_id=row.customer_id,
            purpose="marketing",
            priority=0,
            due_at=now + timedelta(minutes=dice.randint(5, 300)),
            now=now,
        )


@pytest.mark.parametrize("seed", [1])
async def test_two_batches_share_one_budget(database: Database, seed: int) -> None:
    dice, clock = random.Random(seed), Watch(NOW - timedelta(hours=1))
    ids = [await person(database, index) for index in range(1, 6)]
    batches = [
        await running_batch(database, ids[:4], lines=10),
        await running_batch(database, ids[1:], lines=10),
    ]
    dialled = 0
    for _ in range(_STEPS):
        now = clock.now()
        planners = [Planner(database, clock) for _ in batches for _ in range(2)]
        await asyncio.gather(*(planner.tick(batches[index % 2], 10) for index, planner in enumerate(planners)))
        due = [row for row in await rows(database, Attempt, state="queued") if row.due_at <= now]
        won = await asyncio.gather(*(dial(database, row, now, dice) for row in due))
        calling = [row for row, allowed in zip(due, won, strict=True) if allowed]
        assert len({row.customer_id for row in calling}) == len(calling), "one call to a person at a time"
        dialled += len(calling)
        for row in calling:
            await settle(database, row, now, dice)
        clock.moment += timedelta(minutes=dice.choice([7, 25, 90, 240, 700]))

    attempts: dict[str, list[datetime]] = defaultdict(list)
    answered: dict[str, list[datetime]] = defaultdict(list)
    for row in await rows(database, Attempt):
        if row.dialing_at is not None:
            attempts[row.customer_id].append(row.dialing_at)
        if row.answered_at is not None:
            answered[row.customer_id].append(row.answered_at)
    assert dialled >= 12
    for customer_id in ids:
        assert most_within(answered[customer_id], timedelta(days=7)) <= 2
        assert most_within(attempts[customer_id], timedelta(hours=24)) <= 3
        assert most_within(attempts[customer_id], timedelta(days=30)) <= 10
        days = [at.astimezone(_SHANGHAI).date() for at in answered[customer_id]]
        assert len(set(days)) == len(days)
    assert any(most_within(answered[customer_id], timedelta(days=7)) == 2 for customer_id in ids), (
        "caps were reached"
    )
