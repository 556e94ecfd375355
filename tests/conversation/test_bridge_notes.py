"""What callee and human said to each other is written down with its times."""

from __future__ import annotations

import numpy as np
from calls import call

from asr_tts.testing import FakeRecognizer
from callbot.conversation.bridge_notes import BridgeTap, stretches, transcribed
from callbot.conversation.labels import Intent
from callbot.conversation.result import Turn
from callbot.testing import ScriptedCallee, Utter
from handoff.bridge import AudioEnd, Bridged, Frame
from handoff.desk import Placed
from handoff.testing import FakeDesk

QUIET: Frame = np.zeros(160, dtype=np.int16)
LOUD: Frame = (4000 * np.sin(np.arange(160))).astype(np.int16)


def test_stretches_are_parted_by_quiet_and_clicks_are_left_out() -> None:
    frames = [*[QUIET] * 10, *[LOUD] * 50, *[QUIET] * 60, *[LOUD] * 3, *[QUIET] * 60, *[LOUD] * 30]
    assert list(stretches(frames)) == [(10, 60), (183, 213)]


def test_no_stretch_is_longer_than_the_recogniser_takes() -> None:
    assert all(end - begin <= 30_000 // 20 for begin, end in stretches([LOUD] * 5000))


async def test_both_sides_are_written_with_times_of_the_call() -> None:
    tap = BridgeTap(ScriptedCallee(), start_ms=10_000)
    tap.agent = [*[QUIET] * 10, *[LOUD] * 50]
    tap.callee = [*[QUIET] * 100, *[LOUD] * 50]
    turns: list[Turn] = []
    await transcribed(tap, FakeRecognizer(["您好我是小林", "你好"]), turns)
    assert [(turn.speaker, turn.text, turn.start_ms, turn.end_ms) for turn in turns] == [
        ("agent", "您好我是小林", 10_200, 11_200),
        ("callee", "你好", 12_000, 13_000),
    ]


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
