"""Phonemes, token limits, voices over workers, and the fake voice."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_tts.audio import Audio
from asr_tts.kokoro import KOKORO_RATE, split_tokens
from asr_tts.kokoro_voice import KokoroVoice
from asr_tts.phonemes import phonemes
from asr_tts.testing_voice import MS_PER_CHARACTER, FakeVoice
from asr_tts.voice import Voice, VoiceFailed
from asr_tts.worker import EngineFailed, EnginePool

LINE = "好的，没问题。我这就帮您登记一下，明天下午三点再联系您。"


class InstantPool(EnginePool):
    """A pool whose engine answers at once with 100 ms, and fails when told to."""

    def __init__(self, failure: EngineFailed | None = None) -> None:
        super().__init__(object)
        self.asked: list[tuple[str, float]] = []
        self.failure = failure

    async def run(self, method: str, *args: Any, **kwargs: Any) -> Audio:
        assert method == "synthesise"
        self.asked.append((args[0], args[1]))
        if self.failure is not None:
            raise self.failure
        return Audio(np.full(2400, 1000, dtype=np.int16), KOKORO_RATE)


async def heard(voice: Voice, text: str, speed: float = 1.0) -> list[Audio]:
    return [audio async for audio in voice.speak(text, speed=speed)]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("您好", "ni↗nxau↓"),
        ("您好，再见。", "ni↗nxau↓, ʦai↘ʨjɛ↘n."),
        ("银行", "i↗nxa↗ŋ"),
        ("真的？好！稍等；那么：一、二……", "ꭧə→ntɤ? xau↓! ʂau→ tə↓ŋ; na↘mɤ: i→, ɚ↘……"),
        ("VIP", "vˈi ˈI pˈi"),
        ("wifi", "wˈIfˌI"),
        ("……", ""),
        ("😀", ""),
        ("", ""),
    ],
)
def test_text_becomes_phonemes(text: str, spoken: str) -> None:
    assert phonemes(text) == spoken


def test_a_character_without_a_reading_costs_only_itself() -> None:
    assert phonemes("小甅米").replace(" ", "") == phonemes("小米").replace(" ", "")


@given(st.text(max_size=20))
def test_any_text_has_phonemes_or_none(text: str) -> None:
    phonemes(text)


@given(st.lists(st.integers(1, 20), max_size=80), st.integers(1, 12))
def test_long_token_lists_are_split_without_loss(ids: list[int], limit: int) -> None:
    runs = split_tokens(ids, {1, 2}, limit)
    assert [token for run in runs for token in run] == ids
    assert all(0 < len(run) <= limit for run in runs)


def test_a_split_falls_on_the_last_pause_that_fits() -> None:
    assert split_tokens([5, 1, 5, 5, 1, 5, 5], {1}, 6) == [[5, 1, 5, 5, 1], [5, 5]]


async def test_kokoro_speaks_clause_by_clause_with_a_pause_after_sentences() -> None:
    pool = InstantPool()
    pieces = await heard(KokoroVoice(pool, "zf_xiaoxiao"), LINE, speed=1.1)
    assert "".join(text for text, _ in pool.asked) == LINE
    assert {speed for _, speed in pool.asked} == {1.1}
    assert len(pieces) == len(pool.asked) > 1
    assert pieces[0].duration_ms > pieces[-1].duration_ms == 100


async def test_the_background_voice_sounds_the_same_and_shares_the_workers() -> None:
    pool = InstantPool()
    voice = KokoroVoice(pool, "zf_xiaoxiao")
    assert voice.background.identity == voice.identity == "kokoro-82m-int8/zf_xiaoxiao/1"
    await heard(voice.background, "再见。")
    assert pool.asked == [("再见。", 1.0)]


@pytest.mark.parametrize("retryable", [True, False])
async def test_a_failed_worker_is_a_failed_voice(retryable: bool) -> None:
    voice = KokoroVoice(InstantPool(EngineFailed("the worker died", retryable=retryable)), "zf_xiaoxiao")
    with pytest.raises(VoiceFailed, match="the worker died") as told:
        await heard(voice, LINE)
    assert told.value.retryable is retryable
    with pytest.raises(VoiceFailed):
        async with asyncio.timeout(5):  # the place at the gate was given back
            await heard(voice, LINE)


async def test_the_fake_voice_takes_as_long_as_people_do() -> None:
    voice = FakeVoice()
    pieces = await heard(voice, LINE)
    said = sum(character.isalnum() for character in LINE)
    assert sum(piece.duration_ms for piece in pieces) == pytest.approx(said * MS_PER_CHARACTER, abs=10)
    assert voice.spoken == [LINE]


async def test_the_fake_voice_can_be_silent_and_can_fail() -> None:
    voice = FakeVoice(tone_hz=0, failures=1)
    with pytest.raises(VoiceFailed):
        await heard(voice, LINE)
    assert not any(piece.samples.any() for piece in await heard(voice, LINE))
