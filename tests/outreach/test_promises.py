"""What was promised and heard is a row with a due time, an owner, and what keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from aftermath_world import Aftermath, day
from outreach_world import NOW, Watch, journalled, result, rows, under_way

from callbot.conversation.labels import Outcome
from callbot.conversation.promises import was_heard
from callbot.conversation.prompt_use import PromptUse
from callbot.conversation.result import CallResult, GuardBlock, JournalKind, Note, TransferResult, Turn
from callbot.outreach.case import Ended
from callbot.outreach.late_words import late_words
from callbot.outreach.settle import Settler
from callbot.outreach.tasks import done
from callbot.store.database import Database
from callbot.store.journal import DatabaseJournal
from callbot.store.tables import Alarm, Attempt, Call, CallTurn, FollowUp, GuardBlockRow, Outbox, Promise

CONTACT = "好的，我记下了，稍后会有专属顾问跟您联系"
CALL = "好的，我们明天下午三点给您打过来"
USE = PromptUse(
    prompt="transition",
    version="1.0.0",
    sha256="ab" * 32,
    model="tiny",
    server="primary",
    tokens_in=100,
    tokens_out=20,
    cost=360,
    metered=True,
    ms=120,
)


def promised(what: str, words: str, at_ms: int = 9000, data: Mapping[str, Any] | None = None) -> Note:
    return Note(kind=JournalKind.PROMISE, words=words, at_ms=at_ms, data={"what": what, **(data or {})})


def talked(outcome: Outcome, *notes: Note, **fields: Any) -> CallResult:
    """A call whose last bot turn are the words of the last note."""
    words, at_ms = (notes[-1].words, notes[-1].at_ms) if notes else ("", 0)
    turns = (
        Turn(speaker="callee", text="行", heard="行", start_ms=100, end_ms=500),
        Turn(
            speaker="bot", text=f"{words}。再见。", heard=words, start_ms=1000, end_ms=at_ms, interrupted=True
        ),
    )
    return result(outcome, notes=notes, turns=turns, **fields)


@pytest.fixture
def world(database: Database) -> Aftermath:
    return Aftermath(database)


async def only(world: Aftermath) -> Promise:
    (found,) = await rows(world.db, Promise)
    assert isinstance(found, Promise)
    return found


@pytest.mark.parametrize(
    ("heard", "so"),
    [
        ("好的，我们明天下午三点给您打过来，先不打扰您了，再见。", True),
        ("好的，我们明天下午三点给您打过来，先", True),
        ("好的，我们明天下午三点给您打过来", True),
        ("好的，我们明天下午三点给您打", False),
        ("好的", False),
        ("", False),
    ],
)
def test_a_promise_counts_once_it_is_out_whatever_becomes_of_the_goodbye(heard: str, so: bool) -> None:
    assert was_heard("好的，我们明天下午三点给您打过来，先不打扰您了，再见。", heard) is so


@pytest.mark.parametrize(
    ("outcome", "what", "keeper", "days", "owner"),
    [
        (Outcome.INTERESTED, "agent_contact", "assign_agent_24h", 1, "sales-desk"),
        (Outcome.CONSIDERING, "message", "push_offer_3d", 5, "system"),
        (Outcome.CONSIDERING, "agent_contact", "assign_agent_24h", 1, "sales-desk"),
        (Outcome.INTERESTED, "message", "push_offer_3d", 5, "system"),
        (Outcome.INTERESTED, "offer", "assign_agent_24h", 1, "sales-desk"),
        (Outcome.INTERRUPTED, "complaint_answer", "assign_agent_24h", 1, "sales-desk"),
    ],
)
async def test_every_promise_has_what_keeps_it(
    world: Aftermath, outcome: Outcome, what: str, keeper: str, days: int, owner: str
) -> None:
    await world.call(outcome, talked=talked(outcome, promised(what, CONTACT)))
    promise = await only(world)
    assert (promise.kind, promise.words, promise.state, promise.owner) == (what, CONTACT, "open", owner)
    assert promise.due_at == day(days)
    assert promise.turn == 1
    assert promise.call_id == "call-1"
    assert promise.follow_up_id == (await world.only(keeper)).id


async def test_what_was_committed_counts_when_the_call_is_lost(world: Aftermath) -> None:
    attempt_id = await under_way(world.db)
    await journalled(world.db, attempt_id, "promise", CONTACT, what="agent_contact")
    ended = Ended(attempt_id=attempt_id, outcome=Outcome.INTERRUPTED, cause="worker-lost", interrupted=True)
    assert await Settler(world.db, Watch()).settle(ended) is not None
    promise = await only(world)
    assert (promise.kind, promise.turn) == ("agent_contact", None)
    assert promise.follow_up_id == (await world.only("assign_agent_24h")).id


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.DO_NOT_CALL, Outcome.WRONG_NUMBER])
async def test_who_wants_no_more_contact_is_owed_none(world: Aftermath, outcome: Outcome) -> None:
    await world.call(outcome, talked=talked(outcome, promised("agent_contact", CONTACT)))
    assert (await only(world)).state == "void"
    assert "assign_agent_24h" not in await world.kinds()
    assert await world.tick(day(3)) == 0
    assert await rows(world.db, Alarm) == []


async def test_an_answering_machine_was_promised_nothing(world: Aftermath) -> None:
    await world.call(Outcome.VOICEMAIL, talked=talked(Outcome.VOICEMAIL, promised("agent_contact", CONTACT)))
    assert await rows(world.db, Promise) == []


async def test_a_promised_call_is_kept_by_the_call(world: Aftermath) -> None:
    notes = (
        Note(
            kind=JournalKind.CALLBACK,
            words="明天下午三点吧",
            at_ms=8000,
            data={"when": day(1).isoformat(), "spoken": "明天下午三点"},
        ),
        promised("callback", CALL),
    )
    customer_id = await world.call(
        Outcome.CALLBACK, talked=talked(Outcome.CALLBACK, *notes, callback_at=day(1))
    )
    promise = await only(world)
    assert (promise.due_at, promise.owner) == (day(1), "system")
    (again,) = await rows(world.db, Attempt, customer_id=customer_id, state="queued")
    async with world.db.write() as session:
        row = await session.get_one(Attempt, again.id)
        row.state, row.dialing_at, row.answered_at = "in_call", day(1), day(1)
        session.add(row)
        session.add(
            Call(
                id="call-9",
                attempt_id=again.id,
                customer_id=customer_id,
                flow="f",
                flow_version=1,
                started_at=day(1),
            )
        )
    await world.settle(again.id, result(Outcome.CONSIDERING), day(1))
    promise = await only(world)
    assert (promise.state, promise.kept_by, promise.kept_at) == ("kept", again.id, day(1))


async def test_another_time_voids_the_earlier_one(world: Aftermath) -> None:
    notes = (promised("callback", "好的，我们今晚给您打过来", 4000), promised("callback", CALL, 9000))
    await world.call(Outcome.CALLBACK, talked=talked(Outcome.CALLBACK, *notes, callback_at=day(1)))
    states = {row.words: row.state for row in await rows(world.db, Promise)}
    assert states == {"好的，我们今晚给您打过来": "void", CALL: "open"}


async def test_a_human_who_does_it_keeps_the_promise(world: Aftermath) -> None:
    await world.call(Outcome.INTERESTED, talked=talked(Outcome.INTERESTED, promised("agent_contact", CONTACT)))
    task = await world.only("assign_agent_24h")
    await done(world.db, task.id, by="agent-7", note="已联系", now=day(0.5))
    promise = await only(world)
    assert (promise.state, promise.kept_by, promise.kept_at) == ("kept", task.id, day(0.5))


async def test_a_late_human_has_broken_it_and_one_alarm_says_so(world: Aftermath) -> None:
    await world.call(Outcome.INTERESTED, talked=talked(Outcome.INTERESTED, promised("agent_contact", CONTACT)))
    await world.tick(day(1) - timedelta(minutes=1))
    assert (await only(world)).state == "open"
    await world.tick(day(1) + timedelta(minutes=1))
    assert (await only(world)).state == "broken"
    assert [alarm.kind for alarm in await rows(world.db, Alarm)] == ["follow_up_overdue"]
    task = await world.only("assign_agent_24h")
    await done(world.db, task.id, by="agent-7", note="已联系", now=day(1.5))
    promise = await only(world)
    assert (promise.state, promise.kept_by) == ("broken", task.id)


async def test_a_promise_that_nothing_keeps_any_more_is_alarmed_once(world: Aftermath) -> None:
    await world.call(Outcome.INTERESTED, talked=talked(Outcome.INTERESTED, promised("agent_contact", CONTACT)))
    task = await world.only("assign_agent_24h")
    async with world.db.write() as session:
        row = await session.get_one(FollowUp, task.id)
        row.state, row.blocked_by = "cancelled", "batch_cancelled"
        session.add(row)
    for hours in (25, 26):
        await world.tick(NOW + timedelta(hours=hours))
    (alarm,) = await rows(world.db, Alarm)
    promise = await only(world)
    assert (alarm.kind, alarm.about, alarm.owner) == ("promise_overdue", promise.id, "sales-desk")
    assert promise.state == "broken"


async def test_a_task_cancelled_by_a_do_not_call_releases_from_it(world: Aftermath) -> None:
    await world.call(Outcome.INTERESTED, talked=talked(Outcome.INTERESTED, promised("agent_contact", CONTACT)))
    task = await world.only("assign_agent_24h")
    async with world.db.write() as session:
        row = await session.get_one(FollowUp, task.id)
        row.state, row.blocked_by = "cancelled", "do_not_call"
        session.add(row)
    await world.tick(day(2))
    assert (await only(world)).state == "void"
    assert await rows(world.db, Alarm) == []


async def test_what_the_agent_promised_is_a_row_of_its_own(world: Aftermath) -> None:
    transfer = TransferResult(
        transfer_id="t1",
        reason="explicit_request",
        result="connected",
        agent_id="agent-7",
        wrap_up={"outcome": "resolved", "promise": "明天寄出新的滤网"},
    )
    await world.call(Outcome.TRANSFERRED, talked=talked(Outcome.TRANSFERRED, transfers=(transfer,)))
    promise = await only(world)
    assert (promise.kind, promise.words, promise.owner) == ("wrap_up", "明天寄出新的滤网", "agent-7")
    assert (promise.due_at, promise.state) == (day(1), "open")
    assert promise.follow_up_id == (await world.only("agent_handles_now")).id


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ((day(0) + timedelta(hours=2)).isoformat().replace("+00:00", "Z"), day(0) + timedelta(hours=2)),
        ((day(3)).astimezone(timezone(timedelta(hours=8))).isoformat(), day(3)),
        ((day(0) - timedelta(hours=2)).isoformat(), day(1)),
        ("2026-03-09T10:00:00", day(1)),
        ("明天", day(1)),
        (17, day(1)),
        (None, day(1)),
    ],
)
async def test_a_promise_is_due_when_the_agent_said_so(world: Aftermath, said: object, due: datetime) -> None:
    transfer = TransferResult(
        transfer_id="t1",
        reason="explicit_request",
        result="connected",
        agent_id="agent-7",
        wrap_up={"outcome": "resolved", "promise": "寄出新的滤网", "promise_due_at": said},
    )
    await world.call(Outcome.TRANSFERRED, talked=talked(Outcome.TRANSFERRED, transfers=(transfer,)))
    assert (await only(world)).due_at == due
    assert (await world.only("agent_handles_now")).due_at == due


async def test_models_and_blocks_are_stored_with_the_call(world: Aftermath) -> None:
    attempt_id = await under_way(world.db)
    async with world.db.write() as session:
        row = await session.get_one(Attempt, attempt_id)
        opener = {name: getattr(USE, name) for name in USE.__dataclass_fields__} | {"failed": "gap"}
        row.opener = {"text": "您好", "prompts": [opener]}
        session.add(row)
    block = GuardBlock(
        at_ms=4200, text="给您打五折", violations=(("五折", "折扣不在优惠表"),), instead="", act="pitch"
    )
    turn = Turn(speaker="bot", text="别急", heard="别急", start_ms=0, end_ms=900, prompts=(USE,))
    over = result(Outcome.CONSIDERING, turns=(turn,), prompts=(USE,), blocks=(block,))
    await world.settle(attempt_id, over)
    (stored,) = await rows(world.db, CallTurn)
    assert [(use["prompt"], use["version"], use["sha256"], use["model"]) for use in stored.prompts] == [
        ("transition", "1.0.0", "ab" * 32, "tiny")
    ]
    (call,) = await rows(world.db, Call)
    account = {"asked": 2, "failed": 1, "unmetered": 0, "tokens_in": 200, "tokens_out": 40, "cost": 720}
    assert call.summary["llm"] == account
    (message,) = await rows(world.db, Outbox, kind="attempt.settled")
    assert message.payload["llm"] == account
    (kept,) = await rows(world.db, GuardBlockRow)
    assert (kept.call_id, kept.text, kept.at_ms) == (call.id, "给您打五折", 4200)
    assert kept.violations == [{"span": "五折", "why": "折扣不在优惠表"}]


async def test_a_promise_that_comes_after_the_settlement_is_registered_too(world: Aftermath) -> None:
    attempt_id = await under_way(world.db)
    lost = Ended(attempt_id=attempt_id, outcome=Outcome.INTERRUPTED, cause="worker-lost", interrupted=True)
    assert await Settler(world.db, Watch()).settle(lost) is not None
    journal = DatabaseJournal(
        world.db,
        attempt_id=attempt_id,
        call_id="call-1",
        customer_id="person-001",
        clock=Watch(day(0.1)),
        late=late_words,
    )
    await journal.write(promised("callback", CALL))
    promise = await only(world)
    assert (promise.kind, promise.words, promise.state, promise.due_at) == ("callback", CALL, "open", day(1.1))
    assert promise.follow_up_id == (await world.only("assign_agent_24h")).id
