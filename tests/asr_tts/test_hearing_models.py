"""The installed models on real sound: Silero and Whisper."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from asr_tts.audio import Audio, Pcm
from asr_tts.g711 import decode_alaw, encode_alaw
from asr_tts.recogniser import RecogniserFailed
from asr_tts.silero import EnergyGate, SileroVoiceActivity
from asr_tts.voice_activity import WINDOW
from asr_tts.whisper import LocalRecognizer

pytestmark = pytest.mark.slow

MODELS = Path("~/.cache/callbot/models").expanduser()
REFUSE = Path(__file__).parent / "sound" / "refuse.wav"
"""Kokoro zm_yunxi: 不用了，最近没有时间，下周再打给我吧。"""


def read(path: Path) -> Audio:
    with wave.open(str(path), "rb") as reader:
        return Audio(np.frombuffer(reader.readframes(reader.getnframes()), dtype="<i2"), reader.getframerate())


def windows(samples: Pcm) -> list[Pcm]:
    return [samples[at : at + WINDOW] for at in range(0, len(samples) - WINDOW + 1, WINDOW)]


def noise(count: int, amplitude: float, seed: int = 1) -> Pcm:
    return (np.random.default_rng(seed).normal(size=count) * amplitude).astype(np.int16)


@pytest.fixture(scope="module")
def ungated() -> SileroVoiceActivity:
    return SileroVoiceActivity(MODELS / "silero-vad" / "silero_vad.onnx", gate=None)


@pytest.fixture(scope="module")
def gated() -> SileroVoiceActivity:
    return SileroVoiceActivity(MODELS / "silero-vad" / "silero_vad.onnx")


def scores_of(activity: SileroVoiceActivity, samples: Pcm) -> list[float]:
    state = activity.start()
    return [activity.score([state], [window])[0] for window in windows(samples)]


def test_a_batch_scores_as_single_streams_do(ungated: SileroVoiceActivity) -> None:
    speech = read(REFUSE).samples
    streams = [speech, np.roll(speech, 3_000), noise(len(speech), 300), np.zeros_like(speech)]
    states = [ungated.start() for _ in streams]
    batched = [ungated.score(states, row) for row in zip(*(windows(stream) for stream in streams), strict=True)]
    for index, stream in enumerate(streams):
        assert [row[index] for row in batched] == pytest.approx(scores_of(ungated, stream), abs=1e-5)


def test_speech_is_speech_and_noise_is_not(gated: SileroVoiceActivity) -> None:
    assert max(scores_of(gated, read(REFUSE).samples)) > 0.9
    assert max(scores_of(gated, noise(24_000, 300))) < 0.5


def test_the_gate_costs_no_speech(gated: SileroVoiceActivity, ungated: SileroVoiceActivity) -> None:
    speech = read(REFUSE).samples
    sound = np.concatenate((np.zeros(40_000, dtype=np.int16), speech, np.zeros(8_000, dtype=np.int16), speech))
    open_, closed = scores_of(ungated, sound), scores_of(gated, sound)
    assert sum(closed[:100]) < 1.0
    said = [index for index, score in enumerate(open_) if score >= 0.5]
    still = [index for index in said if closed[index] >= 0.5]
    assert len(still) >= 0.97 * len(said)


def test_behind_a_closed_gate_the_model_is_not_asked(gated: SileroVoiceActivity) -> None:
    state = gated.start()
    silence = np.zeros(WINDOW, dtype=np.int16)
    scores = [gated.score([state], [silence])[0] for _ in range(200)]
    assert all(score > 0 for score in scores[:8])
    assert scores[8:] == [0.0] * 192
    assert not state.memory.any()


def test_a_missing_model_names_its_cure(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="callbot models install"):
        SileroVoiceActivity(tmp_path / "silero_vad.onnx", gate=EnergyGate())


@pytest.fixture
async def recogniser() -> AsyncIterator[LocalRecognizer]:
    recogniser = LocalRecognizer(str(MODELS / "whisper-base"))
    yield recogniser
    await recogniser.aclose()


async def test_whisper_hears_telephone_mandarin(recogniser: LocalRecognizer) -> None:
    clip = read(REFUSE)
    line = Audio(decode_alaw(encode_alaw(clip.samples)), clip.rate)
    heard = await recogniser.transcribe(line)
    assert heard.text == "不用了最近没有时间下周再打给我吧"
    assert heard.confidence > 0.5


async def test_whisper_hears_nothing_in_noise(recogniser: LocalRecognizer) -> None:
    for amplitude in (0.0, 30.0, 1_000.0):
        assert (await recogniser.transcribe(Audio(noise(16_000, amplitude), 8_000))).text == ""


async def test_whisper_refuses_more_than_it_can_take(recogniser: LocalRecognizer) -> None:
    with pytest.raises(RecogniserFailed, match=r"31\.0 s of speech") as failure:
        await recogniser.transcribe(Audio(np.zeros(8_000 * 31, dtype=np.int16), 8_000))
    assert not failure.value.retryable


async def test_a_missing_whisper_is_told(tmp_path: Path) -> None:
    recogniser = LocalRecognizer(str(tmp_path))
    with pytest.raises(RecogniserFailed, match="could not be loaded"):
        await recogniser.warm_up()
    await recogniser.aclose()
