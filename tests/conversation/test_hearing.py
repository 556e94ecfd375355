"""One stretch of speech becomes words: what the recogniser is told, and what is believed of its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from calls import NOW, PERSON, plan

from asr_tts.audio import Audio
from asr_tts.recogniser import Transcript, Word
from asr_tts.testing import FakeRecognizer
from asr_tts.testing_voice import FakeVoice
from callbot.conversation.hearing import Hearing, made_up
from callbot.conversation.line import SpeechEnded
from callbot.conversation.lookup import PieceLookup
from callbot.conversation.plan import SessionOptions
from callbot.conversation.session_parts import Ports, put_together
from callbot.testing import FakeReader, FakeWriter, FixedClock, MemoryJournal, MemoryLog, ScriptedLine

SEGMENT = SpeechEnded(
    start_ms=1_000, end_ms=2_000, before_ms=200, audio=Audio(np.full(11_200, 900, dtype=np.int16), 8_000)
)


def hearing(recogniser: FakeRecognizer, log: MemoryLog, options: SessionOptions) -> Hearing:
    """As a call has it."""
    ports: Any = {"line": ScriptedLine([]), "voice": FakeVoice(), "fallback_voice": None}
    return put_together(
        plan(person=PERSON),
        Ports(
            **ports,
            recognizer=recogniser,
            reader=FakeReader({}),
            writer=FakeWriter(),
            journal=MemoryJournal(),
            log=log,
            clock=FixedClock(NOW),
            lookup=PieceLookup(),
        ),
        options,
        check=None,
        on_sound=lambda _: None,
        start=lambda work: work.close(),
    ).hearing


@pytest.mark.parametrize("told", [True, False])
async def test_the_recogniser_is_told_what_may_be_said_where_the_settings_say_so(told: bool) -> None:
    recogniser = FakeRecognizer(["方便"])
    await hearing(recogniser, MemoryLog(), SessionOptions(hotwords=told)).words(SEGMENT)
    (words,) = recogniser.hotwords
    assert set(words) >= {"售后", "悦选商城", "王芳"} if told else words == ()


def test_products_of_the_profile_are_words_to_expect() -> None:
    known = plan(person=replace(PERSON, products=("空气炸锅", "悦选商城")))
    assert known.expected_words.count("空气炸锅") == 1
    assert known.expected_words.count("悦选商城") == 1


async def test_times_of_words_are_written_down_on_the_clock_of_the_call() -> None:
    log = MemoryLog()
    spoken = (Word(text="方", start_ms=300, end_ms=480), Word(text="便", start_ms=480, end_ms=700))
    recogniser = FakeRecognizer([Transcript(text="方便", confidence=0.9, words=spoken)])
    heard = await hearing(recogniser, log, SessionOptions()).words(SEGMENT)
    assert heard.text == "方便"
    (written,) = [data for name, _, data in log.events if name == "word-times"]
    assert written["words"] == [["方", 1_100, 1_280], ["便", 1_280, 1_500]]


@pytest.mark.parametrize(
    ("text", "ms", "believed"),
    [
        ("我在上班呢待会再说", 1_200, True),
        ("嗯好的", 150, True),
        ("谢谢大家观看", 3_000, False),
        ("请不吝点赞订阅转发打赏支持明镜与点点栏目", 20_000, False),
        ("这是一句谁也不可能在半秒钟里面说完的特别特别长的话", 400, False),
        ("悦选商城王芳", 1_500, False),
        ("悦选商城", 900, True),
    ],
)
def test_what_nobody_can_have_said_is_not_heard(text: str, ms: int, believed: bool) -> None:
    assert made_up(text, ms, hotwords=("悦选商城", "王芳")) is not believed
