"""No permit breaks a rule, whatever the batch's own policy, over a leap year of holidays and clock changes.

The rules are stated here a second time from raw values: the table of holidays as announced, the windows as
text, the caps as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from callbot.outreach.contact import ConsentGiven, Contact
from callbot.outreach.permit import Permit, permit
from callbot.outreach.policy import Channel, Purpose, policy_for


def days(*spans: tuple[str, str]) -> frozenset[date]:
    found = set()
    for first, last in spans:
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            found.add(day)
            day += timedelta(days=1)
    return frozenset(found)


OFF_2024 = days(
    ("2024-01-01", "2024-01-01"),
    ("2024-02-10", "2024-02-17"),
    ("2024-04-04", "2024-04-06"),
    ("2024-05-01", "2024-05-05"),
    ("2024-06-10", "2024-06-10"),
    ("2024-09-15", "2024-09-17"),
    ("2024-10-01", "2024-10-07"),
)
WORKED_2024 = {
    date(2024, *day) for day in ((2, 4), (2, 18), (4, 7), (4, 28), (5, 11), (9, 14), (9, 29), (10, 12))
}
ZONES = (
    "Asia/Shanghai",
    "Asia/Urumqi",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
TURNS = (
    date(2024, 2, 29),
    date(2024, 3, 10),
    date(2024, 3, 31),
    date(2024, 4, 7),
    date(2024, 10, 6),
    date(2024, 10, 27),
    date(2024, 11, 3),
    *sorted(WORKED_2024),
    *sorted(OFF_2024),
)
"""The leap day, the days on which clocks change, holidays and the days worked for them."""


@dataclass(frozen=True)
class Case:
    contact: Contact
    overrides: dict[str, object]
    windows: dict[str, list[tuple[int, int]]]
    """Minutes of the day by kind of day, as the batch wants them; empty: as by default."""
    caps: dict[str, int]
    now: datetime


MINUTES = st.integers(9 * 4, 21 * 4).map(lambda quarter: quarter * 15)


@st.composite
def windows(draw: st.DrawFn) -> list[tuple[int, int]]:
    edges = sorted(draw(st.sets(MINUTES, min_size=2, max_size=4)))
    return [(edges[i], edges[i + 1]) for i in range(0, len(edges) - 1, 2)]


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone = draw(st.sampled_from(ZONES))
    day = draw(st.sampled_from(TURNS) | st.dates(date(2024, 1, 2), date(2024, 12, 30)))
    edge = st.sampled_from([0, 1, 539, 540, 599, 600, 719, 720, 839, 840, 1199, 1200, 1259, 1260, 1439])
    minute = draw(edge | st.integers(540, 1260) | st.integers(0, 1439))
    there = datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(zone))
    now = there.astimezone(UTC)
    kinds = draw(st.dictionaries(st.sampled_from(["mon-fri", "sat-sun"]), windows(), max_size=2))
    caps = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "answered_per_day": st.integers(0, 1),
                "answered_per_7d": st.integers(0, 2),
                "attempts_per_24h": st.integers(0, 3),
                "attempts_per_30d": st.integers(0, 10),
                "extra_after_own_enquiry": st.integers(0, 1),
            },
        )
    )
    past = st.integers(1, 31 * 24 * 60).map(lambda minutes: now - timedelta(minutes=minutes))
    near = st.sampled_from([timedelta(hours=24), timedelta(days=7), timedelta(days=30)]).map(
        lambda age: now - age
    )
    answered = draw(st.lists(past | near, max_size=2))
    attempts = [*answered, *draw(st.lists(past | near, max_size=3))]
    overrides: dict[str, object] = {
        name: values
        for name, values in (
            ("windows", {kind: [f"{clock(a)}-{clock(b)}" for a, b in spans] for kind, spans in kinds.items()}),
            ("caps", caps),
        )
        if values
    }
    contact = Contact(
        customer_id="c1",
        purpose=draw(st.sampled_from([Purpose.MARKETING, Purpose.SERVICE_FOLLOWUP, Purpose.REQUESTED])),
        channel=draw(st.sampled_from([Channel.VOICE, Channel.SMS])),
        batch_state="running",
        hold_out=False,
        number_valid=True,
        do_not_contact=frozenset(),
        consents=tuple(
            ConsentGiven(purpose=purpose, granted=True, at=now - timedelta(days=90), evidence="p. 4")
            for purpose in ("marketing", "service_followup")
        ),
        contract=True,
        requested_by="follow-up",
        zone=zone,
        complaint_pause_until=None,
        no_touch_until=None,
        answered_at=tuple(answered),
        attempts_at=tuple(attempts),
        own_enquiry_at=draw(st.none() | past),
    )
    return Case(contact=contact, overrides=overrides, windows=kinds, caps=caps, now=now)


DEFAULT_WINDOWS = {
    (Channel.VOICE, "mon-fri"): [(540, 720), (840, 1200)],
    (Channel.VOICE, "sat-sun"): [(600, 720), (840, 1200)],
    (Channel.SMS, "mon-fri"): [(540, 720), (840, 1260)],
    (Channel.SMS, "sat-sun"): [(600, 720), (840, 1260)],
}


def broken(case: Case) -> str | None:
    """The rule that a contact would break, None when it breaks none."""
    contact, now = case.contact, case.now
    assert contact.zone is not None
    assert contact.answered_at is not None
    assert contact.attempts_at is not None
    there = now.astimezone(ZoneInfo(contact.zone))
    minute, day = there.hour * 60 + there.minute, there.date()
    asked = contact.purpose is Purpose.REQUESTED
    if not 540 <= minute < 1260:
        return "outside 09:00-21:00"
    if not asked:
        if day in OFF_2024:
            return "a statutory holiday"
        kind = "sat-sun" if day.weekday() >= 5 and day not in WORKED_2024 else "mon-fri"
        spans = case.windows.get(kind, DEFAULT_WINDOWS[contact.channel, kind])
        if not any(start <= minute < end for start, end in spans):
            return "outside the batch's windows"

    def within(times: tuple[datetime, ...], **length: float) -> int:
        return len([at for at in times if now - at < timedelta(**length)])

    caps = {
        "answered_per_day": 1,
        "answered_per_7d": 2,
        "attempts_per_24h": 3,
        "attempts_per_30d": 10,
        "extra_after_own_enquiry": 1,
        **case.caps,
    }
    enquired = contact.own_enquiry_at is not None and now - contact.own_enquiry_at < timedelta(days=7)
    if (
        within(contact.answered_at, days=7)
        >= caps["answered_per_7d"] + enquired * caps["extra_after_own_enquiry"]
    ):
        return "answered in 7 days"
    if within(contact.attempts_at, days=30) >= caps["attempts_per_30d"]:
        return "attempts in 30 days"
    if not asked:
        same_day = [at for at in contact.answered_at if at.astimezone(there.tzinfo).date() == day]
        if len(same_day) >= caps["answered_per_day"]:
            return "answered today"
        if within(contact.attempts_at, hours=24) >= caps["attempts_per_24h"]:
            return "attempts in 24 h"
    return None


@settings(max_examples=500, deadline=None)
@given(cases())
def test_no_policy_of_a_batch_allows_what_the_rules_forbid(case: Case) -> None:
    policy = policy_for("ecommerce", case.overrides)
    decision = permit(case.contact, policy, case.now)
    assert isinstance(decision, Permit) is (broken(case) is None), (decision, broken(case))
