"""How many calls the desk absorbs, how calls are spread on a trunk, and when a batch stops by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outreach_world import NOW

from callbot.outreach.breaker import Breaker, Fault, Record, trip
from callbot.outreach.pacing import DeskSeen, Pacing, Seat, pace, upper_rate
from callbot.outreach.trunk import next_slot

SKILLS = frozenset({"complaint", "care", "sales", "general"})


def seats(**presences: int) -> tuple[Seat, ...]:
    """So many agents of each presence, who know everything."""
    return tuple(Seat(presence=name, skills=SKILLS) for name, count in presences.items() for _ in range(count))


def seen(*who: Seat, calls: int = 480, transfers: int = 46, owed: int = 0) -> DeskSeen:
    return DeskSeen(seats=who, calls=calls, transfers={"complaint": transfers}, owed=owed)


@pytest.mark.parametrize(
    ("desk", "calls", "said"),
    [
        # (46 + 2) / (480 + 20) = 9.6 %, its upper bound is 11.5 %
        (seen(*seats(available=1)), 8, "坐席空闲 1 人"),
        (seen(*seats(available=3)), 26, "坐席空闲 3 人"),
        (seen(*seats(available=1, wrap_up=2)), 26, "收尾 2 人"),
        (seen(*seats(busy=4)), 8, "通话 4 人"),
        (seen(*seats(busy=1)), 2, "通话 1 人"),
        (seen(*seats(available=1), calls=0, transfers=0), 4, "近 0 通实测 0 次"),
        (seen(*seats(available=1), calls=480, transfers=480), 1, "97%"),
        (seen(*seats(ringing=1), calls=480, transfers=480), 1, "通话 1 人"),
        (seen(*seats(available=50)), 60, "不构成限制"),
    ],
)
def test_agents_free_now_and_soon_bound_the_calls(desk: DeskSeen, calls: int, said: str) -> None:
    allowed = pace(desk, Pacing(), 60, SKILLS)
    assert allowed.in_flight == calls
    assert said in allowed.because


def test_without_agents_the_call_backs_that_may_still_be_promised_bound_the_calls() -> None:
    nobody = seen(calls=480, transfers=46, owed=190)
    allowed = pace(nobody, Pacing(), 1000, SKILLS)
    assert allowed.in_flight == int(10 / upper_rate(46, 480)) == 87
    assert "没有投诉、关怀、销售、综合坐席在线" in allowed.because
    assert "名额 200、已占 190、还剩 10" in allowed.because
    assert pace(nobody, Pacing(callback_slots=190), 1000, SKILLS).in_flight == 0
    assert pace(nobody, Pacing(stop_without_agents=True), 1000, SKILLS).in_flight == 0
    assert pace(seen(*seats(**{"break": 5}), owed=190), Pacing(), 1000, SKILLS).in_flight == 87


def test_a_skill_that_nobody_has_is_bound_by_call_backs_beside_the_agents() -> None:
    sales_only = Seat(presence="available", skills=frozenset({"sales", "general", "care"}))
    desk = DeskSeen(seats=(sales_only,) * 40, calls=480, transfers={"complaint": 46, "sales": 10}, owed=199)
    allowed = pace(desk, Pacing(), 1000, SKILLS)
    assert allowed.in_flight == int(1 / upper_rate(46, 480)) == 8
    assert "没有投诉坐席在线" in allowed.because


@settings(deadline=None)
@given(
    available=st.integers(0, 30),
    busy=st.integers(0, 30),
    calls=st.integers(0, 500),
    share=st.floats(0, 1),
    owed=st.integers(0, 300),
    lines=st.integers(1, 500),
)
def test_the_desk_is_never_promised_more_than_it_has(
    available: int, busy: int, calls: int, share: float, owed: int, lines: int
) -> None:
    """Expected transfers of all calls under way stay within the agents, or within the call-backs left."""
    transfers = round(calls * share)
    desk = seen(*seats(available=available, busy=busy), calls=calls, transfers=transfers, owed=owed)
    allowed = pace(desk, Pacing(), lines, SKILLS).in_flight
    expected = (transfers + 2) / (calls + 20)
    room = available + busy if available + busy else max(0, 200 - owed)
    assert 0 <= allowed <= lines
    assert allowed * expected <= max(room, expected)
    more = seen(*seats(available=available + 1, busy=busy), calls=calls, transfers=transfers, owed=owed)
    if available + busy:
        assert pace(more, Pacing(), lines, SKILLS).in_flight >= allowed


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(0, 500))
def test_the_rate_is_bounded_from_above_and_learns(transfers: int, calls: int) -> None:
    transfers = min(transfers, calls)
    rate = upper_rate(transfers, calls)
    assert rate <= 1
    assert rate >= (transfers + 2) / (calls + 20) or rate == 1
    assert upper_rate(transfers, calls + 100) < rate


@settings(deadline=None)
@given(
    rate=st.floats(0.2, 50),
    waits=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_no_second_holds_more_calls_than_its_share(rate: float, waits: list[float]) -> None:
    free, now, begun = NOW, NOW, list[datetime]()
    for wait in waits:
        now += timedelta(seconds=wait)
        slot = next_slot(free, rate, now)
        assert slot.at >= now
        free = slot.next_free
        begun.append(slot.at)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(begun)]
    assert all(gap >= 1 / rate - 1e-5 for gap in gaps)


def test_a_slot_taken_by_a_clock_that_ran_ahead_binds_nobody() -> None:
    assert next_slot(NOW + timedelta(days=1), 5, NOW).at == NOW
    assert next_slot(NOW + timedelta(seconds=3), 5, NOW).at == NOW + timedelta(seconds=3)


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (Record(), None),
        (Record(attempts=29, failures=29), None),
        (Record(attempts=30, failures=12), None),
        (Record(attempts=30, failures=13), Fault.CARRIER),
        (Record(attempts=100, answered=29, hang_ups=29, complaints=29), None),
        (Record(attempts=100, answered=30, hang_ups=13), Fault.HANG_UPS),
        (Record(attempts=100, answered=40, complaints=6), None),
        (Record(attempts=100, answered=40, complaints=7), Fault.COMPLAINTS),
        (Record(attempts=100, failures=60, answered=40, complaints=7), Fault.COMPLAINTS),
    ],
)
def test_the_breaker_opens_over_its_threshold_and_from_its_sample_on(
    record: Record, fault: Fault | None
) -> None:
    opened = trip(record, Breaker())
    assert (opened.fault if opened else None) is fault
    if opened:
        assert "近 30 分钟" in opened.because


@settings(deadline=None)
@given(
    attempts=st.integers(0, 200),
    failures=st.integers(0, 200),
    answered=st.integers(0, 200),
    hang_ups=st.integers(0, 200),
    complaints=st.integers(0, 200),
)
def test_worse_figures_never_close_the_breaker(
    attempts: int, failures: int, answered: int, hang_ups: int, complaints: int
) -> None:
    answered = min(answered, attempts)
    record = Record(
        attempts=attempts,
        failures=min(failures, attempts - answered),
        answered=answered,
        hang_ups=min(hang_ups, answered),
        complaints=min(complaints, answered),
    )
    worse = Record(
        attempts=record.attempts + 1,
        failures=record.failures,
        answered=record.answered + 1,
        hang_ups=record.hang_ups + 1,
        complaints=record.complaints + 1,
    )
    if (opened := trip(record, Breaker())) and opened.fault is not Fault.CARRIER:
        assert trip(worse, Breaker()) is not None
