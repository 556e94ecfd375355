"""What callbot itself does after a call, over days: once, through the permit, and never past a no."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aftermath_world import COMPLAINT, Aftermath, day
from outreach_world import Watch, journalled, number, result, rows, under_way

from callbot.conversation.labels import Outcome
from callbot.conversation.result import TransferResult, Turn
from callbot.outreach.case import Ended
from callbot.outreach.channel import WebhookChannel
from callbot.outreach.follow_ups import work_due
from callbot.outreach.settle import Settler
from callbot.store import contacts
from callbot.store.database import Database
from callbot.store.tables import Alarm, Attempt, Batch, Customer, DoNotContact, Event, FollowUp, Outbox

TALKED = result(
    Outcome.CONSIDERING,
    turns=(
        Turn(
            speaker="bot",
            text="二十元券",
            heard="二十元券",
            start_ms=0,
            end_ms=900,
            offers=("back20",),
        ),
    ),
)


@pytest.fixture
def after(database: Database) -> Aftermath:
    return Aftermath(database)


@pytest.fixture
def later(sqlite_database: Database) -> Aftermath:
    return Aftermath(sqlite_database)


async def test_who_considers_hears_of_the_offer_on_day_3_once(after: Aftermath) -> None:
    await after.offer()
    customer_id = await after.call(Outcome.CONSIDERING, talked=TALKED, external_id="C-1")
    (customer,) = await rows(after.db, Customer)
    assert customer.next_touch_at == day(3)
    await after.tick(day(2.99))
    assert await after.messages() == []

    await after.tick(day(3))
    await after.tick(day(3))
    (message,) = await after.messages()
    assert message.customer_id == customer_id
    assert message.payload["external_id"] == "C-1"
    assert message.payload["offer"] == {"code": "back20", "version": 1}
    assert "回归二十元券" in message.payload["text"]
    assert message.payload["channel"] == "sms"
    assert number(1) not in str(message.payload)
    push = await after.only("push_offer_3d")
    assert (push.state, push.sent_at) == ("sent", day(3))
    assert message.expires_at == day(3) + timedelta(hours=2)  # 12:00, when the window closes
    known = await _facts(after.db, customer_id)
    assert known.attempts_at[-1] <= day(3)
    assert len(known.attempts_at) == 2, "a message uses up the same budget as a call"


async def test_a_batch_for_certain_offers_names_no_other(later: Aftermath) -> None:
    await later.offer(code="best", priority=9, title="老客户专属八折券", discount_percent=20, amount_fen=None)
    await later.offer(code="its-own", title="回归礼包")
    await later.call(Outcome.CONSIDERING, 1)
    await later.call(Outcome.CONSIDERING, 2)
    async with later.db.write() as session:
        first = next(row for row in await rows(later.db, Attempt) if row.customer_id == "person-001")
        (await session.get_one(Batch, first.batch_id)).offers = ["its-own"]
    # Whose reason is not known hears only of what the call named.
    for push in await rows(later.db, FollowUp, kind="push_offer_3d"):
        async with later.db.write() as session:
            row = await session.get_one(FollowUp, push.id)
            row.detail = {**row.detail, "offers": ["best", "its-own"]}
    await later.tick(day(3))
    named = {message.customer_id: message.payload["offer"]["code"] for message in await later.messages()}
    assert named == {"person-001": "its-own", "person-002": "best"}


async def _facts(db: Database, customer_id: str) -> contacts.ContactFacts:
    (batch,) = await rows(db, Batch)
    async with db.read() as session:
        return (await contacts.facts(session, batch.id, [customer_id], day(4)))[customer_id]


async def test_two_control_processes_send_one_message(after: Aftermath) -> None:
    for index in range(1, 6):
        await after.call(Outcome.CONSIDERING, index)
    moved = await asyncio.gather(*(work_due(after.db, WebhookChannel(), day(3)) for _ in range(3)))
    assert sum(moved) == 5
    assert len(await after.messages()) == 5
    assert await after.kinds("sent") == ["push_offer_3d"] * 5


@pytest.mark.parametrize(
    ("when", "goes_out"),
    [
        (day(3) + timedelta(hours=3), day(3) + timedelta(hours=4)),  # 13:00 → 14:00
        (day(3) + timedelta(hours=10), None),  # 20:00 is still allowed for messages
        (day(3) + timedelta(hours=11, minutes=30), day(4)),  # 21:30 on a Friday → Saturday, 10:00
        (day(4) + timedelta(hours=1, minutes=59), None),  # Saturday, 11:59
    ],
)
async def test_a_closed_window_moves_it_to_the_first_moment_that_is_allowed(
    later: Aftermath, when: Any, goes_out: Any
) -> None:
    await later.call(Outcome.CONSIDERING)
    await later.tick(when)
    push = await later.only("push_offer_3d")
    if goes_out is None:
        assert push.state == "sent"
        return
    assert (push.state, push.blocked_by, push.due_at) == ("open", "window", goes_out)
    (customer,) = await rows(later.db, Customer)
    assert customer.next_touch_at == goes_out
    await later.tick(goes_out)
    assert (await later.only("push_offer_3d")).state == "sent"


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"no_touch_until": day(20)}, "refusal_pause"),
        ({"complaint_pause_until": day(20)}, "complaint_pause"),
        ({"number_valid": False}, "number_valid"),
        ({"timezone": None}, "time_zone"),
    ],
)
async def test_what_forbids_it_ends_it_and_names_the_rule(
    later: Aftermath, columns: dict[str, Any], rule: str
) -> None:
    customer_id = await later.call(Outcome.CONSIDERING)
    await later.change(customer_id, **columns)
    await later.tick(day(3))
    push = await later.only("push_offer_3d")
    assert (push.state, push.blocked_by, push.closed_by) == ("cancelled", rule, "system")
    assert push.note
    assert await later.messages() == []


async def test_without_consent_nothing_is_sent(later: Aftermath) -> None:
    await later.call(Outcome.CONSIDERING, consent=False)
    await later.tick(day(3))
    assert (await later.only("push_offer_3d")).blocked_by == "consent"
    assert await later.messages() == []


@pytest.mark.parametrize(
    ("state", "expected"), [("done", "sent"), ("paused", "open"), ("cancelled", "cancelled")]
)
async def test_the_batch_being_over_does_not_end_it_its_cancelling_does(
    later: Aftermath, state: str, expected: str
) -> None:
    await later.call(Outcome.CONSIDERING)
    await _batch(later.db, state)
    await later.tick(day(3))
    assert (await later.only("push_offer_3d")).state == expected
    if state == "paused":
        await _batch(later.db, "running")
        await later.tick(day(3) + timedelta(hours=1))
        assert (await later.only("push_offer_3d")).state == "sent"


async def _batch(db: Database, state: str) -> None:
    async with db.write() as session:
        for batch in await rows(db, Batch):
            (await session.get_one(Batch, batch.id)).state = state


async def test_a_batch_that_stays_paused_lets_the_message_go_stale(later: Aftermath) -> None:
    await later.call(Outcome.CONSIDERING)
    await _batch(later.db, "paused")
    for number_of_days in range(3, 19):
        await later.tick(day(number_of_days))
    push = await later.only("push_offer_3d")
    assert (push.state, push.failed) == ("cancelled", "timing")


async def test_a_no_in_the_meantime_cancels_what_waits_at_once(after: Aftermath) -> None:
    customer_id = await after.call(Outcome.CONSIDERING)
    second = await after.called_again(customer_id, day(1))
    await journalled(after.db, second, "do_not_call", "别再打了")
    await after.settle(second, result(Outcome.DO_NOT_CALL), day(1))
    push = await after.only("push_offer_3d")
    assert (push.state, push.blocked_by) == ("cancelled", "do_not_call")
    (customer,) = await rows(after.db, Customer)
    assert customer.next_touch_at is None
    for number_of_days in (3, 10, 25):
        await after.tick(day(number_of_days))
    assert await after.messages() == []


async def test_silence_after_the_second_push_becomes_a_humans_task(after: Aftermath) -> None:
    await after.unreached(named_agent="agent-3")
    push = await after.only("push_offer_3d")
    assert push.detail["second_push"] is True
    await after.tick(day(3))
    assert len(await after.messages()) == 1
    await after.tick(day(5.9))
    assert "assign_agent_24h" not in await after.kinds()
    await after.tick(day(6))
    await after.tick(day(6))
    task = await after.only("assign_agent_24h")
    assert (task.owner, task.state, task.due_at) == ("agent-3", "open", day(7))
    push = await after.only("push_offer_3d")
    assert (push.state, push.failed) == ("done", "channel")
    (told,) = await rows(after.db, Outbox, kind="follow_up.due")
    assert told.payload["owner"] == "agent-3"


async def test_who_answers_the_second_push_needs_no_human(later: Aftermath) -> None:
    customer_id = await later.unreached()
    await later.tick(day(3))
    await later.did(customer_id, "enquiry", day(4))
    await later.tick(day(6))
    push = await later.only("push_offer_3d")
    assert (push.state, push.failed) == ("done", None)
    assert "assign_agent_24h" not in await later.kinds()


@pytest.mark.parametrize(
    ("opened_after", "failed"),
    [(None, "channel"), (timedelta(hours=1), "content"), (timedelta(days=2), "timing")],
)
async def test_a_message_that_moved_nobody_says_why(
    later: Aftermath, opened_after: timedelta | None, failed: str
) -> None:
    customer_id = await later.call(Outcome.CONSIDERING)
    await later.tick(day(3))
    if opened_after is not None:
        await later.did(customer_id, "message_open", day(3) + opened_after)
    await later.tick(day(10))
    push = await later.only("push_offer_3d")
    assert (push.state, push.failed) == ("done", failed)


@pytest.mark.parametrize(
    ("fate", "state", "failed", "human"),
    [
        ("unwanted", "done", "channel", True),
        ("dead", "done", "channel", True),
        ("withdrawn", "cancelled", None, False),
    ],
)
async def test_a_message_that_does_not_arrive_is_known_at_once(
    after: Aftermath, fate: str, state: str, failed: str | None, human: bool
) -> None:
    await after.unreached()
    await after.tick(day(3))
    async with after.db.write() as session:
        (message,) = await rows(after.db, Outbox, kind="message.send")
        (await session.get_one(Outbox, message.id)).state = fate
    await after.tick(day(3) + timedelta(minutes=1))
    push = await after.only("push_offer_3d")
    assert (push.state, push.failed) == (state, failed)
    assert ("assign_agent_24h" in await after.kinds("open")) is human


# Promised calls


async def _promise(after: Aftermath, days: float = 2) -> FollowUp:
    await after.call(
        Outcome.CALLBACK, talked=result(Outcome.CALLBACK, callback_at=day(days), callback_spoken="后天上午")
    )
    return await after.only("schedule_callback")


async def _lose_the_row(db: Database) -> None:
    async with db.write() as session:
        for row in await rows(db, Attempt, state="queued"):
            await session.delete(await session.get_one(Attempt, row.id))


async def test_a_promised_call_that_has_its_row_is_left_alone(later: Aftermath) -> None:
    await _promise(later)
    assert await later.tick(day(1)) == 0
    assert len(await rows(later.db, Attempt, state="queued")) == 1


async def test_a_promised_call_that_lost_its_row_is_booked_again_once(after: Aftermath) -> None:
    promise = await _promise(after)
    await _lose_the_row(after.db)
    await asyncio.gather(*(work_due(after.db, WebhookChannel(), day(1)) for _ in range(2)))
    (queued,) = await rows(after.db, Attempt, state="queued")
    assert (queued.purpose, queued.due_at) == ("requested", day(2))
    assert queued.permit["requested_by"] == promise.id
    await _lose_the_row(after.db)
    await after.tick(day(1.1))
    promise = await after.only("schedule_callback")
    assert (promise.owner, promise.state) == ("sales-desk", "open")
    assert await rows(after.db, Attempt, state="queued") == []


async def test_a_promise_of_a_batch_that_no_longer_runs_is_a_humans(later: Aftermath) -> None:
    await _promise(later)
    await _batch(later.db, "done")
    await later.tick(day(1))
    assert (await later.only("schedule_callback")).owner == "system"
    await later.tick(day(2))
    promise = await later.only("schedule_callback")
    assert (promise.owner, promise.detail["by"]) == ("sales-desk", "human")
    assert await rows(later.db, Attempt, state="queued") == []


async def test_a_promised_call_that_nobody_answered_is_not_booked_for_ever(later: Aftermath) -> None:
    promise = await _promise(later)
    (queued,) = await rows(later.db, Attempt, state="queued")
    for tried in range(1, 5):
        async with later.db.write() as session:
            row = await session.get_one(Attempt, queued.id)
            row.state, row.dialing_at = "dialing", day(1 + tried)
        ended = Ended(attempt_id=queued.id, outcome=Outcome.POWER_OFF, cause="power_off")
        await Settler(later.db, Watch(day(1 + tried))).settle(ended)
        await later.tick(day(1 + tried))
        left = await rows(later.db, Attempt, state="queued")
        if not left:
            break
        (queued,) = left
        assert queued.permit["requested_by"] == promise.id
    assert tried == 3, "two more tries after the first"
    promise = await later.only("schedule_callback")
    assert promise.owner == "sales-desk"
    assert "未接通" in promise.note


async def test_a_retry_without_a_row_is_closed(later: Aftermath) -> None:
    attempt_id = await under_way(later.db, in_call=False)
    await Settler(later.db, Watch()).settle(Ended(attempt_id=attempt_id, outcome=Outcome.BUSY, cause="busy"))
    await _lose_the_row(later.db)
    await later.tick(day(0))
    assert (await later.only("retry_later")).state == "open"
    await later.tick(day(1))
    assert (await later.only("retry_later")).state == "cancelled"


# Pauses


async def test_thirty_days_after_a_no_the_pause_ends_and_the_low_priority_stays(after: Aftermath) -> None:
    await after.call(Outcome.REFUSED)
    pause = await after.only("low_priority_no_touch_30d")
    assert (pause.state, pause.due_at) == ("open", day(30))
    (customer,) = await rows(after.db, Customer)
    assert customer.next_touch_at is None
    await after.tick(day(29))
    (customer,) = await rows(after.db, Customer)
    assert customer.no_touch_until == day(30)
    await after.tick(day(30))
    (customer,) = await rows(after.db, Customer)
    assert (customer.no_touch_until, customer.low_priority) == (None, True)
    assert (await after.only("low_priority_no_touch_30d")).state == "done"


async def test_a_second_no_lengthens_the_pause(later: Aftermath) -> None:
    customer_id = await later.call(Outcome.REFUSED)
    await later.change(customer_id, no_touch_until=day(45))
    await later.tick(day(30))
    pause = await later.only("low_priority_no_touch_30d")
    assert (pause.state, pause.due_at) == ("open", day(45))


async def test_after_a_complaint_nothing_is_sent_for_thirty_days(later: Aftermath) -> None:
    customer_id = await later.call(Outcome.CONSIDERING)
    await later.did(customer_id, "order", day(0.5))
    second = await later.called_again(customer_id, day(1))
    await later.settle(second, result(Outcome.TRANSFERRED, transfers=(COMPLAINT,)), day(1))
    for number_of_days in range(2, 31):
        await later.tick(day(number_of_days))
    assert await later.messages() == []


# The agent's wrap-up


@pytest.mark.parametrize(
    ("form", "state", "due", "note"),
    [
        ({"outcome": "resolved", "note": "已登记换货"}, "done", day(0), "已登记换货"),
        ({"note": "聊过", "promise": "周五前发快递单号"}, "open", day(1), ""),
        ({}, "open", day(0) + timedelta(hours=1), ""),
    ],
    ids=["done", "a promise", "nothing noted"],
)
async def test_the_wrap_up_decides_what_is_left_of_a_transfer(
    later: Aftermath, form: dict[str, str], state: str, due: Any, note: str
) -> None:
    talked = TransferResult(
        transfer_id="t1", reason="explicit_request", result="connected", agent_id="agent-7", wrap_up=form
    )
    await later.call(Outcome.TRANSFERRED, talked=result(Outcome.TRANSFERRED, transfers=(talked,)))
    row = await later.only("agent_handles_now")
    assert (row.owner, row.state, row.due_at, row.note) == ("agent-7", state, due, note)
    assert row.closed_by == ("agent-7" if state == "done" else "")
    await later.tick(day(0.9))
    assert len(await rows(later.db, Alarm)) == (0 if form else 1)


async def test_who_tells_the_agent_to_stop_is_not_contacted_again(later: Aftermath) -> None:
    form = {"outcome": "do_not_call", "note": "请不要再联系我", "promise": "", "follow_up": ""}
    talked = TransferResult(
        transfer_id="t1", reason="explicit_request", result="connected", agent_id="agent-7", wrap_up=form
    )
    await later.call(Outcome.TRANSFERRED, talked=result(Outcome.TRANSFERRED, transfers=(talked,)))
    row = await later.only("blacklist")
    assert (row.state, row.detail["scope"], row.detail["words"]) == ("done", "all", "请不要再联系我")
    (listed,) = await rows(later.db, DoNotContact)
    assert (listed.scope, listed.words) == ("all", "请不要再联系我")


# One row that cannot be worked


async def test_a_row_that_fails_waits_and_holds_up_nobody(
    later: Aftermath, monkeypatch: pytest.MonkeyPatch
) -> None:
    await later.call(Outcome.CONSIDERING, 1)
    await later.call(Outcome.CONSIDERING, 2)
    async with later.db.write() as session:
        first = next(batch for batch in await rows(later.db, Batch))
        (await session.get_one(Batch, first.id)).policy = {"caps": {"answered_per_7d": 99}}
    await later.tick(day(3))
    assert len(await later.messages()) == 1
    (waiting,) = [row for row in await rows(later.db, FollowUp) if row.state == "open"]
    assert waiting.blocked_by == "error"
    assert "answered_per_7d" in waiting.note
    assert waiting.due_at > day(3)


async def test_an_event_row_is_not_needed_for_the_budget(later: Aftermath) -> None:
    """The message itself is what counts against the caps, so nothing can be counted twice."""
    await later.call(Outcome.CONSIDERING)
    await later.tick(day(3))
    assert [row.kind for row in await rows(later.db, Event)] == ["conversation"]
