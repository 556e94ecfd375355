"""What the desk remembers: the same promises in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from store_rows import a_customer

from callbot.store.database import Database
from callbot.store.desk import SqlDeskStore
from callbot.store.tables import Transfer
from handoff.offer import Brief, TransferOffer, WrapUp
from handoff.presence import AgentStatus, Presence
from handoff.store import DeskStore
from handoff.testing import MemoryDeskStore

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=20)


def offer(offer_id: str = "o1") -> TransferOffer:
    return TransferOffer(
        id=offer_id,
        call_id="call-1",
        customer_id="c1",
        reason="complaint",
        skill="complaint",
        priority=1,
        brief=Brief(why="客户投诉", customer="王女士", own_words="没人来安装", own_words_ms=(1_000, 2_500)),
    )


async def sign_in(store: DeskStore, *names: str) -> None:
    for name in names:
        await store.sign_in(
            AgentStatus(id=name, name=name, skills={"complaint": 3}, presence=Presence.AVAILABLE), NOW
        )


async def presence(store: DeskStore, agent_id: str) -> Presence:
    return {agent.id: agent.presence for agent in await store.agents()}[agent_id]


async def connected(store: DeskStore) -> None:
    await sign_in(store, "a1")
    await store.open(offer(), NOW)
    assert await store.ring("o1", "a1", NOW)
    assert await store.accept("o1", "a1", NOW)
    assert await store.connect("o1", "a1", NOW)


class DeskStorePromises:
    """The suite; subclasses give the `store`."""

    async def test_the_good_way(self, store: DeskStore) -> None:
        await sign_in(store, "a1")
        await store.open(offer(), NOW)
        seen = []
        assert await store.ring("o1", "a1", NOW)
        seen.append(await presence(store, "a1"))
        assert await store.accept("o1", "a1", NOW)
        seen.append(await presence(store, "a1"))
        assert await store.connect("o1", "a1", NOW)
        assert await store.end("o1", LATER)
        seen.append(await presence(store, "a1"))
        assert await store.finish("o1", WrapUp(outcome="considering", note="下周再联系"), LATER)
        seen.append(await presence(store, "a1"))
        assert seen == [Presence.RINGING, Presence.BUSY, Presence.WRAP_UP, Presence.AVAILABLE]
        assert (await store.agents())[0].idle_since == LATER

    async def test_one_offer_is_accepted_once_whoever_asks(self, store: DeskStore) -> None:
        await sign_in(store, "a1", "a2")
        await store.open(offer(), NOW)
        assert await store.ring("o1", "a1", NOW)
        won = await asyncio.gather(*(store.accept("o1", name, NOW) for name in ("a2", "a1", "a2", "a1")))
        assert sorted(won) == [False, False, False, True]
        assert await presence(store, "a1") is Presence.BUSY
        assert await presence(store, "a2") is Presence.AVAILABLE

    async def test_an_accept_after_the_timeout_loses(self, store: DeskStore) -> None:
        await sign_in(store, "a1", "a2")
        await store.open(offer(), NOW)
        assert await store.ring("o1", "a1", NOW)
        assert await store.miss("o1", "a1", NOW)
        assert not await store.accept("o1", "a1", NOW)
        assert await store.ring("o1", "a2", NOW)
        assert not await store.accept("o1", "a1", NOW)
        assert await store.accept("o1", "a2", NOW)
        assert await presence(store, "a1") is Presence.BREAK

    async def test_one_agent_is_rung_for_one_offer(self, store: DeskStore) -> None:
        await sign_in(store, "a1")
        await store.open(offer("o1"), NOW)
        await store.open(offer("o2"), NOW)
        rung = await asyncio.gather(store.ring("o1", "a1", NOW), store.ring("o2", "a1", NOW))
        assert sorted(rung) == [False, True]

    async def test_a_ring_for_an_offer_that_is_gone_leaves_the_agent_alone(self, store: DeskStore) -> None:
        await sign_in(store, "a1")
        await store.open(offer(), NOW)
        assert await store.abandon("o1", NOW)
        assert not await store.ring("o1", "a1", NOW)
        assert await presence(store, "a1") is Presence.AVAILABLE

    async def test_a_declining_agent_stays_available(self, store: DeskStore) -> None:
        await sign_in(store, "a1")
        await store.open(offer(), NOW)
        await store.ring("o1", "a1", NOW)
        assert await store.decline("o1", "a1", "正在处理别的投诉", NOW)
        assert await presence(store, "a1") is Presence.AVAILABLE
        assert await store.give_up("o1", "declined", NOW)
        assert not await store.ring("o1", "a1", NOW)

    @pytest.mark.parametrize("how_far", ["offered", "ringing", "accepted"])
    async def test_an_abandoned_offer_frees_its_agent(self, store: DeskStore, how_far: str) -> None:
        await sign_in(store, "a1")
        await store.open(offer(), NOW)
        if how_far != "offered":
            await store.ring("o1", "a1", NOW)
        if how_far == "accepted":
            await store.accept("o1", "a1", NOW)
        assert await store.abandon("o1", NOW)
        assert await presence(store, "a1") is Presence.AVAILABLE
        assert not await store.accept("o1", "a1", NOW)
        assert not await store.abandon("o1", NOW)

    async def test_connected_customers_are_not_abandoned(self, store: DeskStore) -> None:
        await connected(store)
        assert not await store.abandon("o1", NOW)
        assert not await store.give_up("o1", "failed", NOW)
        assert await presence(store, "a1") is Presence.BUSY

    async def test_an_agent_who_left_is_not_brought_back_by_the_end(self, store: DeskStore) -> None:
        await connected(store)
        await store.sign_out("a1", "", NOW)
        assert await store.end("o1", LATER)
        assert await store.finish("o1", WrapUp(), LATER)
        assert await presence(store, "a1") is Presence.OFFLINE

    async def test_an_offer_ringing_at_an_agent_who_left_rings_on_elsewhere(self, store: DeskStore) -> None:
        await sign_in(store, "a1", "a2")
        await store.open(offer(), NOW)
        await store.ring("o1", "a1", NOW)
        await store.sign_out("a1", "", NOW)
        assert not await store.accept("o1", "a1", NOW)
        assert await store.ring("o1", "a2", NOW)

    async def test_agents_choose_only_outside_of_calls(self, store: DeskStore) -> None:
        await sign_in(store, "a1")
        assert await store.choose_presence("a1", Presence.BREAK, NOW)
        assert await store.choose_presence("a1", Presence.AVAILABLE, LATER)
        assert await store.choose_presence("a1", Presence.AVAILABLE, LATER + timedelta(hours=1))
        assert (await store.agents())[0].idle_since == LATER
        assert not await store.choose_presence("a1", Presence.BUSY, NOW)
        await store.open(offer(), NOW)
        await store.ring("o1", "a1", NOW)
        assert not await store.choose_presence("a1", Presence.BREAK, NOW)

    async def test_a_late_form_counts_for_its_own_agent_only(self, store: DeskStore) -> None:
        await connected(store)
        form = WrapUp(note="已经道歉")
        assert not await store.amend("o1", "a1", form)
        await store.end("o1", LATER)
        await store.finish("o1", WrapUp(), LATER)
        assert not await store.amend("o1", "a2", form)
        assert await store.amend("o1", "a1", form)

    async def test_a_restart_leaves_nobody_ringing_or_busy(self, store: DeskStore) -> None:
        await connected(store)
        await sign_in(store, "a2")
        await store.open(offer("o2"), NOW)
        await store.ring("o2", "a2", NOW)
        await store.start_over("", LATER)
        assert {agent.presence for agent in await store.agents()} == {Presence.OFFLINE}
        assert not await store.accept("o2", "a2", LATER)
        assert not await store.end("o1", LATER)


class TestMemoryDeskStore(DeskStorePromises):
    @pytest.fixture
    def store(self) -> DeskStore:
        return MemoryDeskStore()


class TestSqlDeskStore(DeskStorePromises):
    @pytest.fixture
    async def store(self, database: Database) -> DeskStore:
        async with database.write() as session:
            session.add(
                a_customer(NOW, id="c1", brand="云杉家电", phone_hash="0" * 64, phone_masked="+86100****0001")
            )
        return SqlDeskStore(database)

    async def test_a_transfer_row_tells_the_whole_story(self, store: DeskStore, database: Database) -> None:
        await connected(store)
        await store.end("o1", LATER)
        await store.finish("o1", WrapUp(outcome="considering", note="下周再联系"), LATER)
        async with database.read() as session:
            row = await session.get(Transfer, "o1")
        assert row is not None
        assert (row.state, row.result, row.agent_id) == ("done", "connected", "a1")
        assert (row.offered_at, row.ringing_at, row.accepted_at, row.connected_at) == (NOW, NOW, NOW, NOW)
        assert row.ended_at == LATER
        assert row.brief["own_words_ms"] == [1_000, 2_500]
        assert row.wrap_up["note"] == "下周再联系"
