"""The span of the past and an even sample of customers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from store_rows import a_customer

from callbot.store.database import Database
from callbot.store.sampling import industries, recorded_span, sampled_ids
from callbot.store.tables import Event, Purchase

NOW = datetime(2026, 3, 2, tzinfo=UTC)


async def _fill(database: Database) -> None:
    async with database.write() as session:
        for index in range(10):
            session.add(
                a_customer(
                    NOW, id=f"c{index}", name="王", industry="finance" if index == 9 else "ecommerce", brand="x"
                )
            )
        await session.flush()
        session.add(Event(customer_id="c1", kind="login", at=NOW - timedelta(days=40)))
        session.add(
            Purchase(customer_id="c2", external_id="o", at=NOW - timedelta(days=3), item="x", amount_fen=1)
        )


async def test_the_past_reaches_from_the_first_to_the_last_record(database: Database) -> None:
    async with database.read() as session:
        assert await recorded_span(session) is None
    await _fill(database)
    async with database.read() as session:
        assert await recorded_span(session) == (NOW - timedelta(days=40), NOW - timedelta(days=3))


async def test_a_sample_is_even_and_always_the_same(database: Database) -> None:
    await _fill(database)
    async with database.read() as session:
        assert await industries(session) == {"ecommerce": 9, "finance": 1}
        assert await sampled_ids(session, "ecommerce", 3) == ["c0", "c3", "c6"]
        assert await sampled_ids(session, "ecommerce", 9) == [f"c{index}" for index in range(9)]
        assert await sampled_ids(session, "finance", 3) == ["c9"]
        assert await sampled_ids(session, "education", 3) == []
