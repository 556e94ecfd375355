"""The fakes hear what they were told, so that tests built on them mean something."""

from __future__ import annotations

import numpy as np
import pytest

from asr_tts.audio import Audio
from asr_tts.recogniser import RecogniserFailed, Transcript
from asr_tts.testing import FakeRecognizer, FakeVoiceActivity, fingerprint
from asr_tts.voice_activity import WINDOW


def clip(seed: int) -> Audio:
    return Audio(np.random.default_rng(seed).integers(-900, 900, 800, dtype=np.int16), 8_000)


async def test_known_sound_first_then_the_queue_then_silence() -> None:
    fake = FakeRecognizer(
        ["在的", Transcript(text="不用", confidence=0.3), RecogniserFailed("gone", retryable=True)],
        by_fingerprint={fingerprint(clip(1)): "我要投诉"},
    )
    assert (await fake.transcribe(clip(1), hotwords=["金秋卡"])).text == "我要投诉"
    assert (await fake.transcribe(clip(2))).text == "在的"
    assert (await fake.transcribe(clip(2))).confidence == 0.3
    with pytest.raises(RecogniserFailed, match="gone"):
        await fake.transcribe(clip(2))
    assert await fake.transcribe(clip(2)) == Transcript(text="", confidence=0.0)
    assert fake.hotwords[0] == ("金秋卡",)
    assert len(fake.heard) == 5


def test_fingerprints_tell_sounds_and_rates_apart() -> None:
    assert fingerprint(clip(1)) == fingerprint(clip(1))
    assert fingerprint(clip(1)) != fingerprint(clip(2))
    assert fingerprint(clip(1)) != fingerprint(Audio(clip(1).samples, 16_000))


def test_loud_is_speech() -> None:
    fake = FakeVoiceActivity()
    loud, quiet = np.full(WINDOW, -3_000, dtype=np.int16), np.full(WINDOW, 20, dtype=np.int16)
    assert fake.score([fake.start(), fake.start()], [loud, quiet]) == [1.0, 0.0]
    with pytest.raises(ValueError, match="one window of 256"):
        fake.score([fake.start()], [loud[:-1]])
