"""Whoever listens in hears both sides in step, and a call without listeners keeps nothing."""

from __future__ import annotations

import numpy as np
import pytest

from asr_tts.g711 import encode_ulaw
from callbot.telephony.listening import ListeningPost
from handoff.bridge import Frame


def sound(value: int, frames: int = 1) -> bytes:
    return encode_ulaw(np.full(160 * frames, value, dtype=np.int16))


def test_both_sides_come_twenty_milliseconds_at_a_time() -> None:
    post = ListeningPost()
    heard: list[tuple[Frame, Frame]] = []
    post.callee(sound(9_000))
    stop = post.add(lambda left, right: heard.append((left, right)))
    post.callee(sound(1_000, frames=2))
    post.other(sound(4_000))
    for _ in range(3):
        post.tick()
    for (left, right), levels in zip(heard, [(1_000, 4_000), (1_000, 0), (0, 0)], strict=True):
        assert (left.mean(), right.mean()) == pytest.approx(levels, rel=0.05, abs=20)
    stop()
    post.tick()
    assert len(heard) == 3
    assert not post.manned


def test_what_nobody_fetches_is_dropped_the_oldest_first() -> None:
    post = ListeningPost()
    heard: list[float] = []
    post.add(lambda left, right: heard.append(round(float(left.mean()), -2)))
    for value in range(1_000, 10_000, 1_000):
        post.callee(sound(value))
    for _ in range(6):
        post.tick()
    assert heard[0] > 4_500
    assert heard[5] == 0
