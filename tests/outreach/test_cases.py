"""A complaint has a case until somebody has answered it, and what is late is said loudly, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from aftermath_world import COMPLAINT, Aftermath, day
from outreach_world import NOW, journalled, result, rows, under_way

from callbot.conversation.labels import Outcome
from callbot.errors import BadInput
from callbot.outreach import complaints, tasks
from callbot.outreach.alarms import alarm_overdue
from callbot.outreach.case import Ended
from callbot.outreach.message_rules import Failed
from callbot.outreach.settle import Settler
from callbot.store import cases
from callbot.store.database import Database
from callbot.store.tables import (
    Alarm,
    ComplaintCase,
    Customer,
    DoNotContact,
    Event,
    FollowUp,
    OfferRow,
    Outbox,
    Tag,
)
from callbot.testing import FixedClock


@pytest.fixture
def after(database: Database) -> Aftermath:
    return Aftermath(database)


@pytest.fixture
def later(sqlite_database: Database) -> Aftermath:
    return Aftermath(sqlite_database)


async def complained(after: Aftermath, index: int = 1) -> ComplaintCase:
    attempt_id = await under_way(after.db, index)
    await journalled(after.db, attempt_id, "complaint", "东西坏了没人管")
    talked = result(Outcome.TRANSFERRED, transfers=(COMPLAINT,), follow_ups=())
    await after.settle(attempt_id, talked)
    (case,) = await rows(after.db, ComplaintCase, attempt_id=attempt_id)
    assert isinstance(case, ComplaintCase)
    return case


async def the_case(after: Aftermath) -> ComplaintCase:
    (case,) = await rows(after.db, ComplaintCase)
    assert isinstance(case, ComplaintCase)
    return case


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


async def test_a_complaint_opens_its_case_with_the_call(after: Aftermath) -> None:
    case = await complained(after)
    assert (case.state, case.owner, case.words) == ("open", "complaint-desk", "东西坏了没人管")
    assert (case.call_id, case.answer_due_at) == ("call-1", NOW + hours(24))


async def test_a_complaint_journalled_before_a_crash_opens_one_too(later: Aftermath) -> None:
    attempt_id = await under_way(later.db)
    await journalled(later.db, attempt_id, "complaint", "没人管")
    lost = Ended(attempt_id=attempt_id, outcome=Outcome.INTERRUPTED, cause="worker-lost", interrupted=True)
    await Settler(later.db, FixedClock(NOW)).settle(lost)
    assert (await the_case(later)).words == "没人管"


async def test_other_calls_open_none(later: Aftermath) -> None:
    for index, outcome in enumerate((Outcome.INTERESTED, Outcome.REFUSED, Outcome.TRANSFERRED), start=1):
        await later.call(outcome, index)
    assert await rows(later.db, ComplaintCase) == []


async def test_answered_compensated_and_closed(after: Aftermath) -> None:
    await after.offer(code="sorry50", title="致歉券", compensation=True, stock=3)
    case = await complained(after)
    await complaints.answer(after.db, case.id, by="amy", text="已换新机并道歉", now=NOW + hours(2))
    await complaints.compensate(after.db, case.id[-6:], code="sorry50", by="amy", now=NOW + hours(2))
    await complaints.close(after.db, case.id, by="bob", now=NOW + hours(3))
    case = await the_case(after)
    assert (case.state, case.answer, case.answered_by) == ("closed", "已换新机并道歉", "amy")
    assert (case.compensation_code, case.compensation_version, case.closed_by) == ("sorry50", 1, "bob")
    (offer,) = await rows(after.db, OfferRow)
    assert offer.stock == 2
    pause = await after.only("complaint_pause_30d")
    assert (pause.state, pause.closed_by) == ("done", "amy")
    assert [tag.value for tag in await rows(after.db, Tag, name="投诉")] == ["已关闭"]
    (customer,) = await rows(after.db, Customer)
    assert customer.complaint_pause_until == day(30), "an answer does not end the pause"
    await after.tick(day(2))
    assert await rows(after.db, Alarm) == []


async def test_a_case_is_not_closed_without_an_answer_nor_answered_twice(later: Aftermath) -> None:
    case = await complained(later)
    with pytest.raises(BadInput, match="请先答复"):
        await complaints.close(later.db, case.id, by="bob", now=NOW)
    with pytest.raises(BadInput, match="没有内容"):
        await complaints.answer(later.db, case.id, by="amy", text="  ", now=NOW)
    await complaints.answer(later.db, case.id, by="amy", text="已处理", now=NOW)
    with pytest.raises(BadInput, match="已答复"):
        await complaints.answer(later.db, case.id, by="bob", text="别的话", now=NOW)
    assert (await the_case(later)).answer == "已处理"
    with pytest.raises(BadInput, match="没有这张工单"):
        await complaints.close(later.db, "nothing", by="bob", now=NOW)


@pytest.mark.parametrize(
    "columns",
    [
        {"compensation": False},
        {"compensation": True, "stock": 0},
        {"compensation": True, "withdrawn_at": NOW},
        {"compensation": True, "valid_until": NOW.date() - timedelta(days=1)},
        {"compensation": True, "industry": "finance"},
    ],
    ids=["no compensation", "sold out", "withdrawn", "over", "another pack's"],
)
async def test_only_what_the_sheet_gives_for_complaints_is_given(
    later: Aftermath, columns: dict[str, object]
) -> None:
    await later.offer(code="x50", **columns)
    case = await complained(later)
    with pytest.raises(BadInput, match="x50"):
        await complaints.compensate(later.db, case.id, code="x50", by="amy", now=NOW)
    assert (await the_case(later)).compensation_code is None


async def test_the_last_piece_goes_to_one_case_and_a_case_gets_one(after: Aftermath) -> None:
    await after.offer(code="sorry50", compensation=True, stock=1)
    first, second = await complained(after, 1), await complained(after, 2)
    gave = await asyncio.gather(
        *(
            complaints.compensate(after.db, case.id, code="sorry50", by="amy", now=NOW)
            for case in (first, second, first, second)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, ComplaintCase) for one in gave) == 1
    assert all(isinstance(one, (ComplaintCase, BadInput)) for one in gave)
    (offer,) = await rows(after.db, OfferRow)
    assert offer.stock == 0
    given = [case.compensation_code for case in await rows(after.db, ComplaintCase)]
    assert sorted(given, key=str) == [None, "sorry50"]


async def test_a_complaint_that_nobody_answers_is_pointed_out_and_goes_to_the_supervisor(
    after: Aftermath,
) -> None:
    case = await complained(after)
    for hour in range(30):
        await asyncio.gather(*(alarm_overdue(after.db, NOW + hours(hour)) for _ in range(2)))
    raised = {alarm.kind: alarm for alarm in await rows(after.db, Alarm, about=case.id)}
    assert set(raised) == {"case_due_soon", "case_overdue"}
    assert (raised["case_due_soon"].raised_at, raised["case_due_soon"].owner) == (
        NOW + hours(20),
        "complaint-desk",
    )
    assert (raised["case_overdue"].raised_at, raised["case_overdue"].owner) == (NOW + hours(24), "supervisor")
    case = await the_case(after)
    assert (case.state, case.owner, case.escalated_at) == ("open", "supervisor", NOW + hours(24))
    (told,) = await rows(after.db, Outbox, kind="case.overdue")
    assert told.payload["words"] == "东西坏了没人管"
    await complaints.answer(after.db, case.id, by="boss", text="已登门致歉", now=NOW + hours(31))
    assert (await the_case(after)).state == "answered"


# Tasks of humans


async def task(after: Aftermath) -> FollowUp:
    await after.call(Outcome.INTERESTED, named_agent="agent-3")
    return await after.only("assign_agent_24h")


async def test_a_task_is_taken_by_one_and_finished_by_them(after: Aftermath) -> None:
    row = await task(after)
    taken = await asyncio.gather(
        *(tasks.claim(after.db, row.id, by=who, now=day(0.1)) for who in ("amy", "bob")),
        return_exceptions=True,
    )
    (claimed,) = [one for one in taken if isinstance(one, FollowUp)]
    (refused,) = [one for one in taken if isinstance(one, BadInput)]
    assert claimed.claimed_by in str(refused)
    other = "bob" if claimed.claimed_by == "amy" else "amy"
    with pytest.raises(BadInput, match="正在处理"):
        await tasks.done(after.db, row.id, by=other, note="", now=day(0.2))
    done = await tasks.done(after.db, row.id, by=claimed.claimed_by, note="已约体验", now=day(0.2), called=True)
    assert (done.state, done.closed_by, done.closed_at, done.note) == (
        "done",
        claimed.claimed_by,
        day(0.2),
        "已约体验",
    )
    (called,) = await rows(after.db, Event, kind="human_call")
    assert called.at == day(0.2)
    with pytest.raises(BadInput, match="已完成"):
        await tasks.done(after.db, row.id, by="amy", note="", now=day(0.3))


async def test_why_it_moved_nobody_is_kept(later: Aftermath) -> None:
    row = await task(later)
    done = await tasks.done(later.db, row.id, by="amy", note="不是时候", now=day(0.1), failed=Failed.TIMING)
    assert done.failed == "timing"


async def test_a_late_task_alarms_once_for_each_due_time(after: Aftermath) -> None:
    row = await task(after)
    assert await alarm_overdue(after.db, day(0.9)) == 0
    await asyncio.gather(*(alarm_overdue(after.db, day(1)) for _ in range(3)))
    await alarm_overdue(after.db, day(2))
    (alarm,) = await rows(after.db, Alarm)
    assert (alarm.kind, alarm.about, alarm.owner, alarm.due_at) == (
        "follow_up_overdue",
        row.id,
        "agent-3",
        day(1),
    )
    assert len(await rows(after.db, Outbox, kind="follow_up.overdue")) == 1
    moved = await tasks.postpone(after.db, row.id, by="amy", to=day(3), note="客户出差", now=day(2))
    assert moved.detail["first_due_at"] == day(1).isoformat()
    assert await alarm_overdue(after.db, day(2.5)) == 0
    assert await alarm_overdue(after.db, day(3)) == 1


async def test_an_alarm_is_seen_once(later: Aftermath) -> None:
    await task(later)
    await alarm_overdue(later.db, day(1))
    (alarm,) = await rows(later.db, Alarm)
    async with later.db.write() as session:
        assert await cases.acknowledge(session, alarm.id[-5:], by="boss", now=day(1.1))
        assert not await cases.acknowledge(session, alarm.id, by="amy", now=day(1.2))
    async with later.db.read() as session:
        assert await cases.alarms(session) == []
        (seen,) = await cases.alarms(session, acknowledged=True)
    assert (seen.alarm.acknowledged_by, seen.name) == ("boss", "王1")


async def test_a_booked_call_that_is_not_made_alarms_after_an_hour(later: Aftermath) -> None:
    await later.call(Outcome.CALLBACK, talked=result(Outcome.CALLBACK, callback_at=day(1)))
    assert await alarm_overdue(later.db, day(1)) == 0
    assert await alarm_overdue(later.db, day(1) + hours(1)) == 1


async def test_what_humans_may_not_do(later: Aftermath) -> None:
    await complained(later)
    complaint = await later.only("complaint_pause_30d")
    for refused in (
        tasks.done(later.db, complaint.id, by="amy", note="", now=NOW),
        tasks.cancel(later.db, complaint.id, by="amy", note="算了", now=NOW),
        tasks.postpone(later.db, complaint.id, by="amy", to=day(3), note="", now=NOW),
    ):
        with pytest.raises(BadInput, match="投诉"):
            await refused
    await later.call(Outcome.CONSIDERING, 2)
    push = await later.only("push_offer_3d")
    with pytest.raises(BadInput, match="系统自己做"):
        await tasks.claim(later.db, push.id, by="amy", now=NOW)
    with pytest.raises(BadInput, match="理由"):
        await tasks.cancel(later.db, push.id, by="amy", note=" ", now=NOW)
    with pytest.raises(BadInput, match="已经过去"):
        await tasks.postpone(later.db, push.id, by="amy", to=NOW, note="", now=NOW)
    with pytest.raises(BadInput, match="没有这件待办"):
        await tasks.claim(later.db, "nothing", by="amy", now=NOW)
    cancelled = await tasks.cancel(later.db, push.id, by="amy", note="已当面说过", now=NOW)
    assert (cancelled.state, cancelled.closed_by) == ("cancelled", "amy")
    await later.tick(day(3))
    assert await later.messages() == []


async def test_nobody_takes_a_task_about_somebody_who_said_stop(later: Aftermath) -> None:
    row = await task(later)
    (customer,) = await rows(later.db, Customer)
    async with later.db.write() as session:
        session.add(
            DoNotContact(phone_hash=customer.phone_hash, scope="all", words="别打", source="list", at=day(0.1))
        )
    with pytest.raises(BadInput, match="不能再联系"):
        await tasks.claim(later.db, row.id, by="amy", now=day(0.2))
