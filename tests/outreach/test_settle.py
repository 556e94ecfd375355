"""Everything that follows from a call is written together, once, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from outreach_world import NOW, Watch, attempt, everything, journalled, number, result, rows, under_way
from sqlalchemy import event
from sqlalchemy.engine import Engine

from asr_tts.testing_voice import FakeVoice
from callbot.conversation.event_log import EventLog
from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.conversation.result import CallResult, GuardBlock, TransferResult, Turn
from callbot.conversation.speaking import Speaking
from callbot.outreach.case import Ended
from callbot.outreach.settle import Settler
from callbot.store.database import Database
from callbot.store.tables import (
    Attempt,
    Call,
    CallTurn,
    Customer,
    DoNotContact,
    FollowUp,
    GuardBlockRow,
    JournalRow,
    OfferRow,
    Outbox,
    Tag,
)

COMPLAINT = TransferResult(
    transfer_id="t1", reason="complaint", result="connected", agent_id="agent-7", bridged_ms=30_000
)


async def settle(db: Database, attempt_id: str, talked: CallResult, **fields: Any) -> None:
    ended = Ended(attempt_id=attempt_id, outcome=talked.outcome, result=talked, **fields)
    assert await Settler(db, Watch(NOW + timedelta(minutes=2))).settle(ended) is not None


async def test_a_complaint_with_do_not_call_is_paused_and_blacklisted(database: Database) -> None:
    async with database.write() as session:
        session.add(
            OfferRow(code="sorry50", industry="ecommerce", title="致歉券", compensation=True, created_at=NOW)
        )
    attempt_id = await under_way(database)
    await journalled(database, attempt_id, "complaint", "东西坏了没人管")
    await journalled(database, attempt_id, "do_not_call", "别再打了")
    await settle(database, attempt_id, result(Outcome.TRANSFERRED, transfers=(COMPLAINT,)))

    follow_ups = {row.kind: row for row in await rows(database, FollowUp)}
    assert [row.kind for row in follow_ups.values() if row.leading] == ["blacklist"]
    case = follow_ups["complaint_pause_30d"]
    assert (case.owner, case.state) == ("complaint-desk", "open")
    assert case.due_at == NOW + timedelta(hours=24, minutes=2)
    assert [offer["code"] for offer in case.detail["compensation"]] == ["sorry50"]
    assert case.detail["words"] == "东西坏了没人管"
    (listed,) = await rows(database, DoNotContact)
    assert (listed.scope, listed.words, listed.source) == ("all", "别再打了", attempt_id)
    (customer,) = await rows(database, Customer)
    assert listed.phone_hash == customer.phone_hash
    assert customer.complaint_pause_until == NOW + timedelta(days=30, minutes=2)
    (done,) = await rows(database, Attempt)
    assert (done.state, done.outcome) == ("done", "do_not_call")
    assert all(row.settled for row in await rows(database, JournalRow))


async def test_what_a_call_found_out_stands_in_its_record_and_its_task(database: Database) -> None:
    attempt_id = await under_way(database, named_agent="agent-3")
    found = {"关系温度": "平", "遇到的困难": "老要等"}
    ended = result(Outcome.INTERESTED, findings=found, unanswered=("电机几瓦",))
    await settle(database, attempt_id, ended)

    (call,) = await rows(database, Call)
    assert (call.summary["findings"], call.summary["unanswered"]) == (found, ["电机几瓦"])
    (follow_up,) = await rows(database, FollowUp)
    assert (follow_up.detail["findings"], follow_up.detail["unanswered"]) == (found, ["电机几瓦"])


async def test_the_call_its_turns_tags_and_the_message_outside_are_written(database: Database) -> None:
    attempt_id = await under_way(database, named_agent="agent-3")
    await settle(database, attempt_id, result(Outcome.INTERESTED, concern="价格"), call={"recording": "r.wav"})

    (call,) = await rows(database, Call)
    assert (call.outcome, call.duration_ms, call.flow_version, call.recording) == (
        "interested",
        20_000,
        3,
        "r.wav",
    )
    assert [turn.text for turn in sorted(await rows(database, CallTurn), key=lambda turn: turn.position)] == [
        "您好",
        "好",
    ]
    assert {tag.name: tag.value for tag in await rows(database, Tag)} == {
        "触达结果": "未成功但有意愿",
        "意向反馈": "需求明确",
    }
    (follow_up,) = await rows(database, FollowUp)
    assert (follow_up.kind, follow_up.owner) == ("assign_agent_24h", "agent-3")
    assert follow_up.due_at == NOW + timedelta(hours=24, minutes=2)
    (message,) = await rows(database, Outbox, kind="attempt.settled")
    assert message.idempotency_key == f"{attempt_id}:interested"
    assert number(1) not in str(message.payload)


async def test_the_proof_of_the_disclosure_is_kept(sqlite_database: Database) -> None:
    attempt_id = await under_way(sqlite_database)
    told = Turn(
        speaker="bot", text="我是智能客服", heard="我是智能客服", start_ms=0, end_ms=2100, act="disclosure"
    )
    await settle(sqlite_database, attempt_id, result(Outcome.REFUSED, turns=(told,)))
    (call,) = await rows(sqlite_database, Call)
    assert call.disclosure_ms == 2100


async def test_a_second_settling_changes_nothing(database: Database) -> None:
    attempt_id = await under_way(database)
    await settle(database, attempt_id, result(Outcome.REFUSED))
    before = await everything(database)
    again = Ended(attempt_id=attempt_id, outcome=Outcome.INTERESTED, result=result(Outcome.INTERESTED))
    assert await Settler(database, Watch()).settle(again) is None
    assert await everything(database) == before


async def test_an_error_at_any_statement_leaves_nothing(sqlite_database: Database) -> None:
    """Fails the 1st, 2nd, 3rd... statement in turn until none is left to fail."""
    db = sqlite_database
    attempt_id = await under_way(db)
    await journalled(db, attempt_id, "complaint", "坏了")
    await journalled(db, attempt_id, "do_not_call", "别打了", scope="voice")
    before = await everything(db)
    talked = result(Outcome.TRANSFERRED, transfers=(COMPLAINT,))
    ended = Ended(attempt_id=attempt_id, outcome=talked.outcome, result=talked)

    fail_at, seen = 1, 0

    def fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal seen
        if statement.startswith(("PRAGMA", "BEGIN")):
            return
        seen += 1
        if seen == fail_at:
            raise RuntimeError(f"statement {fail_at}")

    event.listen(Engine, "before_cursor_execute", fail)
    try:
        while True:
            seen = 0
            try:
                await Settler(db, Watch()).settle(ended)
                break
            except RuntimeError:
                pass
            fail_at, failed = 10**9, fail_at
            assert await everything(db) == before, f"statement {failed} left something behind"
            fail_at = failed + 1
    finally:
        event.remove(Engine, "before_cursor_execute", fail)
    assert fail_at > 15
    assert await everything(db) != before


async def test_a_booked_call_back_is_a_promise_with_a_row_in_the_ledger(database: Database) -> None:
    attempt_id = await under_way(database)
    wanted = NOW + timedelta(days=1, hours=5)  # 15:00 in Shanghai
    await settle(
        database, attempt_id, result(Outcome.CALLBACK, callback_at=wanted, callback_spoken="明天下午三点")
    )
    (follow_up,) = await rows(database, FollowUp)
    assert (follow_up.kind, follow_up.due_at, follow_up.detail["spoken"]) == (
        "schedule_callback",
        wanted,
        "明天下午三点",
    )
    (queued,) = await rows(database, Attempt, state="queued")
    assert (queued.seq, queued.purpose, queued.due_at) == (2, "requested", wanted)
    assert queued.permit["requested_by"] == follow_up.id


async def test_a_call_back_at_night_moves_to_the_morning(database: Database) -> None:
    attempt_id = await under_way(database)
    night = NOW + timedelta(hours=12)  # 22:00
    await settle(database, attempt_id, result(Outcome.CALLBACK, callback_at=night))
    (queued,) = await rows(database, Attempt, state="queued")
    assert queued.due_at == NOW + timedelta(hours=23)  # 09:00


async def test_a_human_who_was_promised_calls_back_instead_of_the_bot(database: Database) -> None:
    attempt_id = await under_way(database)
    await journalled(database, attempt_id, "complaint", "没人管")
    missed = replace(COMPLAINT, result="no_agent", agent_id=None)
    await settle(database, attempt_id, result(Outcome.CALLBACK, transfers=(missed,)))
    kinds = {row.kind: row.owner for row in await rows(database, FollowUp)}
    assert kinds == {"schedule_callback": "complaint-desk", "complaint_pause_30d": "complaint-desk"}
    assert await rows(database, Attempt, state="queued") == []


async def test_a_kept_promise_closes_its_follow_up(database: Database) -> None:
    attempt_id = await under_way(database)
    wanted = NOW + timedelta(hours=3)
    await settle(database, attempt_id, result(Outcome.CALLBACK, callback_at=wanted))
    (queued,) = await rows(database, Attempt, state="queued")
    async with database.write() as session:
        row = await session.get_one(Attempt, queued.id)
        row.state, row.dialing_at, row.answered_at = "in_call", wanted, wanted
    await settle(database, queued.id, result(Outcome.INTERESTED))
    states = {row.kind: row.state for row in await rows(database, FollowUp)}
    assert states == {"schedule_callback": "done", "assign_agent_24h": "open"}


async def test_what_was_heard_before_a_crash_counts(database: Database) -> None:
    attempt_id = await under_way(database)
    await journalled(database, attempt_id, "do_not_call", "别再打电话，发短信可以", scope="voice")
    crashed = Ended(attempt_id=attempt_id, outcome=Outcome.INTERRUPTED, cause="worker-lost", interrupted=True)
    assert await Settler(database, Watch()).settle(crashed) is not None
    (row,) = await rows(database, Attempt)
    assert (row.state, row.outcome, row.cause) == ("interrupted", "do_not_call", "worker-lost")
    (listed,) = await rows(database, DoNotContact)
    assert listed.scope == "voice"


async def test_a_crashed_call_keeps_what_the_guard_stopped(database: Database, tmp_path: Path) -> None:
    attempt_id = await under_way(database)
    async with database.write() as session:
        (await session.get_one(Call, "call-1")).event_log = "events/call-1.jsonl"
    stopped = GuardBlock(
        at_ms=4200,
        text="给您打五折",
        violations=(("五折", "折扣不在优惠表"),),
        instead="有一个回归优惠",
        step="pitch",
        act="offer",
    )
    path = tmp_path / "events" / "call-1.jsonl"
    with EventLog(path) as log:
        log.event("turn", 1000, text='你说什么 "guard-blocked" 呀')
        speaking = Speaking(
            voice=FakeVoice(),
            fallback=None,
            check=lambda text, sheet: (),
            log=log,
            now_ms=lambda: 4200,
            voice_s=1,
        )
        speaking.blocked([stopped])
    with path.open("a", encoding="utf-8") as torn:
        torn.write('{"at_ms": 9000, "event": "guard-blocked", "te')
    crashed = Ended(attempt_id=attempt_id, outcome=Outcome.INTERRUPTED, cause="worker-lost", interrupted=True)
    assert await Settler(database, Watch(), data=tmp_path).settle(crashed) is not None
    (kept,) = await rows(database, GuardBlockRow)
    assert (kept.call_id, kept.at_ms, kept.text, kept.instead) == (
        "call-1",
        4200,
        "给您打五折",
        "有一个回归优惠",
    )
    assert kept.violations == [{"span": "五折", "why": "折扣不在优惠表"}]
    assert (kept.step, kept.act) == ("pitch", "offer")


async def test_a_crashed_call_is_settled_though_its_log_is_elsewhere(
    sqlite_database: Database, tmp_path: Path
) -> None:
    attempt_id = await under_way(sqlite_database)
    async with sqlite_database.write() as session:
        (await session.get_one(Call, "call-1")).event_log = "events/call-1.jsonl"
    crashed = Ended(attempt_id=attempt_id, outcome=Outcome.INTERRUPTED, cause="worker-lost", interrupted=True)
    assert await Settler(sqlite_database, Watch(), data=tmp_path).settle(crashed) is not None
    assert await rows(sqlite_database, GuardBlockRow) == []


@pytest.mark.parametrize(
    ("outcome", "cause", "due"),
    [
        (Outcome.BUSY, "busy", timedelta(minutes=20)),
        (Outcome.NO_ANSWER, "no_answer", timedelta(hours=4)),  # 14:00, the afternoon
        (Outcome.REJECTED, "rejected", timedelta(days=1, hours=4)),  # next day, other part
        (Outcome.POWER_OFF, "power_off", timedelta(hours=23)),  # next day, as soon as it opens
        (Outcome.NETWORK, "network", timedelta(minutes=5)),
        (Outcome.VOICEMAIL, "voicemail", timedelta(hours=4)),
        (Outcome.SUSPENDED, "suspended", timedelta(days=30)),
    ],
)
async def test_who_was_not_reached_is_tried_again_by_cause(
    sqlite_database: Database, outcome: Outcome, cause: str, due: timedelta
) -> None:
    attempt_id = await under_way(sqlite_database, in_call=False)
    ended = Ended(attempt_id=attempt_id, outcome=outcome, cause=cause)
    assert await Settler(sqlite_database, Watch()).settle(ended) is not None
    (queued,) = await rows(sqlite_database, Attempt, state="queued")
    assert (queued.seq, queued.due_at) == (2, NOW + due)
    (follow_up,) = await rows(sqlite_database, FollowUp)
    assert (follow_up.kind, follow_up.due_at) == ("retry_later", NOW + due)


async def test_an_empty_number_is_never_dialled_again(sqlite_database: Database) -> None:
    attempt_id = await under_way(sqlite_database, in_call=False)
    ended = Ended(attempt_id=attempt_id, outcome=Outcome.INVALID_NUMBER, cause="invalid_number")
    await Settler(sqlite_database, Watch()).settle(ended)
    (customer,) = await rows(sqlite_database, Customer)
    assert (customer.number_valid, customer.number_note) == (False, "空号")
    assert await rows(sqlite_database, Attempt, state="queued") == []


async def test_two_rejections_are_a_soft_no(sqlite_database: Database) -> None:
    db = sqlite_database
    attempt_id = await under_way(db, in_call=False)
    (row,) = await rows(db, Attempt)
    await attempt(
        db,
        row.batch_id,
        row.customer_id,
        seq=9,
        state="done",
        outcome="rejected",
        cause="rejected",
        dialing_at=NOW - timedelta(days=1),
    )
    await Settler(db, Watch()).settle(Ended(attempt_id=attempt_id, outcome=Outcome.REJECTED, cause="rejected"))
    (customer,) = await rows(db, Customer)
    assert customer.no_touch_until == NOW + timedelta(days=30)
    assert customer.low_priority


async def test_silence_leads_to_a_second_push_and_then_to_a_human(sqlite_database: Database) -> None:
    db = sqlite_database
    attempt_id = await under_way(db, in_call=False)
    (row,) = await rows(db, Attempt)
    for seq in (8, 9):
        await attempt(
            db,
            row.batch_id,
            row.customer_id,
            seq=seq,
            state="done",
            outcome="no_answer",
            cause="no_answer",
            dialing_at=NOW - timedelta(days=10 - seq),
        )
    silent = Ended(attempt_id=attempt_id, outcome=Outcome.NO_ANSWER, cause="no_answer")
    await Settler(db, Watch()).settle(silent)
    (push,) = await rows(db, FollowUp)
    assert (push.kind, push.due_at) == ("push_offer_3d", NOW + timedelta(days=3))
    later = await attempt(
        db, row.batch_id, row.customer_id, seq=20, state="dialing", dialing_at=NOW + timedelta(days=4)
    )
    await Settler(db, Watch(NOW + timedelta(days=4))).settle(
        Ended(attempt_id=later, outcome=Outcome.NO_ANSWER, cause="no_answer")
    )
    assert FollowUpKind.ASSIGN_AGENT_24H in {one.kind for one in await rows(db, FollowUp)}


async def test_gone_within_three_seconds_is_not_a_conversation(sqlite_database: Database) -> None:
    attempt_id = await under_way(sqlite_database)
    gone = result(Outcome.NO_ANSWER, duration_ms=1800, ended_by="callee", turns=())
    await settle(sqlite_database, attempt_id, gone)
    (done,) = await rows(sqlite_database, Attempt, state="done")
    assert (done.outcome, done.cause) == ("rejected", "early_hang_up")
