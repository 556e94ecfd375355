"""A carrier that stood still for a moment does not play a human late for the rest of the conversation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_carrier import VirtualCarrier

from callbot.telephony.backlog import LATE_MS, MARK_EVERY_MS, Backlog

SECOND = b"\xff" * 8_000
QUIET = np.zeros(160, dtype=np.int16)


def lags(backlog: Backlog, *late_ms: float) -> list[float]:
    """A second of sound each, whose mark comes back so much after the paced clock says it has played."""
    moved, clock_ms = [], 0.0
    for late in late_ms:
        clock_ms += 1_000
        (mark,) = backlog.sent(SECOND, clock_ms)
        moved.append(backlog.returned(mark.name, clock_ms + late))
        clock_ms += moved[-1]
    return moved


def test_the_time_that_marks_take_is_no_backlog() -> None:
    assert lags(Backlog(), 180, 190, 175, 200, 220, 185) == [0.0] * 6


def test_one_late_message_is_no_backlog() -> None:
    assert lags(Backlog(), 40, 40, 900, 40, 900, 40) == [0.0] * 6


def test_marks_that_stay_late_move_the_clock_once() -> None:
    assert lags(Backlog(), 40, 40, 440, 440, 40, 40) == [0.0, 0.0, 0.0, 400.0, 0.0, 0.0]


def test_what_was_moved_for_nothing_is_taken_back_and_no_more() -> None:
    assert lags(Backlog(), 40, 40, 440, 440, -360, -360, -900, -900)[3:] == [400.0, 0.0, -400.0, 0.0, 0.0]


@given(st.lists(st.floats(0, 3_000), max_size=40))
def test_the_clock_is_never_moved_ahead_of_the_carrier(late: list[float]) -> None:
    total = 0.0
    for moved in lags(Backlog(), *late):
        total += moved
        assert total >= 0
        assert moved == 0 or abs(moved) > LATE_MS


def test_without_marks_nothing_is_remembered_for_ever() -> None:
    backlog = Backlog()
    names = [mark.name for second in range(100) for mark in backlog.sent(SECOND, second * 1_000.0)]
    assert len(set(names)) == 100
    assert sum(backlog.returned(name, 1e6) != 0 for name in names) == 0


@pytest.mark.parametrize("gives_marks", [True, False])
async def test_a_stalled_carrier_catches_up_in_the_pauses_of_the_human(gives_marks: bool) -> None:
    carrier = VirtualCarrier(gives_marks=gives_marks)
    end = carrier.line.bridge()

    async def pass_by(ms: int) -> None:
        for _ in range(0, ms, 20):
            await end.send(QUIET)
            await carrier.advance(20)

    await pass_by(3 * MARK_EVERY_MS)
    for _ in range(25):
        # what plays is not taken from the queue for half a second, and nothing comes back
        await end.send(QUIET)
        carrier.now_ms += 20
        carrier.line.tick()
    assert carrier.held_ms >= 500
    await pass_by(6 * MARK_EVERY_MS)
    assert (carrier.held_ms <= 100) is gives_marks
    assert end.late_ms <= 100
