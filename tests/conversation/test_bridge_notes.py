"""What callee and human said to each other is written down with its times."""

from __future__ import annotations

import asyncio
from collections import deque

import numpy as np
from calls import call

from asr_tts.recogniser import RecogniserFailed
from asr_tts.testing import FakeRecognizer
from callbot.conversation.bridge_notes import BridgeNotes, Stretch, Stretches
from callbot.conversation.labels import Intent
from callbot.conversation.result import Turn
from callbot.testing import Utter
from handoff.bridge import AudioEnd, Bridged, Frame, Nobody
from handoff.desk import Placed
from handoff.testing import FakeDesk

QUIET: Frame = np.zeros(160, dtype=np.int16)
LOUD: Frame = (4000 * np.sin(np.arange(160))).astype(np.int16)


def stretches(frames: list[Frame], times: list[int] | None = None) -> list[Stretch]:
    """What is found in frames that come every 20 ms, or at these times."""
    finder = Stretches("callee")
    found = [finder.push(frame, at) for frame, at in zip(frames, times or range(0, 10**6, 20), strict=False)]
    return [stretch for stretch in (*found, finder.end()) if stretch is not None]


def test_stretches_are_parted_by_quiet_and_clicks_are_left_out() -> None:
    frames = [*[QUIET] * 10, *[LOUD] * 50, *[QUIET] * 60, *[LOUD] * 3, *[QUIET] * 60, *[LOUD] * 30]
    assert [(one.start_ms, one.end_ms) for one in stretches(frames)] == [(200, 1_200), (3_660, 4_260)]


def test_no_stretch_is_longer_than_the_recogniser_takes() -> None:
    found = stretches([LOUD] * 5000)
    assert all(one.end_ms - one.start_ms <= 30_000 for one in found)
    assert sum(len(one.frames) for one in found) == 5000


def test_after_a_stall_words_keep_their_times() -> None:
    """Nothing comes for 300 ms, then all of it at once."""
    times = [*range(0, 1_000, 20), *[1_300] * 15, *range(1_320, 3_000, 20)]
    frames = [*[QUIET] * 60, *[LOUD] * 50, *[QUIET] * 50]
    (one,) = stretches(frames, times)
    assert abs(one.start_ms - 1_200) <= 100
    assert abs(one.end_ms - 2_200) <= 100
    assert len(one.frames) == 55


def test_frames_that_never_came_do_not_shift_the_rest_of_the_conversation() -> None:
    """A second of the call is lost before these words."""
    times = [*range(0, 1_000, 20), *range(2_000, 6_000, 20)]
    frames = [*[QUIET] * 100, *[LOUD] * 50, *[QUIET] * 50]
    (one,) = stretches(frames, times)
    assert abs(one.start_ms - 3_000) <= 200
    assert abs(one.end_ms - 4_000) <= 200


async def written(callee: list[Frame], agent: list[Frame], recognizer: FakeRecognizer) -> list[Turn]:
    """The turns of a bridge that begins at 10 s of the call."""
    turns: list[Turn] = []
    now_ms = 10_000

    async def keep(turn: Turn) -> None:
        turns.append(turn)

    notes = BridgeNotes(Speaker(callee), now_ms=lambda: now_ms, recognizer=recognizer, on_turn=keep)
    writing = asyncio.create_task(notes.write())
    for tick in range(max(len(callee), len(agent))):
        if tick < len(agent):
            await notes.send(agent[tick])
        await notes.receive()
        now_ms += 20
    notes.close()
    await writing
    return turns


class Speaker(Nobody):
    """A callee who says what is given."""

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = deque(frames)

    async def receive(self) -> Frame | None:
        return self._frames.popleft() if self._frames else None


async def test_both_sides_are_written_with_times_of_the_call() -> None:
    recognizer = FakeRecognizer(["您好我是小林", "你好"])
    turns = await written(
        [*[QUIET] * 100, *[LOUD] * 50], [*[QUIET] * 10, *[LOUD] * 50, *[QUIET] * 50], recognizer
    )
    assert [(turn.speaker, turn.text, turn.start_ms, turn.end_ms) for turn in turns] == [
        ("agent", "您好我是小林", 10_200, 11_200),
        ("callee", "你好", 12_000, 13_000),
    ]
    assert len(recognizer.heard[0].samples) == 55 * 160


async def test_what_the_recogniser_fails_on_costs_that_sentence_alone() -> None:
    recognizer = FakeRecognizer([RecogniserFailed("busy", retryable=True), "下一句"])
    turns = await written([*[LOUD] * 50, *[QUIET] * 50, *[LOUD] * 50], [], recognizer)
    assert [turn.text for turn in turns] == ["下一句"]


class TalkingDesk(FakeDesk):
    """An agent who speaks for a second."""

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        for _ in range(50):
            await callee.send(LOUD)
            await asyncio.sleep(0.02)
        return await super().bridge(placed, callee)


def test_the_agent_stands_in_the_transcript() -> None:
    ended = call([Utter(text="转人工")], {"转人工": Intent.REQUEST_HUMAN}, desk=TalkingDesk(frames=100))
    agent = [turn for turn in ended.result.turns if turn.speaker == "agent"]
    assert len(agent) == 1
    assert agent[0].end_ms - agent[0].start_ms == 1000
