"""A wrap-up that comes after its call was settled has the same consequences as one in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from outreach_world import NOW, Watch, result, rows, under_way

from callbot.conversation.labels import Outcome
from callbot.conversation.result import TransferResult
from callbot.outreach.case import Ended
from callbot.outreach.late_form import settle_late_form
from callbot.outreach.settle import Settler
from callbot.store.database import Database
from callbot.store.desk import SqlDeskStore
from callbot.store.tables import Attempt, FollowUp, Promise, Transfer
from handoff.asked_again import AskedAgain
from handoff.offer import Brief, TransferOffer, WrapUp

LATER = Watch(NOW + timedelta(minutes=20))


async def settled(db: Database, transfer_id: str = "t1", **form: str) -> None:
    """A transfer whose call is settled with this form."""
    attempt_id = await under_way(db)
    (attempt,) = await rows(db, Attempt)
    offer = TransferOffer(
        id=transfer_id,
        call_id="c1",
        customer_id=attempt.customer_id,
        reason="explicit_request",
        skill="general",
        priority=20,
        brief=Brief(why="", customer="", own_words=""),
    )
    await SqlDeskStore(db).open(offer, NOW)
    transfer = TransferResult(
        transfer_id=transfer_id,
        reason="explicit_request",
        result="connected",
        agent_id="lin",
        bridged_ms=30_000,
        wrap_up=form,
        questions=3,
        asked_again=(AskedAgain(words="您买的是什么", about="产品", at_ms=9_000),),
    )
    talked = result(Outcome.TRANSFERRED, transfers=(transfer,))
    ended = Ended(attempt_id=attempt_id, outcome=talked.outcome, result=talked)
    assert await Settler(db, Watch(NOW + timedelta(minutes=2))).settle(ended) is not None


async def test_the_task_that_waited_for_the_form_is_done(database: Database) -> None:
    await settled(database)
    (before,) = await rows(database, FollowUp)
    assert before.state == "open"
    form = WrapUp(outcome="resolved", note="已解释清楚")
    assert await settle_late_form(database, LATER, "t1", "lin", form)
    (after,) = await rows(database, FollowUp)
    assert (after.state, after.note, after.closed_by) == ("done", "已解释清楚", "lin")
    assert after.detail["transfers"][0]["wrap_up"]["note"] == "已解释清楚"
    assert not await settle_late_form(database, LATER, "t1", "lin", form), "once"


async def test_what_was_promised_late_is_registered_and_due(database: Database) -> None:
    await settled(database)
    form = WrapUp(outcome="resolved", promise="明天寄出新的滤网")
    assert await settle_late_form(database, LATER, "t1", "lin", form)
    (task,) = await rows(database, FollowUp)
    (promise,) = [row for row in await rows(database, Promise) if row.kind == "wrap_up"]
    assert (task.state, task.owner, task.detail["why"]) == ("open", "lin", "明天寄出新的滤网")
    assert (promise.words, promise.owner, promise.follow_up_id) == ("明天寄出新的滤网", "lin", task.id)
    assert promise.due_at == task.due_at > LATER.now()


@pytest.mark.parametrize("transfer_id", ["t1", "unknown"])
async def test_a_form_that_came_in_time_is_not_settled_twice(database: Database, transfer_id: str) -> None:
    await settled(database, outcome="resolved", note="已解释清楚")
    assert not await settle_late_form(database, LATER, transfer_id, "lin", WrapUp(note="再写一遍"))


async def test_what_was_asked_again_is_settled_with_the_call(database: Database) -> None:
    await settled(database)
    (transfer,) = await rows(database, Transfer)
    assert transfer.questions == 3
    assert transfer.asked_again == [{"words": "您买的是什么", "about": "产品", "at_ms": 9_000}]
