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
from asr_tts.segmenter import SpeechEvent, SpeechPaused, SpeechSegmenter
from asr_tts.silero import EnergyGate, SileroVoiceActivity
from asr_tts.voice_activity import WINDOW
from asr_tts.whisper import LocalRecognizer, WhisperEngine

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


def segments_of(activity: SileroVoiceActivity, samples: Pcm) -> list[SpeechEvent]:
    segmenter = SpeechSegmenter()
    found = [segmenter.feed(score, 32 * at) for at, score in enumerate(scores_of(activity, samples), start=1)]
    return [event for event in found if event is not None]


@pytest.mark.parametrize("noise_dbov", [None, -60, -50])
def test_the_gate_costs_no_speech(
    gated: SileroVoiceActivity, ungated: SileroVoiceActivity, noise_dbov: float | None
) -> None:
    speech, quiet = read(REFUSE).samples, np.zeros(8_000, dtype=np.int16)
    sound = np.concatenate((np.zeros(40_000, dtype=np.int16), speech, quiet, speech, quiet))
    if noise_dbov is not None:
        sound = sound + noise(len(sound), 32_768 * 10 ** (noise_dbov / 20))
    every, some = segments_of(ungated, sound), segments_of(gated, sound)
    assert [type(event) for event in some] == [type(event) for event in every]
    for open_, closed in zip(every, some, strict=True):
        assert abs(closed.start_ms - open_.start_ms) <= 64
        if isinstance(open_, SpeechPaused) and isinstance(closed, SpeechPaused):
            assert open_.end_ms - 200 <= closed.end_ms <= open_.end_ms


def test_speech_ends_where_it_sinks_into_the_noise_of_the_line(gated: SileroVoiceActivity) -> None:
    hiss = noise(40_000, 100)
    speech = read(REFUSE).samples[:16_000]
    *_, last = segments_of(gated, np.concatenate((hiss, speech, hiss)))
    assert isinstance(last, SpeechPaused)
    assert last.end_ms <= (len(hiss) + len(speech)) // 8 + 32


@pytest.mark.parametrize("loud", [0, 100])
def test_behind_a_closed_gate_the_model_is_not_asked(gated: SileroVoiceActivity, loud: float) -> None:
    state = gated.start()
    scores = [gated.score([state], [window])[0] for window in windows(noise(40_000, loud))]
    assert max(scores) < 0.1
    before = state.memory.copy()
    gated.score([state], windows(noise(WINDOW, loud, seed=2)))
    assert np.array_equal(state.memory, before)
    assert not state.memory.any(), "after a long rest the memory is fresh"


def test_loud_noise_is_left_to_the_model(gated: SileroVoiceActivity) -> None:
    state = gated.start()
    for window in windows(noise(40_000, 1_000)):
        before = state.memory.copy()
        gated.score([state], [window])
        assert not np.array_equal(state.memory, before)


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


def test_several_utterances_at_once_are_heard_as_each_by_itself() -> None:
    clip = read(REFUSE)
    utterances = [
        clip,
        Audio(noise(4_000, 30.0), 8_000),
        Audio(clip.samples[: clip.rate // 20], clip.rate),
        clip,
    ]
    engine = WhisperEngine(str(MODELS / "whisper-base"))
    heard = engine.transcribe_all(utterances)
    assert [one.text for one in heard] == [engine.transcribe(one).text for one in utterances]
    assert [bool(one.text) for one in heard] == [True, False, False, True]


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
