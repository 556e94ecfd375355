"""Each rule with its cases, and all of them together against the rules stated a second time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbot.outreach.contact import ConsentGiven, Contact
from callbot.outreach.permit import Block, Permit, Rule, earliest, permit
from callbot.outreach.policy import DEFAULT, INSURANCE, Channel, Policy, Purpose

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(day: str, clock: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI).astimezone(UTC)


NOW = local("2026-11-17")
"""A Tuesday morning."""
YES = ConsentGiven(purpose="marketing", granted=True, at=NOW - timedelta(days=90), evidence="勾选记录")
FINE = Contact(
    customer_id="c",
    purpose=Purpose.MARKETING,
    batch_state="running",
    hold_out=False,
    number_valid=True,
    do_not_contact=frozenset(),
    consents=(YES,),
    contract=False,
    zone="Asia/Shanghai",
    complaint_pause_until=None,
    no_touch_until=None,
    answered_at=(),
    attempts_at=(),
    own_enquiry_at=None,
)
REQUESTED: dict[str, Any] = {"purpose": Purpose.REQUESTED, "requested_by": "follow-up"}


def objection(now: datetime = NOW, policy: Policy = DEFAULT, **facts: Any) -> Rule | None:
    decision = permit(replace(FINE, **facts), policy, now)
    return decision.rule if isinstance(decision, Block) else None


def ago(*days: float) -> tuple[datetime, ...]:
    return tuple(NOW - timedelta(days=one) for one in days)


def test_a_permit_names_person_policy_and_moment() -> None:
    assert permit(FINE, DEFAULT, NOW) == Permit(customer_id="c", policy="cn/1", at=NOW)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"number_valid": False}, Rule.NUMBER_VALID),
        ({"number_valid": None}, Rule.NUMBER_VALID),
        ({"do_not_contact": None}, Rule.DO_NOT_CONTACT),
        ({"do_not_contact": frozenset({"all"})}, Rule.DO_NOT_CONTACT),
        ({"do_not_contact": frozenset({"voice"})}, Rule.DO_NOT_CONTACT),
        ({"do_not_contact": frozenset({"voice"}), "channel": Channel.SMS}, None),
        ({"do_not_contact": frozenset({"all"}), "channel": Channel.SMS}, Rule.DO_NOT_CONTACT),
        ({"do_not_contact": frozenset({"all"}), **REQUESTED}, Rule.DO_NOT_CONTACT),
        ({"batch_state": "paused"}, Rule.BATCH_RUNNING),
        ({"batch_state": "draft"}, Rule.BATCH_RUNNING),
        ({"batch_state": None}, Rule.BATCH_RUNNING),
        ({"hold_out": True}, Rule.HOLD_OUT),
        ({"hold_out": None}, Rule.HOLD_OUT),
        ({"hold_out": True, **REQUESTED}, None),
        ({"consents": ()}, Rule.CONSENT),
        ({"consents": (replace(YES, evidence=" "),)}, Rule.CONSENT),
        ({"consents": (YES, replace(YES, granted=False, at=NOW - timedelta(days=1)))}, Rule.CONSENT),
        ({"consents": (replace(YES, at=NOW + timedelta(days=1)),)}, Rule.CONSENT),
        ({"purpose": Purpose.SERVICE_FOLLOWUP, "consents": ()}, Rule.CONSENT),
        ({"purpose": Purpose.SERVICE_FOLLOWUP, "consents": (), "contract": True}, None),
        (
            {
                "purpose": Purpose.SERVICE_FOLLOWUP,
                "contract": True,
                "consents": (replace(YES, purpose="service_followup", granted=False),),
            },
            Rule.CONSENT,
        ),
        ({"purpose": Purpose.REQUESTED}, Rule.CONSENT),
        ({"complaint_pause_until": NOW + timedelta(days=3)}, Rule.COMPLAINT_PAUSE),
        ({"complaint_pause_until": NOW + timedelta(days=3), **REQUESTED}, None),
        ({"complaint_pause_until": NOW}, None),
        ({"no_touch_until": NOW + timedelta(days=3)}, Rule.REFUSAL_PAUSE),
        ({"no_touch_until": NOW + timedelta(days=3), "channel": Channel.SMS}, Rule.REFUSAL_PAUSE),
        ({"zone": None}, Rule.TIME_ZONE),
        ({"zone": "Mars/Olympus"}, Rule.TIME_ZONE),
        ({"answered_at": None}, Rule.ANSWERED_PER_DAY),
        ({"attempts_at": None}, Rule.ATTEMPTS_PER_DAY),
    ],
)
def test_facts_that_forbid_and_facts_that_do_not(facts: dict[str, Any], rule: Rule | None) -> None:
    assert objection(**facts) is rule


@pytest.mark.parametrize(
    ("day", "clock", "rule"),
    [
        ("2026-11-17", "08:59", Rule.WINDOW),
        ("2026-11-17", "09:00", None),
        ("2026-11-17", "11:59", None),
        ("2026-11-17", "12:00", Rule.WINDOW),
        ("2026-11-17", "14:00", None),
        ("2026-11-17", "20:00", Rule.WINDOW),
        ("2026-11-21", "09:30", Rule.WINDOW),  # Saturday
        ("2026-11-21", "10:00", None),
        ("2026-10-01", "10:00", Rule.CALENDAR),  # National Day
        ("2026-02-14", "09:30", None),  # a Saturday on which people work
        ("2026-02-17", "10:00", Rule.CALENDAR),  # Spring Festival
    ],
)
def test_windows_follow_the_chinese_calendar(day: str, clock: str, rule: Rule | None) -> None:
    fresh = (replace(YES, at=local("2025-01-01")),)
    assert objection(local(day, clock), consents=fresh) is rule


def test_a_year_without_a_table_of_holidays_is_not_known_to_be_allowed() -> None:
    decision = permit(FINE, DEFAULT, local("2031-11-18"))
    assert isinstance(decision, Block)
    assert (decision.rule, decision.until) == (Rule.CALENDAR, None)


def test_the_window_is_the_callees_own() -> None:
    assert objection(NOW, zone="Europe/Berlin") is Rule.WINDOW  # 03:00 there
    assert objection(local("2026-11-17", "17:00"), zone="Europe/Berlin") is None  # 10:00 there


def test_messages_go_out_until_nine_calls_until_eight() -> None:
    evening = local("2026-11-17", "20:30")
    assert objection(evening) is Rule.WINDOW
    assert objection(evening, channel=Channel.SMS) is None
    assert objection(local("2026-11-17", "21:00"), channel=Channel.SMS) is Rule.WINDOW


@pytest.mark.parametrize(
    ("clock", "rule"), [("08:59", Rule.WINDOW), ("12:30", None), ("20:59", None), ("21:00", Rule.WINDOW)]
)
def test_what_the_customer_asked_for_is_bound_by_the_outer_window(clock: str, rule: Rule | None) -> None:
    assert objection(local("2026-10-01", clock), **REQUESTED) is rule


def test_insurance_may_call_at_noon_but_not_before_nine() -> None:
    assert objection(local("2026-11-17", "12:30"), INSURANCE) is None
    assert objection(local("2026-11-17", "08:30"), INSURANCE) is Rule.WINDOW


@pytest.mark.parametrize(
    ("days", "rule"),
    [
        ((), None),
        ((8, 9, 10), None),
        ((1,), None),
        ((0.1,), Rule.ANSWERED_PER_DAY),
        ((1, 3), Rule.ANSWERED_PER_WEEK),
        ((1, 7), None),  # exactly seven days ago has left the week
        ((1, 6.99), Rule.ANSWERED_PER_WEEK),
    ],
)
def test_at_most_two_answered_calls_in_seven_days_and_one_a_day(
    days: tuple[float, ...], rule: Rule | None
) -> None:
    assert objection(answered_at=ago(*days)) is rule


def test_an_own_enquiry_allows_one_more() -> None:
    assert objection(answered_at=ago(1, 3), own_enquiry_at=NOW - timedelta(days=2)) is None
    assert objection(answered_at=ago(1, 3, 4), own_enquiry_at=NOW - timedelta(days=2)) is Rule.ANSWERED_PER_WEEK
    assert objection(answered_at=ago(1, 3), own_enquiry_at=NOW - timedelta(days=7)) is Rule.ANSWERED_PER_WEEK


def test_a_promise_may_be_kept_on_the_same_day_but_uses_the_week() -> None:
    assert objection(answered_at=ago(0.1), **REQUESTED) is None
    assert objection(answered_at=ago(0.1, 2), **REQUESTED) is Rule.ANSWERED_PER_WEEK


@pytest.mark.parametrize(
    ("days", "rule"),
    [
        ((0.1, 0.2), None),
        ((0.1, 0.2, 0.3), Rule.ATTEMPTS_PER_DAY),
        ((0.1, 0.2, 1), None),
        (tuple(range(2, 12)), Rule.ATTEMPTS_PER_MONTH),
        (tuple(range(2, 11)), None),
        ((*range(2, 11), 30), None),
    ],
)
def test_attempts_are_capped(days: tuple[float, ...], rule: Rule | None) -> None:
    assert objection(attempts_at=ago(*days)) is rule


def block(now: datetime, **facts: Any) -> Block:
    decision = permit(replace(FINE, **facts), DEFAULT, now)
    assert isinstance(decision, Block)
    return decision


@pytest.mark.parametrize(
    ("now", "facts", "until"),
    [
        (local("2026-11-17", "12:30"), {}, local("2026-11-17", "14:00")),
        (local("2026-11-20", "20:00"), {}, local("2026-11-21", "10:00")),  # Friday evening
        (local("2026-09-30", "20:00"), {}, local("2026-10-08", "09:00")),
        (NOW, {"answered_at": ago(0.1)}, local("2026-11-18", "00:00")),
        (NOW, {"answered_at": ago(1, 3)}, NOW + timedelta(days=4)),
        (NOW, {"attempts_at": ago(0.1, 0.2, 0.3)}, NOW + timedelta(days=0.7)),
        (NOW, {"no_touch_until": NOW + timedelta(days=3)}, NOW + timedelta(days=3)),
        (NOW, {"do_not_contact": frozenset({"all"})}, None),
    ],
)
def test_a_block_says_until_when(now: datetime, facts: dict[str, Any], until: datetime | None) -> None:
    fresh = {"consents": (replace(YES, at=local("2025-01-01")),), **facts}
    assert block(now, **fresh).until == until


def test_the_earliest_moment_goes_past_several_blocks() -> None:
    decision = earliest(replace(FINE, answered_at=ago(0.1, 1)), DEFAULT, local("2026-11-17", "21:30"))
    assert isinstance(decision, Permit)
    assert decision.at == local("2026-11-23", "10:00")  # the week is over on Monday at 10:00


# The rules a second time, as compliance says them and not as the code does.

HOLIDAYS_2026 = {date(2026, 10, 1) + timedelta(days=ahead) for ahead in range(7)} | {
    date(2026, 9, 25) + timedelta(days=ahead) for ahead in range(3)
}
"""National Day and Mid-Autumn, as the State Council announced them."""
MAKE_UP_2026 = {date(2026, 9, 20), date(2026, 10, 10)}


def broken(contact: Contact, policy: Policy, now: datetime) -> str | None:
    """A sentence of the compliance sheet that a contact at this moment would break."""
    if contact.do_not_contact is None or {"all", contact.channel.value} & contact.do_not_contact:
        return "a hard no is for ever"
    if contact.number_valid is not True or contact.batch_state != "running":
        return "unknown or dead numbers, batches that do not run"
    asked = contact.purpose == "requested"
    if asked and not contact.requested_by:
        return "nobody asked"
    words = (
        sorted(
            (c.at, not c.granted, c) for c in contact.consents if c.purpose == contact.purpose and c.at <= now
        )
        if not asked
        else []
    )
    if not asked:
        if contact.hold_out is not False:
            return "the hold-out is left alone"
        if words and not words[-1][2].granted:
            return "consent was withdrawn"
        proven = bool(words) and words[-1][2].evidence.strip() != ""
        if not proven and not (contact.purpose == "service_followup" and contact.contract):
            return "no consent with evidence"
        for pause in (contact.complaint_pause_until, contact.no_touch_until):
            if pause is not None and now < pause:
                return "paused"
    if contact.zone is None:
        return "no zone"
    there = now.astimezone(ZoneInfo(contact.zone))
    minute = there.hour * 60 + there.minute
    if minute < 9 * 60 or minute >= 21 * 60:
        return "outside 09:00-21:00"
    if not asked:
        day = there.date()
        if day in HOLIDAYS_2026:
            return "a statutory holiday"
        weekend = day.weekday() >= 5 and day not in MAKE_UP_2026
        if minute < (10 * 60 if weekend else 9 * 60) or 12 * 60 <= minute < 14 * 60:
            return "outside the windows"
        if minute >= (20 if contact.channel is Channel.VOICE else 21) * 60:
            return "too late"
    answered, attempts = contact.answered_at, contact.attempts_at
    if answered is None or attempts is None:
        return "history unknown"
    hour = timedelta(hours=1)
    recent = [at for at in answered if (now - at) < 7 * 24 * hour]
    enquiry = contact.own_enquiry_at
    extra = 1 if enquiry is not None and timedelta() <= now - enquiry < 7 * 24 * hour else 0
    if len(recent) >= 2 + extra:
        return "two a week"
    if not asked and any(at.astimezone(there.tzinfo).date() == there.date() for at in answered):
        return "one a day"
    if not asked and sum((now - at) < 24 * hour for at in attempts) >= 3:
        return "three attempts in 24 h"
    if sum((now - at) < 30 * 24 * hour for at in attempts) >= 10:
        return "ten attempts in 30 days"
    return None


MOMENTS = st.integers(0, 77 * 24 * 60).map(lambda past: local("2026-09-14", "00:00") + timedelta(minutes=past))
HISTORY = st.lists(st.floats(0, 32).map(lambda days: timedelta(days=days)), max_size=12)
CONSENTS = st.lists(
    st.builds(
        lambda purpose, granted, days, evidence: (purpose, granted, timedelta(days=days), evidence),
        st.sampled_from(["marketing", "service_followup"]),
        st.sampled_from([True, True, True, False]),
        st.integers(-5, 400),
        st.sampled_from(["p. 4", "p. 4", ""]),
    ),
    max_size=3,
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Contact, datetime]:
    """A contact that is fine but for a few facts, so that permits and every kind of block are common."""
    now = draw(MOMENTS)
    pause = st.none() | st.floats(-2, 2).map(lambda days: now + timedelta(days=days))
    history = st.none() | HISTORY.map(lambda ages: tuple(now - age for age in ages))
    consents = CONSENTS.map(
        lambda given: tuple(
            ConsentGiven(purpose=purpose, granted=granted, at=now - age, evidence=evidence)
            for purpose, granted, age, evidence in given
        )
    )
    facts: dict[str, st.SearchStrategy[Any]] = {
        "purpose": st.sampled_from(Purpose),
        "channel": st.sampled_from(Channel),
        "batch_state": st.sampled_from(["paused", "draft", None]),
        "hold_out": st.sampled_from([True, None]),
        "number_valid": st.sampled_from([False, None]),
        "do_not_contact": st.sampled_from([frozenset({"voice"}), frozenset({"sms"}), frozenset({"all"}), None]),
        "consents": consents,
        "contract": st.booleans(),
        "requested_by": st.just(""),
        "zone": st.sampled_from(["America/New_York", "Europe/London", "Pacific/Apia", None]),
        "complaint_pause_until": pause,
        "no_touch_until": pause,
        "answered_at": history,
        "attempts_at": history,
        "own_enquiry_at": pause,
    }
    odd = draw(st.sets(st.sampled_from(sorted(facts)), max_size=4))
    fine = replace(FINE, consents=(replace(YES, at=now - timedelta(days=30)),), requested_by="follow-up")
    return replace(fine, **{name: draw(facts[name]) for name in sorted(odd)}), now


@settings(max_examples=600, deadline=None)
@given(cases())
def test_a_permit_is_given_exactly_when_no_rule_is_broken(case: tuple[Contact, datetime]) -> None:
    contact, now = case
    decision = permit(contact, DEFAULT, now)
    assert isinstance(decision, Permit) is (broken(contact, DEFAULT, now) is None), (
        decision,
        broken(contact, DEFAULT, now),
    )


@settings(max_examples=300, deadline=None)
@given(cases())
def test_a_block_ends_exactly_when_it_says(case: tuple[Contact, datetime]) -> None:
    contact, now = case
    decision = permit(contact, DEFAULT, now)
    if isinstance(decision, Permit) or decision.until is None:
        return
    assert decision.until > now
    rules = {Rule.WINDOW, Rule.CALENDAR} if decision.rule in (Rule.WINDOW, Rule.CALENDAR) else {decision.rule}
    at_end = permit(contact, DEFAULT, decision.until)
    assert isinstance(at_end, Permit) or at_end.rule not in rules
    just_before = permit(contact, DEFAULT, decision.until - timedelta(microseconds=1))
    assert isinstance(just_before, Block)
