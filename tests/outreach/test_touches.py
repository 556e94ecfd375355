"""Sequences over days: started by what happens, made step by step, ended by a no, a return or a human."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aftermath_world import Aftermath, day
from outreach_world import NOW, VAULT, attempt, consented, journalled, person, result, rows, running_batch

from callbot.audience.json_rows import object_row
from callbot.audience.landing import land
from callbot.audience.row_reading import COLUMNS, Part, RowReader
from callbot.conversation.labels import Outcome
from callbot.outreach import tasks
from callbot.outreach.activation import on_event
from callbot.outreach.arrivals import arrived
from callbot.outreach.touches import sequence_tick
from callbot.store import intake, overview
from callbot.store.database import Database
from callbot.store.tables import (
    Activation,
    Attempt,
    Batch,
    BatchMember,
    Customer,
    DoNotContact,
    Event,
    FollowUp,
    Outbox,
    SequenceRun,
    Tag,
)


@pytest.fixture
def after(database: Database) -> Aftermath:
    return Aftermath(database)


@pytest.fixture
def later(sqlite_database: Database) -> Aftermath:
    return Aftermath(sqlite_database)


async def patient(after: Aftermath, **columns: Any) -> str:
    """Somebody who may be told about service and offers, in 医美."""
    customer_id = await person(after.db, 1, industry="aesthetics", brand="悦颜诊所", **columns)
    await consented(after.db, customer_id, "service_followup")
    return customer_id


async def run_of(after: Aftermath, name: str) -> SequenceRun:
    (run,) = await rows(after.db, SequenceRun, name=name)
    assert isinstance(run, SequenceRun)
    return run


async def days(after: Aftermath, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await after.tick(day(number))


async def test_after_a_visit_on_day_3_7_and_15(after: Aftermath) -> None:
    customer_id = await patient(after)
    await after.did(customer_id, "visit", NOW)
    (customer,) = await rows(after.db, Customer)
    assert customer.next_touch_at == day(3)
    sent = []
    for number in range(21):
        before = len(await after.messages())
        await asyncio.gather(*(sequence_tick(after.db, day(number)) for _ in range(2)))
        await after.tick(day(number))
        if len(await after.messages()) > before:
            sent.append(number)
    assert sent == [3, 7, 15]
    purposes = [message.payload["purpose"] for message in await after.messages()]
    assert sorted(purposes) == ["marketing", "service_followup", "service_followup"]
    run = await run_of(after, "aesthetics/aftercare")
    assert (run.state, run.next_touch_at) == ("finished", None)


async def test_the_same_event_twice_starts_it_once_and_a_new_one_begins_anew(after: Aftermath) -> None:
    customer_id = await patient(after)
    await after.did(customer_id, "visit", NOW)
    (event,) = await rows(after.db, Event)
    async with after.db.write() as session:
        await on_event(session, await session.get_one(Event, event.id), day(0.1))
    assert (await run_of(after, "aesthetics/aftercare")).next_touch_at == day(3)
    await after.did(customer_id, "visit", day(2))
    runs = {run.state: run for run in await rows(after.db, SequenceRun)}
    assert runs["stopped"].stopped_by == "restarted"
    assert runs["active"].next_touch_at == day(5)


async def test_an_event_of_long_ago_starts_nothing(later: Aftermath) -> None:
    customer_id = await patient(later)
    async with later.db.write() as session:
        row = Event(customer_id=customer_id, kind="visit", at=day(-200))
        session.add(row)
        await session.flush()
        await on_event(session, row, NOW)
    assert await rows(later.db, SequenceRun) == []


@pytest.mark.parametrize(
    ("outcome", "journal", "by"),
    [
        (Outcome.REFUSED, "", "refused"),
        (Outcome.DO_NOT_CALL, "do_not_call", "do_not_call"),
        (Outcome.INTERESTED, "complaint", "complaint"),
        (Outcome.INTERESTED, "", "human"),
    ],
)
async def test_a_later_call_ends_it(later: Aftermath, outcome: Outcome, journal: str, by: str) -> None:
    customer_id = await patient(later)
    await later.did(customer_id, "visit", NOW)
    await days(later, 1, 3)
    batch_id = await running_batch(later.db, [customer_id])
    attempt_id = await attempt(
        later.db, batch_id, customer_id, state="in_call", dialing_at=day(5), answered_at=day(5)
    )
    if journal:
        await journalled(later.db, attempt_id, journal, "原话")
    await later.settle(attempt_id, result(outcome), day(5))
    run = await run_of(later, "aesthetics/aftercare")
    assert (run.state, run.stopped_by, run.next_touch_at) == ("stopped", by, None)
    before = len(await later.messages())
    await days(later, 6, 20)
    assert len(await later.messages()) == before == 1


async def test_a_voice_only_no_leaves_messages(later: Aftermath) -> None:
    customer_id = await patient(later)
    await later.did(customer_id, "visit", NOW)
    batch_id = await running_batch(later.db, [customer_id])
    attempt_id = await attempt(
        later.db, batch_id, customer_id, state="in_call", dialing_at=day(1), answered_at=day(1)
    )
    await journalled(later.db, attempt_id, "do_not_call", "别打电话，发短信", scope="voice")
    await later.settle(attempt_id, result(Outcome.DO_NOT_CALL, follow_ups=()), day(1))
    await later.tick(day(3))
    assert len(await later.messages()) == 1


async def test_a_cancelled_batch_ends_what_its_calls_began(later: Aftermath) -> None:
    await later.call(Outcome.CONSIDERING)
    assert (await run_of(later, "ecommerce/nurture")).next_touch_at == day(10)
    async with later.db.write() as session:
        (batch,) = await rows(later.db, Batch)
        (await session.get_one(Batch, batch.id)).state = "cancelled"
    await later.tick(day(10))
    assert (await run_of(later, "ecommerce/nurture")).stopped_by == "batch_cancelled"
    assert await later.messages() == []


async def test_a_human_step_is_a_task_and_taking_it_ends_the_rest(later: Aftermath) -> None:
    customer_id = await person(later.db, 1, industry="finance", named_agent="agent-3")
    await consented(later.db, customer_id, "service_followup")
    await later.did(customer_id, "order", NOW)
    await days(later, 1, 30)
    task = await later.only("sequence_task")
    assert (task.owner, task.state) == ("agent-3", "open")
    assert "客户经理" in task.detail["why"]
    assert [row.payload["kind"] for row in await rows(later.db, Outbox, kind="follow_up.due")] == [
        "sequence_task"
    ]
    await later.did(customer_id, "order", day(31))
    await tasks.claim(later.db, task.id, by="agent-3", now=day(31))
    runs = await rows(later.db, SequenceRun, state="stopped")
    assert [run.stopped_by for run in runs] == ["human"]


async def test_a_held_out_person_gets_no_touch(later: Aftermath) -> None:
    customer_id = await patient(later)
    await running_batch(later.db, [])
    async with later.db.write() as session:
        (batch,) = await rows(later.db, Batch)
        session.add(BatchMember(batch_id=batch.id, customer_id=customer_id, hold_out=True))
    await later.did(customer_id, "visit", NOW)
    await later.tick(day(3))
    (touch,) = await rows(later.db, FollowUp)
    assert (touch.state, touch.blocked_by) == ("cancelled", "hold_out")


# 成功激活


async def reached(after: Aftermath, index: int = 1) -> str:
    """Somebody who was called a moment ago and thinks about it."""
    return await after.call(Outcome.CONSIDERING, index)


async def test_coming_back_within_the_window_counts_once_and_ends_what_was_planned(after: Aftermath) -> None:
    customer_id = await reached(after)
    assert await after.did(customer_id, "login", day(1))
    assert not await after.did(customer_id, "order", day(2)), "one contact activates once"
    (activation,) = await rows(after.db, Activation)
    (made,) = await rows(after.db, Attempt)
    assert (activation.contact_id, activation.kind) == (made.id, "login")
    async with after.db.read() as session:
        (line,) = await overview.batches(session)
    assert line.activated == 1
    tags = {tag.name: tag for tag in await rows(after.db, Tag)}
    assert (tags["触达结果"].value, tags["触达结果"].rule) == ("成功激活", "R028")
    push = await after.only("push_offer_3d")
    assert (push.state, push.blocked_by) == ("cancelled", "activated")
    assert (await run_of(after, "ecommerce/nurture")).stopped_by == "activated"
    (told,) = await rows(after.db, Outbox, kind="customer.activated")
    assert told.payload["event"] == "login"
    (customer,) = await rows(after.db, Customer)
    assert customer.next_touch_at == day(9), "a week after the order, how it is in use"


@pytest.mark.parametrize(
    ("kind", "at"),
    [("login", 15), ("login", -1), ("message_open", 1), ("review", 1)],
    ids=["after the window", "before the contact", "no answer", "not in the pack's list"],
)
async def test_what_does_not_count(later: Aftermath, kind: str, at: int) -> None:
    customer_id = await reached(later)
    assert not await later.did(customer_id, kind, day(at))
    assert await rows(later.db, Activation) == []
    assert (await later.only("push_offer_3d")).state == "open"


async def test_an_unanswered_call_is_no_contact_a_message_is(later: Aftermath) -> None:
    customer_id = await later.unreached()
    assert not await later.did(customer_id, "login", day(1))
    await later.tick(day(3))
    assert await later.did(customer_id, "login", day(4))
    (activation,) = await rows(later.db, Activation)
    assert activation.contact_id == (await later.only("push_offer_3d")).id


async def test_a_purchase_takes_them_out_of_the_win_back(after: Aftermath) -> None:
    customer_id = await person(after.db, 1, low_priority=True)
    batch_id = await running_batch(after.db, [customer_id])
    queued = await attempt(after.db, batch_id, customer_id)
    promised = await attempt(after.db, batch_id, customer_id, seq=2, purpose="requested")
    await after.did(customer_id, "order", day(0.1))
    assert [row.id for row in await rows(after.db, Attempt)] == [promised] != [queued]
    (member,) = await rows(after.db, BatchMember)
    assert (member.blocked_by, member.blocked_until) == ("activated", None)
    (customer,) = await rows(after.db, Customer)
    assert not customer.low_priority


async def test_an_order_of_before_the_batch_changes_nothing(later: Aftermath) -> None:
    customer_id = await person(later.db, 1)
    batch_id = await running_batch(later.db, [customer_id])
    await attempt(later.db, batch_id, customer_id)
    await later.did(customer_id, "order", day(-1))
    assert len(await rows(later.db, Attempt)) == 1


# 退订


@pytest.mark.parametrize(
    ("scope", "listed", "sent"), [("", "all", 0), ("voice", "voice", 1), ("sms", "sms", 0)]
)
async def test_who_answers_a_message_with_stop_gets_no_other(
    after: Aftermath, scope: str, listed: str, sent: int
) -> None:
    """Through the door by which events come in."""
    customer_id = await reached(after)
    await after.change(customer_id, external_id="C-1")
    item = {"customer": "C-1", "kind": "退订", "at": day(1).isoformat(), "note": "R", "external_id": "m-1"}
    row = object_row("api", 1, {**item, "data": {"scope": scope} if scope else {}}, COLUMNS[Part.EVENTS])
    portion = RowReader(part=Part.EVENTS, now=day(2), vault=VAULT).portion([row])
    assert portion.rejected == []
    async with after.db.write() as session:
        landing = await land(session, Part.EVENTS, portion, day(2), source="api")
        for person_id, happened in (await intake.happened(session, landing.stored)).items():
            await arrived(session, person_id, happened, day(2))
    (row_of_list,) = await rows(after.db, DoNotContact)
    assert (row_of_list.scope, row_of_list.words) == (listed, "R")
    await days(after, 3, 12)
    assert len(await after.messages()) >= sent
    assert bool(await after.messages()) == bool(sent)
    if listed == "all":
        assert await after.kinds("open") == []
        assert (await run_of(after, "ecommerce/nurture")).stopped_by == "do_not_call"
