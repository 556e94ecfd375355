"""What a person may still be disturbed is what the permit would still allow; a question changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outreach_world import NOW, attempt, everything, person, running_batch

from callbot.errors import BadInput
from callbot.outreach.ask import budget_of, may_contact
from callbot.outreach.batch_preview import preview
from callbot.outreach.budget import budget
from callbot.outreach.contact import ConsentGiven, Contact
from callbot.outreach.permit import (
    Rule,
    answered_per_day,
    answered_per_week,
    attempts_per_day,
    attempts_per_month,
)
from callbot.outreach.policy import DEFAULT, Purpose, digest, policy_for
from callbot.outreach.what_if import hypothesis, what_if
from callbot.store import outbox
from callbot.store.database import Database
from callbot.store.tables import Event, Outbox

CAPS = {
    Rule.ANSWERED_PER_DAY: answered_per_day,
    Rule.ANSWERED_PER_WEEK: answered_per_week,
    Rule.ATTEMPTS_PER_DAY: attempts_per_day,
    Rule.ATTEMPTS_PER_MONTH: attempts_per_month,
}


def contact(**fields: Any) -> Contact:
    values: dict[str, Any] = {
        "customer_id": "c",
        "purpose": Purpose.MARKETING,
        "batch_state": "running",
        "hold_out": False,
        "number_valid": True,
        "do_not_contact": frozenset(),
        "consents": (ConsentGiven(purpose="marketing", granted=True, at=NOW, evidence="x"),),
        "contract": False,
        "zone": "Asia/Shanghai",
        "complaint_pause_until": None,
        "no_touch_until": None,
        "answered_at": (),
        "attempts_at": (),
        "own_enquiry_at": None,
        **fields,
    }
    return Contact(**values)


moments = st.integers(0, 31 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))


@settings(deadline=None)
@given(
    attempts=st.lists(moments, max_size=14),
    answered=st.sets(st.integers(0, 13)),
    enquiry=st.none() | moments,
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", None]),
    known=st.booleans(),
)
def test_nothing_left_is_exactly_where_the_permit_blocks(
    attempts: list[datetime], answered: set[int], enquiry: datetime | None, zone: str | None, known: bool
) -> None:
    person = contact(
        attempts_at=tuple(attempts) if known else None,
        answered_at=tuple(at for index, at in enumerate(attempts) if index in answered) if known else None,
        own_enquiry_at=enquiry,
        zone=zone,
    )
    found = budget(person, DEFAULT, NOW)
    for gauge in found.gauges:
        block = CAPS[gauge.rule](person, DEFAULT, NOW)
        if zone is None and gauge.rule is Rule.ANSWERED_PER_DAY:
            assert gauge.left == 0  # the day is not known; the rule of the time zone blocks
        else:
            assert (gauge.left == 0) == (block is not None)
        if gauge.used:
            assert gauge.refreshes_at is not None
            assert gauge.refreshes_at > NOW
            later = next(g for g in budget(person, DEFAULT, gauge.refreshes_at).gauges if g.rule is gauge.rule)
            assert later.used is not None
            assert later.used < gauge.used
    assert found.left == min(gauge.left for gauge in found.gauges)
    assert found.tightest.left == found.left


async def test_calls_calls_by_humans_and_messages_use_one_budget(database: Database) -> None:
    customer_id = await person(database, 1)
    batch_id = await running_batch(database, [customer_id])
    await attempt(
        database, batch_id, customer_id, state="done", dialing_at=NOW - timedelta(hours=3), outcome="x"
    )
    async with database.write() as session:
        session.add(Event(customer_id=customer_id, kind="human_call", at=NOW - timedelta(hours=2)))
        for state in ("new", "withdrawn"):
            message = await outbox.enqueue(
                session,
                key=f"m-{state}",
                kind=outbox.Kind.MESSAGE_SEND,
                payload={"text": "您好"},
                customer_id=customer_id,
                now=NOW - timedelta(hours=1),
            )
            row = await session.get_one(Outbox, message)
            row.state = state
            session.add(row)
    left = await budget_of(database, customer_id, "ecommerce", NOW)
    used = {gauge.rule: gauge.used for gauge in left.gauges}
    assert used == {
        Rule.ANSWERED_PER_DAY: 1,
        Rule.ANSWERED_PER_WEEK: 1,
        Rule.ATTEMPTS_PER_DAY: 3,
        Rule.ATTEMPTS_PER_MONTH: 3,
    }
    assert left.left == 0
    asked = await may_contact(database, customer_id, purpose="marketing", at=NOW, batch_id=batch_id)
    assert asked.block is not None
    assert asked.block.rule is Rule.ANSWERED_PER_DAY


async def test_a_question_may_exceed_the_limits_names_them_and_changes_nothing(database: Database) -> None:
    ids = [await person(database, index) for index in (1, 2)]
    batch_id = await running_batch(database, ids, state="draft")
    for days in (2, 4):
        at = NOW - timedelta(days=days)
        await attempt(
            database,
            batch_id,
            ids[0],
            seq=days,
            state="done",
            dialing_at=at,
            answered_at=at,
            ended_at=at,
            outcome="refused",
        )
    before = await everything(database)
    found = await what_if(database, batch_id, NOW, {"caps": {"answered_per_7d": 3}})
    assert (len(found.before.now), len(found.after.now), found.more_now, found.more_later) == (1, 2, 1, -1)
    assert found.breaks == ("每人 7 天接通上限（R138、C2）：最多 2，假设为 3",)
    night = datetime(2026, 11, 17, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
    wide = {"windows": {"mon-fri": ["09:00-23:00"]}}
    late = await what_if(database, batch_id, night, wide)
    assert (len(late.before.now), len(late.after.now)) == (0, 1)
    assert late.breaks == ("可联系时段的外边界 09:00-21:00（任何角色都不能放宽）：假设为 09:00-23:00",)
    inside = await what_if(database, batch_id, NOW, {"windows": {"sat-sun": []}})
    assert inside.breaks == ()
    asked = await may_contact(database, ids[1], purpose="marketing", at=night, changes=wide)
    assert asked.block is None
    assert asked.breaks == late.breaks
    assert "?" in asked.policy
    assert await everything(database) == before
    with pytest.raises(BadInput, match="0 到 2"):  # a real batch may only lower
        await preview(database, batch_id, NOW, policy={"caps": {"answered_per_7d": 3}})


@pytest.mark.parametrize(
    "changes",
    [
        {"caps": {"answered": 3}},
        {"caps": {"answered_per_7d": -1}},
        {"windows": {"mon-fri": ["21:00-09:00"]}},
        {"windows": {"monday": []}},
        {"refusal": {"soft_days": 1}},
    ],
)
def test_a_question_that_is_none_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="假设"):
        hypothesis(DEFAULT, DEFAULT, changes)


def test_a_changed_default_needs_a_new_version() -> None:
    assert (DEFAULT.version, digest(DEFAULT)) == ("cn/1", "a765c63f")
    lower = policy_for("ecommerce", {"breaker": {"complaints_percent": 5}, "pacing": {"callback_slots": 3}})
    assert lower.version == f"cn/1+{digest(lower)}"
    assert digest(lower) != digest(DEFAULT) == digest(replace(DEFAULT, version="other"))
