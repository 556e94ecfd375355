"""Framed sound keeps pitch and level; two clocks that differ neither pile up nor starve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.bridge import Frame
from handoff.frames import FramedSound, blended, level, mixed
from handoff.hold_tone import hold_frame
from handoff.jitter import JitterBuffer
from handoff.messages import BadMessage


def tone(hertz: float, frames: int, amplitude: int = 8_000) -> list[Frame]:
    at = np.arange(160 * frames) / 8_000
    return list((amplitude * np.sin(2 * np.pi * hertz * at)).astype(np.int16).reshape(frames, 160))


@pytest.mark.parametrize("hertz", [200, 1_000, 3_000])
def test_what_goes_to_a_browser_and_back_is_the_same_sound(hertz: float) -> None:
    there, back = FramedSound(), FramedSound()
    came = [frame for sent in tone(hertz, 50) for frame in back.decode(there.encode(sent))]
    power = np.abs(np.fft.rfft(np.concatenate(came[5:])))
    assert np.fft.rfftfreq(160 * 45, 1 / 8_000)[power.argmax()] == pytest.approx(hertz, abs=5)
    assert float(np.abs(np.concatenate(came[5:])).max()) == pytest.approx(8_000, rel=0.06)


def test_lost_frames_are_counted_and_broken_ones_refused() -> None:
    there, back = FramedSound(), FramedSound()
    sent = [there.encode(frame) for frame in tone(400, 6)]
    for payload in (sent[0], sent[1], sent[4]):
        back.decode(payload)
    assert back.lost == 2
    for broken in (sent[5][:-1], b"\x02" + sent[5][1:], b""):
        with pytest.raises(BadMessage):
            back.decode(broken)


@given(faster=st.integers(-40, 40))
def test_a_clock_that_is_off_costs_single_frames_and_no_delay(faster: int) -> None:
    """A sender whose clock is up to 4 % off, for a minute; real ones are off by 0.02 %."""
    buffer = JitterBuffer()
    owed, silent = 2.0, 0
    for _ in range(3_000):
        while owed >= 1:
            buffer.put(np.zeros(160, dtype=np.int16))
            owed -= 1
        silent += buffer.take() is None
        owed += 1 + faster / 1_000
    assert buffer.depth <= 4
    assert silent <= 3_000 * abs(faster) / 1_000 * 3 + 3
    if faster <= 0:
        assert buffer.dropped == 0


def spoken(frames: int) -> list[Frame]:
    """Speech in which every frame has a level of its own, so that a lost one is seen."""
    return [np.full(160, 2_000 + 100 * number, dtype=np.int16) for number in range(frames)]


@pytest.mark.parametrize("stalled", [5, 10, 25, 45])
def test_a_stall_delays_words_and_loses_none(stalled: int) -> None:
    """Nothing comes for a while, then all of it at once; the human goes on without a pause."""
    buffer = JitterBuffer()
    said = spoken(200)
    heard: list[Frame] = []
    for tick in range(220):
        if tick == 20 + stalled:
            for frame in said[20:tick]:
                buffer.put(frame)
        if tick < 20 or 20 + stalled <= tick < 200:
            buffer.put(said[tick])
        if (frame_out := buffer.take()) is not None:
            heard.append(frame_out)
    assert buffer.dropped == 0
    edges = {int(frame_out[0]) for frame_out in heard} | {int(frame_out[-1]) for frame_out in heard}
    assert edges >= {int(frame[0]) for frame in said[:-5]}, "every frame is heard, some within another's time"
    assert len(heard) >= len(said) - buffer.joined - 5


@pytest.mark.parametrize(("stalled", "within_s"), [(10, 1), (25, 3), (45, 5)])
def test_the_delay_of_a_stall_is_worked_off_while_they_speak(stalled: int, within_s: int) -> None:
    buffer = JitterBuffer()
    loud = spoken(1)[0]
    for _ in range(stalled):
        buffer.put(loud)
    for _ in range(50 * within_s):
        buffer.put(loud)
        buffer.take()
    assert buffer.depth <= 6


def test_a_pause_works_it_off_much_faster() -> None:
    buffer = JitterBuffer()
    silence = np.zeros(160, dtype=np.int16)
    for _ in range(30):
        buffer.put(silence)
    for _ in range(50):
        buffer.put(silence)
        buffer.take()
    assert buffer.depth <= 6
    for _ in range(150):
        buffer.put(silence)
        buffer.take()
    assert buffer.depth <= 3, "and the rest in the pauses that follow"


def test_who_was_away_for_longer_than_a_second_does_not_hear_it_all() -> None:
    buffer = JitterBuffer()
    for frame in spoken(120):
        buffer.put(frame)
    assert (buffer.depth, buffer.dropped) == (50, 70)


def test_two_frames_in_the_time_of_one_begin_and_end_without_an_edge() -> None:
    first, second = tone(400, 2)
    both = blended(first, second)
    assert (int(both[0]), int(both[-1])) == (int(first[0]), int(second[-1]))
    assert both.dtype == np.int16
    assert int(np.abs(both.astype(np.int32)).max()) <= 8_000


def test_voices_together_do_not_wrap_around() -> None:
    loud = np.full(160, 30_000, dtype=np.int16)
    assert int(mixed(loud, loud).max()) == 32_767
    assert not mixed(None, None).any()
    assert (level(None), level(np.full(160, 32_767, dtype=np.int16))) == (-90, 0)


def test_the_hold_tone_gives_a_sign_of_life_every_four_seconds() -> None:
    heard = [level(hold_frame(tick)) for tick in range(600)]
    assert all(max(heard[at : at + 200]) > -40 for at in range(0, 400, 10))
    assert max(heard) < -20
