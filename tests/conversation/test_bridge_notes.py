"""What callee and human said to each other is written down with its times."""

from __future__ import annotations

import asyncio
from collections import deque

import numpy as np
from calls import call

from asr_tts.recogniser import RecogniserFailed
from asr_tts.testing import FakeRecognizer
from callbot.conversation.bridge_notes import BridgeNotes, stretches
from callbot.conversation.labels import Intent
from callbot.conversation.result import Turn
from callbot.testing import Utter
from handoff.bridge import AudioEnd, Bridged, Frame, Nobody
from handoff.desk import Placed
from handoff.testing import FakeDesk

QUIET: Frame = np.zeros(160, dtype=np.int16)
LOUD: Frame = (4000 * np.sin(np.arange(160))).astype(np.int16)


def test_stretches_are_parted_by_quiet_and_clicks_are_left_out() -> None:
    frames = [*[QUIET] * 10, *[LOUD] * 50, *[QUIET] * 60, *[LOUD] * 3, *[QUIET] * 60, *[LOUD] * 30]
    assert list(stretches(frames)) == [(10, 60), (183, 213)]


def test_no_stretch_is_longer_than_the_recogniser_takes() -> None:
    assert all(end - begin <= 30_000 // 20 for begin, end in stretches([LOUD] * 5000))


async def written(callee: list[Frame], agent: list[Frame], recognizer: FakeRecognizer) -> list[Turn]:
    turns: list[Turn] = []

    async def keep(turn: Turn) -> None:
        turns.append(turn)

    notes = BridgeNotes(Speaker(callee), start_ms=10_000, recognizer=recognizer, on_turn=keep)
    writing = asyncio.create_task(notes.write())
    for frame in agent:
        await notes.send(frame)
    while await notes.receive() is not None:
        pass
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
        return await super().bridge(placed, callee)


def test_the_agent_stands_in_the_transcript() -> None:
    ended = call([Utter(text="转人工")], {"转人工": Intent.REQUEST_HUMAN}, desk=TalkingDesk(frames=100))
    agent = [turn for turn in ended.result.turns if turn.speaker == "agent"]
    assert len(agent) == 1
    assert agent[0].end_ms - agent[0].start_ms == 1000
