"""When frames are due, and what the carrier has played of them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.telephony.inbound import FLOOD_MS, InboundClock
from callbot.telephony.pacing import CarrierBuffer, Deadlines, frames_due
from callbot.telephony.ticker import Ticker


@pytest.mark.parametrize(
    ("late_by_ms", "ticks", "next_ms"),
    [(-20, 0, 20), (-1, 0, 20), (0, 1, 40), (19, 1, 40), (20, 2, 60), (45, 3, 80), (1000, 3, 1040)],
)
def test_deadlines_catch_up_by_three_ticks_at_most(late_by_ms: int, ticks: int, next_ms: int) -> None:
    deadlines = Deadlines(0.0)
    assert deadlines.due((20 + late_by_ms) / 1000 + 1e-9) == ticks
    assert deadlines.next * 1000 == pytest.approx(next_ms, abs=0.01)


def test_deadlines_do_not_drift_with_late_ticks() -> None:
    deadlines = Deadlines(0.0)
    for tick in range(1, 501):
        assert deadlines.due(tick * 0.020 + 0.007) == 1
    assert deadlines.wait(10.0) == pytest.approx(0.020, abs=1e-6)


@pytest.mark.parametrize(
    ("buffered_ms", "lookahead_ms", "at_least", "frames"),
    [
        (0, 200, 1, 10),
        (190, 200, 1, 0),
        (180, 200, 1, 1),
        (180, 200, 2, 0),
        (160, 200, 2, 2),
        (0, 40, 1, 2),
        (300, 200, 1, 0),
    ],
)
def test_frames_due(buffered_ms: float, lookahead_ms: int, at_least: int, frames: int) -> None:
    assert frames_due(buffered_ms, lookahead_ms, at_least=at_least) == frames


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 400), st.booleans()), max_size=40))
def test_what_the_carrier_played_is_in_order_and_never_overlaps(script: list[tuple[int, int, bool]]) -> None:
    buffer = CarrierBuffer()
    now, sent, until = 0.0, 0, 0.0
    played: list[tuple[float, bytes]] = []
    for wait, length, clear in script:
        now += wait
        if clear:
            buffer.clear(now)
            assert buffer.buffered_ms(now) == 0
        else:
            buffer.send(b"\x01" * length, now)
            sent += length
        played += buffer.take_played(now)
    played += buffer.take_played(now + 100_000)
    for start_ms, payload in played:
        assert start_ms >= until
        until = start_ms + len(payload) / 8
    assert sum(len(payload) for _, payload in played) <= sent


def test_missing_sound_moves_the_inbound_clock_but_jitter_does_not() -> None:
    clock = InboundClock()
    assert clock.take(20, 0) == 0
    assert clock.gap_ms(70, 70) == 0
    assert clock.take(20, 70) == 20
    assert clock.gap_ms(140, 140) == 100
    assert clock.take(20, 140) == 140


def test_a_carriers_clock_is_not_believed_beyond_our_own() -> None:
    clock = InboundClock()
    assert clock.gap_ms(10**12, 100) == 300


def test_a_flood_is_dropped() -> None:
    clock = InboundClock()
    took = [clock.take(1000, 0) for _ in range(20)]
    assert took.count(None) == 20 - FLOOD_MS // 1000 - 1


async def test_a_member_that_fails_leaves_the_others_ticking() -> None:
    enough = asyncio.Event()
    ticks: list[str] = []

    def broken() -> None:
        raise RuntimeError("one call's fault")

    def sound() -> None:
        ticks.append("tick")
        if len(ticks) >= 3:
            enough.set()

    ticker = Ticker()
    ticker.join(broken)
    ticker.join(sound)
    ticker.start()
    async with asyncio.timeout(10):
        await enough.wait()
    ticker.leave(sound)
    await ticker.aclose()
    assert len(ticks) >= 3
