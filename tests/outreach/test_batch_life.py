"""A batch to its end: it keeps its lines, its desk and its trunk, and stops by itself when it must."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from outreach_world import NOW, Watch, attempt, person, rows, running_batch, station

from callbot.outreach.batch import BatchState, cancel, finish_if_over, launch, pause, resume
from callbot.outreach.batch_status import status
from callbot.outreach.batch_watch import watch
from callbot.outreach.claim import Taken, claim
from callbot.outreach.dialler import Dialler
from callbot.outreach.permit import Block, Permit, Rule
from callbot.outreach.planner import Planner
from callbot.outreach.progress import Dialling, Progress
from callbot.outreach.room import Wait
from callbot.outreach.trunk import TrunkLine
from callbot.store import cases
from callbot.store.database import Database
from callbot.store.tables import (
    Agent,
    Alarm,
    Attempt,
    Batch,
    BatchMember,
    Call,
    FollowUp,
    Outbox,
    Transfer,
    Trunk,
)


async def people(db: Database, count: int, **columns: Any) -> list[str]:
    return [await person(db, index, **columns) for index in range(1, count + 1)]


async def queued(db: Database, count: int, *, batch: dict[str, Any] | None = None) -> tuple[str, list[Attempt]]:
    """A running batch whose members are all in the ledger."""
    ids = await people(db, count)
    batch_id = await running_batch(db, ids, **{"lines": 100, **(batch or {})})
    for customer_id in ids:
        await attempt(db, batch_id, customer_id)
    return batch_id, await rows(db, Attempt)


async def take(
    db: Database, row: Attempt, *, trunk: TrunkLine | None = None, has_slot: bool = False, **at: float
) -> Permit | Block | Taken | Wait:
    return await claim(
        db,
        row,
        worker_id="worker-1",
        token=f"token-{row.id}",
        opener={},
        now=NOW + timedelta(**at),
        trunk=trunk,
        has_slot=has_slot,
    )


async def test_claims_at_the_same_moment_never_exceed_the_lines(database: Database) -> None:
    _, found = await queued(database, 6, batch={"lines": 2})
    taken = await asyncio.gather(*(take(database, row) for row in found))
    assert sum(isinstance(one, Permit) for one in taken) == 2
    waits = [one for one in taken if isinstance(one, Wait)]
    assert {wait.because for wait in waits} == {"批次的 2 路都在通话"}
    assert len(await rows(database, Attempt, state="dialing")) == 2
    assert len(await rows(database, Attempt, state="queued", error="")) == 4


async def test_calls_of_all_batches_never_exceed_what_the_desk_absorbs(database: Database) -> None:
    """Nothing measured yet and one agent: the prior's bound allows four calls."""
    skills = {"complaint": 3, "care": 3, "sales": 3, "general": 3}
    async with database.write() as session:
        session.add(Agent(id="agent-1", name="小林", skills=skills, presence="available"))
    first, found = await queued(database, 4)
    second = await running_batch(database, [row.customer_id for row in found], lines=100)
    others = [await person(database, index) for index in (11, 12, 13)]
    async with database.write() as session:
        session.add_all(BatchMember(batch_id=second, customer_id=customer_id) for customer_id in others)
    for customer_id in others:
        await attempt(database, second, customer_id)
    found += await rows(database, Attempt, batch_id=second)
    taken = await asyncio.gather(*(take(database, row) for row in found))
    assert sum(isinstance(one, Permit) for one in taken) == 4
    waits = [one for one in taken if isinstance(one, Wait)]
    assert len(waits) == 3
    assert all("坐席空闲 1 人" in wait.because for wait in waits)
    shown = await status(database, first, NOW)
    assert (shown.without_human, shown.pace.in_flight) == (4, 4)

    # One of them is with the agent: the desk has it, and the agent counts as talking.
    talking = (await rows(database, Attempt, state="dialing"))[0]
    async with database.write() as session:
        row = await session.get_one(Attempt, talking.id)
        row.state, row.answered_at = "in_call", NOW
        session.add(row)
        session.add(
            Call(
                id="call-1",
                attempt_id=talking.id,
                customer_id=talking.customer_id,
                flow="f",
                flow_version=1,
                started_at=NOW,
            )
        )
        session.add(
            Transfer(
                call_id="call-1",
                customer_id=talking.customer_id,
                reason="complaint",
                skill="complaint",
                priority=1,
                state="connected",
                agent_id="agent-1",
                offered_at=NOW,
            )
        )
        agent = await session.get_one(Agent, "agent-1")
        agent.presence = "busy"
        session.add(agent)
    later = await status(database, first, NOW)
    assert later.without_human == 3
    assert "通话 1 人" in later.pace.because


async def test_what_a_customer_asked_for_does_not_wait_for_the_desk(sqlite_database: Database) -> None:
    db = sqlite_database
    ids = await people(db, 2)
    stop = {"pacing": {"stop_without_agents": True}}
    batch_id = await running_batch(db, ids, lines=5, policy=stop)
    async with db.write() as session:
        session.add(
            FollowUp(
                id="promise",
                customer_id=ids[0],
                kind="schedule_callback",
                owner="system",
                due_at=NOW,
                created_at=NOW,
            )
        )
    await attempt(
        db, batch_id, ids[0], id="a-promised", purpose="requested", permit={"requested_by": "promise"}
    )
    await attempt(db, batch_id, ids[1], id="b-planned")
    promised, planned = sorted(await rows(db, Attempt), key=lambda row: row.id)
    assert isinstance(await take(db, promised), Permit)
    wait = await take(db, planned)
    assert isinstance(wait, Wait)
    assert "没有坐席在线" in wait.because


async def test_calls_begin_at_the_pace_of_the_trunk_whoever_places_them(database: Database) -> None:
    line = TrunkLine(name="carrier-a", calls_per_second=2)
    _, found = await queued(database, 4)
    taken = await asyncio.gather(*(take(database, row, trunk=line) for row in found))
    assert sum(isinstance(one, Permit) for one in taken) == 1
    waits = sorted(
        ((one.until, row) for row, one in zip(found, taken, strict=True) if isinstance(one, Wait)),
        key=lambda pair: pair[0],
    )
    assert [until - NOW for until, _ in waits] == [timedelta(seconds=s) for s in (0.5, 1.0, 1.5)]
    for until, row in waits:
        seconds = (until - NOW).total_seconds()
        assert isinstance(await take(database, row, trunk=line, has_slot=True, seconds=seconds), Permit)
    (kept,) = await rows(database, Trunk)
    assert (kept.name, kept.free_at) == ("carrier-a", NOW + timedelta(seconds=2))
    assert {row.trunk for row in await rows(database, Attempt)} == {"carrier-a"}


async def test_the_decision_is_stored_with_the_attempt(sqlite_database: Database) -> None:
    db = sqlite_database
    _, (row,) = await queued(db, 1, batch={"policy": {"caps": {"answered_per_7d": 1}}})
    decision = await take(db, row)
    assert isinstance(decision, Permit)
    (stored,) = await rows(db, Attempt)
    assert stored.permit["policy"] == decision.policy
    assert decision.policy.startswith("cn/1+")
    assert stored.permit["at"] == NOW.isoformat()
    assert (stored.permit["answered"], stored.permit["attempts"]) == (0, 0)
    assert len(stored.permit["consents"]) == 1


async def test_a_cancelled_batch_closes_its_queue_and_keeps_its_promises(database: Database) -> None:
    ids = await people(database, 3)
    batch_id = await running_batch(database, ids, name="秋季唤醒", lines=3)
    async with database.write() as session:
        session.add(
            FollowUp(
                id="promise",
                customer_id=ids[1],
                kind="schedule_callback",
                owner="system",
                due_at=NOW,
                created_at=NOW,
            )
        )
    waiting = await attempt(database, batch_id, ids[0])
    promised = await attempt(
        database, batch_id, ids[1], purpose="requested", permit={"requested_by": "promise"}, worker_id="w"
    )
    talking = await attempt(
        database, batch_id, ids[2], state="in_call", dialing_at=NOW, worker_id="w", dial_token="t"
    )
    left = await cancel(database, batch_id, NOW)
    assert (left.closed, left.promised) == (1, 1)
    states = {row.id: (row.state, row.batch_id) for row in await rows(database, Attempt)}
    assert waiting not in states
    assert states[talking] == ("in_call", batch_id)
    assert states[promised] == ("queued", left.promises_in)
    (home,) = await rows(database, Batch, id=left.promises_in)
    assert (home.state, home.name, home.flow) == ("running", "秋季唤醒（已约定的回拨）", "winback/test")
    (row,) = await rows(database, Attempt, id=promised)
    assert isinstance(await take(database, row), Permit)
    assert not await finish_if_over(database, left.promises_in, NOW)
    with pytest.raises(BatchState, match="已经结束"):
        await cancel(database, batch_id, NOW)
    with pytest.raises(BatchState, match="已取消"):
        await launch(database, batch_id, NOW)


async def test_a_batch_is_done_by_itself_when_nobody_is_left(database: Database) -> None:
    ids = await people(database, 2)
    blocked = await person(database, 9, consent=False)
    batch_id = await running_batch(database, [*ids, blocked])
    planner = Planner(database, Watch())
    planned = await planner.tick(batch_id, 10)
    assert (planned.queued, planned.blocked) == (2, 1)
    assert not await finish_if_over(database, batch_id, NOW)
    async with database.write() as session:
        for row in await rows(database, Attempt):
            row.state = "done"
            session.add(row)
    await planner.tick(batch_id, 10)
    (batch,) = await rows(database, Batch)
    assert (batch.state, batch.ended_at) == ("done", NOW)


async def test_a_batch_calls_within_its_days_and_ends_with_them(sqlite_database: Database) -> None:
    db, clock = sqlite_database, Watch()
    ids = await people(db, 2)
    days: dict[str, Any] = {"starts_on": date(2026, 11, 18), "ends_on": date(2026, 11, 19)}
    batch_id = await running_batch(db, ids, **days)
    planner = Planner(db, clock)
    assert (await planner.tick(batch_id, 1)).queued == 0
    (first, _) = await rows(db, BatchMember)
    assert (first.blocked_by, first.state) == (Rule.BATCH_DAYS, "waiting")
    assert first.blocked_because == "批次从 2026-11-18 开始"
    clock.moment = NOW + timedelta(days=1)
    assert (await planner.tick(batch_id, 1)).queued == 1
    (row,) = await rows(db, Attempt)
    late = await take(db, row, days=3)
    assert isinstance(late, Block)
    assert (late.rule, late.because) == (Rule.BATCH_DAYS, "批次已于 2026-11-19 截止")
    clock.moment = NOW + timedelta(days=4)  # the 19th has ended in every zone
    assert await finish_if_over(db, batch_id, clock.now())
    assert (await rows(db, Batch))[0].state == "done"


async def test_a_member_whose_block_ends_is_looked_at_again(sqlite_database: Database) -> None:
    db, clock = sqlite_database, Watch(NOW.replace(hour=5))  # 13:00 in Shanghai: closed until 14:00
    ids = await people(db, 45)
    batch_id = await running_batch(db, ids)
    planner = Planner(db, clock)
    assert (await planner.tick(batch_id, 100)).blocked == 20, "one look tells that everything is closed"
    waiting = [row for row in await rows(db, BatchMember) if row.state == "waiting"]
    assert {(row.blocked_by, row.blocked_policy) for row in waiting} == {("window", "cn/1")}
    clock.moment = NOW.replace(hour=6)
    assert (await planner.tick(batch_id, 100)).queued == 45
    order = [row.customer_id for row in sorted(await rows(db, Attempt), key=lambda row: -row.priority)]
    assert order == ids


async def ended(db: Database, count: int, *, answered: bool = False, **columns: Any) -> str:
    """A running batch of which so many attempts ended a minute ago, each on the trunk `carrier-a`."""
    ids = await people(db, count)
    batch_id = await running_batch(db, ids)
    for index, customer_id in enumerate(ids):
        attempt_id = await attempt(
            db,
            batch_id,
            customer_id,
            **{
                "state": "done",
                "dialing_at": NOW - timedelta(minutes=2),
                "answered_at": NOW - timedelta(minutes=2) if answered else None,
                "ended_at": NOW - timedelta(minutes=1),
                "trunk": "carrier-a",
                "outcome": "considering",
                **columns,
            },
        )
        if answered:
            async with db.write() as session:
                session.add(
                    Call(
                        id=f"call-{index}",
                        attempt_id=attempt_id,
                        customer_id=customer_id,
                        flow="f",
                        flow_version=1,
                        started_at=NOW - timedelta(minutes=2),
                        duration_ms=4000,
                        ended_by="callee",
                    )
                )
    return batch_id


@pytest.mark.parametrize(
    ("columns", "fault", "said"),
    [
        ({"outcome": "network", "cause": "network"}, "carrier", "线路故障 30 次"),
        ({"answered": True}, "hang_ups", "5 秒内挂断 30 通"),
        ({"answered": True, "outcome": "do_not_call"}, "complaints", "投诉或要求勿扰 30 通"),
    ],
)
async def test_the_breaker_pauses_tells_and_does_not_resume_by_itself(
    database: Database, columns: dict[str, Any], fault: str, said: str
) -> None:
    batch_id = await ended(database, 30, **columns)
    clock = Watch()
    await Planner(database, clock).tick(batch_id, 5)
    (batch,) = await rows(database, Batch)
    assert batch.state == "paused"
    assert said in batch.paused_because
    (message,) = await rows(database, Outbox, kind="batch.paused")
    assert (message.payload["batch_id"], message.payload["fault"]) == (batch_id, fault)
    (alarm,) = await rows(database, Alarm)
    assert (alarm.kind, alarm.about, alarm.customer_id, alarm.owner) == (
        "batch_tripped",
        batch_id,
        None,
        "supervisor",
    )
    assert said in alarm.note
    async with database.read() as session:
        (listed,) = await cases.alarms(session)
        assert await cases.waiting_alarms(session) == 1
    assert (listed.name, listed.phone_masked) == (batch.name, "")
    assert await watch(database, batch_id, NOW) is None, "told once"
    for go_on in (launch, resume):
        with pytest.raises(BatchState, match="熔断暂停"):
            await go_on(database, batch_id, NOW)
    await resume(database, batch_id, NOW, reason="运营商已修复")
    assert await watch(database, batch_id, NOW) is None, "what was judged before does not count again"
    (batch,) = await rows(database, Batch)
    assert (batch.state, batch.paused_because) == ("running", "")
    assert batch.history[-1]["what"].startswith("熔断后恢复")
    assert "运营商已修复" in batch.history[-1]["what"]


async def test_a_trunk_that_fails_stops_every_batch_that_uses_it(sqlite_database: Database) -> None:
    db = sqlite_database
    broken = await ended(db, 30, outcome="network", cause="network")
    other_customer = await person(db, 77)
    other = await running_batch(db, [other_customer])
    await attempt(
        db,
        other,
        other_customer,
        state="done",
        outcome="network",
        cause="network",
        dialing_at=NOW,
        ended_at=NOW - timedelta(seconds=5),
        trunk="carrier-a",
    )
    opened = await watch(db, other, NOW)
    assert opened is not None
    assert opened.because.startswith("线路 carrier-a：")
    unrelated = await running_batch(db, [other_customer])
    assert await watch(db, unrelated, NOW) is None
    assert await watch(db, broken, NOW) is not None


async def test_pausing_by_hand_needs_no_reason_to_go_on(sqlite_database: Database) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 1))
    await pause(db, batch_id, NOW, reason="午间会议")
    await resume(db, batch_id, NOW)
    (batch,) = await rows(db, Batch)
    assert [entry["what"] for entry in batch.history] == ["暂停：午间会议", "恢复"]
    with pytest.raises(BatchState, match="只有已暂停的批次"):
        await resume(db, batch_id, NOW)


async def test_the_batch_of_the_higher_priority_is_served_first(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """The later batch has the less valuable customers and goes first all the same."""
    db = sqlite_database
    ids = await people(db, 6)
    usual = await running_batch(db, ids[:3], lines=1)
    urgent = await running_batch(db, ids[3:], lines=1, priority=10, created_at=NOW + timedelta(hours=1))
    planner = Planner(db, Watch())
    for batch_id in (usual, urgent):
        assert (await planner.tick(batch_id, 10)).queued == 3
    dialled: list[str] = []

    def seen(event: Progress) -> None:
        if isinstance(event, Dialling):
            dialled.append(event.customer_id)
            if len(dialled) == 6:
                dialler.stop()

    dialler = Dialler(station(db, tmp_path), seen, max_calls=1)
    while any(True for _ in await rows(db, Attempt, state="queued")) and not dialler.stopped:
        await dialler.look()
        await dialler.wait()
    await dialler.wind_down()
    assert dialled[0] in ids[3:]
    assert sum(customer_id in ids[3:] for customer_id in dialled[:3]) == 3
