"""The ledger lets exactly one dial an attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from store_rows import a_batch, a_call, a_customer

from callbot.clock import SystemClock
from callbot.conversation.result import JournalKind, Note
from callbot.store import contacts, ledger, reservation, workers
from callbot.store.database import Database
from callbot.store.journal import DatabaseJournal, lines
from callbot.store.tables import Attempt, BatchMember, Call, Customer

NOW = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)


async def seed(db: Database, people: int = 1, *, state: str = "running", batch_id: str = "batch") -> None:
    async with db.write() as session:
        session.add(a_batch(NOW, id=batch_id, name="b", flow="f", state=state))
        for index in range(people):
            if await session.get(Customer, f"c{index}") is None:
                session.add(a_customer(NOW, id=f"c{index}", name="王", brand="x", timezone="Asia/Shanghai"))
        await session.flush()
        for index in range(people):
            session.add(BatchMember(batch_id=batch_id, customer_id=f"c{index}"))


async def enqueue(
    db: Database, customer_id: str = "c0", *, priority: int = 0, due: datetime = NOW, batch_id: str = "batch"
) -> str | None:
    async with db.write() as session:
        await contacts.lock_customer(session, customer_id)
        return await ledger.enqueue(
            session,
            batch_id=batch_id,
            customer_id=customer_id,
            purpose="marketing",
            priority=priority,
            due_at=due,
            now=NOW,
        )


async def claim(db: Database, attempt_id: str, worker: str, token: str) -> bool:
    async with db.write() as session:
        return await ledger.claim(
            session, attempt_id, worker_id=worker, token=token, permit={}, opener={}, now=NOW
        )


async def reserve(db: Database, limit: int, without: Sequence[str] = ()) -> list[str]:
    async with db.write() as session:
        found = await reservation.reserve(
            session, batch_id="batch", worker_id="w", now=NOW, limit=limit, without=without
        )
        return [row.id for row in found]


def call(attempt_id: str) -> Call:
    return a_call(NOW, id="call", attempt_id=attempt_id, customer_id="c0", flow="f")


async def test_of_many_claimers_one_wins(database: Database) -> None:
    await seed(database)
    attempt_id = await enqueue(database)
    assert attempt_id is not None
    won = await asyncio.gather(*(claim(database, attempt_id, f"w{n}", f"t{n}") for n in range(6)))
    assert sum(won) == 1
    async with database.read() as session:
        row = await session.get_one(Attempt, attempt_id)
    assert (row.state, row.worker_id) == ("dialing", f"w{won.index(True)}")


async def test_two_planners_queue_one_attempt(database: Database) -> None:
    await seed(database)
    made = await asyncio.gather(*(enqueue(database) for _ in range(4)))
    assert sum(attempt_id is not None for attempt_id in made) == 1


async def test_a_row_past_queued_is_never_claimed_again(database: Database) -> None:
    await seed(database)
    attempt_id = await enqueue(database)
    assert attempt_id is not None
    for state in ("dialing", "in_call", "done", "interrupted"):
        async with database.write() as session:
            (await session.get_one(Attempt, attempt_id)).state = state
        assert not await claim(database, attempt_id, "w", f"token-{state}")


async def test_nobody_is_claimed_while_the_batch_is_paused(database: Database) -> None:
    await seed(database, state="paused")
    attempt_id = await enqueue(database)
    assert attempt_id is not None
    assert not await claim(database, attempt_id, "w", "t")
    assert not await reserve(database, 5)


async def test_one_person_is_on_one_line_at_a_time(database: Database) -> None:
    await seed(database)
    await seed(database, batch_id="other")
    first, second = await enqueue(database), await enqueue(database, batch_id="other")
    assert first is not None
    assert second is not None
    assert await claim(database, first, "w1", "t1")
    assert not await claim(database, second, "w2", "t2")


async def test_the_most_urgent_due_row_comes_first(database: Database) -> None:
    await seed(database, 4)
    await enqueue(database, "c0", priority=1)
    urgent = await enqueue(database, "c1", priority=9)
    await enqueue(database, "c2", priority=99, due=NOW + timedelta(minutes=1))
    old = await enqueue(database, "c3", priority=1, due=NOW - timedelta(hours=1))
    assert urgent is not None
    assert await reserve(database, 2) == [urgent, old]
    assert await reserve(database, 1, without=[urgent]) == [old]


async def test_only_the_dial_that_was_answered_gets_the_call(database: Database) -> None:
    await seed(database)
    attempt_id = await enqueue(database)
    assert attempt_id is not None
    assert await claim(database, attempt_id, "w", "right")
    for token, expected in (("wrong", False), ("right", True), ("right", False)):
        async with database.write() as session:
            assert (
                await ledger.answered(session, attempt_id, token=token, call=call(attempt_id), now=NOW)
                is expected
            )
    async with database.read() as session:
        row = await session.get_one(Attempt, attempt_id)
        assert (row.state, row.answered_at) == ("in_call", NOW)
        assert await session.get(Call, "call") is not None


async def test_a_withdrawn_row_makes_room_and_a_dialled_one_stays(database: Database) -> None:
    await seed(database)
    attempt_id = await enqueue(database)
    assert attempt_id is not None
    async with database.write() as session:
        assert await ledger.withdraw(session, attempt_id)
    again = await enqueue(database)
    assert again is not None
    assert await claim(database, again, "w", "t")
    async with database.write() as session:
        assert not await ledger.withdraw(session, again)
        assert not await ledger.postpone(session, again, until=NOW, because="x")


async def test_open_rows_of_the_dead_are_found_and_those_of_the_living_left(database: Database) -> None:
    await seed(database, 3)
    for index, worker in enumerate(("dead", "living", "unknown")):
        attempt_id = await enqueue(database, f"c{index}")
        assert attempt_id is not None
        assert await claim(database, attempt_id, worker, f"t{index}")
    async with database.write() as session:
        await workers.register(session, "dead", media_url="ws://a", now=NOW - timedelta(minutes=2))
        await workers.register(session, "living", media_url="ws://b", now=NOW)
    async with database.write() as session:
        assert await workers.reap(session, silent_since=NOW - timedelta(seconds=30)) == 1
        assert await workers.reap(session, silent_since=NOW - timedelta(seconds=30)) == 0
        assert not await workers.beat(session, "dead", NOW)
    async with database.read() as session:
        found = await ledger.open_attempts(session, living=await workers.living(session))
    assert {row.worker_id for row in found} == {"dead", "unknown"}


async def test_a_journal_line_is_there_for_everybody_once_written(database: Database) -> None:
    await seed(database)
    attempt_id = await enqueue(database)
    assert attempt_id is not None
    journal = DatabaseJournal(
        database, attempt_id=attempt_id, call_id="call", customer_id="c0", clock=SystemClock()
    )
    await journal.write(Note(kind=JournalKind.DO_NOT_CALL, words="别再打了", at_ms=1200, data={"scope": "all"}))
    async with database.read() as session:
        (line,) = await lines(session, attempt_id)
    assert (line.kind, line.words, line.data) == ("do_not_call", "别再打了", {"scope": "all"})
