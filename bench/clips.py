"""What the callees of a load run say: recorded synthetic Mandarin in a quiet room, as μ-law frames."""

from __future__ import annotations

import base64
import random
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asr_tts.audio import LINE_RATE, Pcm
from asr_tts.g711 import decode_ulaw, encode_ulaw
from asr_tts.segmenter import SpeechBegan, SpeechPaused, SpeechSegmenter
from asr_tts.silero import SileroVoiceActivity
from asr_tts.voice_activity import WINDOW, VoiceActivity
from bench.callee import Clip
from callbot.resources import folder

NOISE_DBOV = -50.0
SPEECH_DBOV = -40.0
"""A frame at or above it carries speech: ten decibels over the noise."""
UTTERANCE_MS = 1_900
COUGH_MS = 360
_FRAME = LINE_RATE // 50
_CLIPS = 12
_COUGHS = 4
_LONGEST_GAP_MS = 180
"""Of quiet inside an utterance, so that each is one stretch of speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clips:
    """Utterances, coughs, and noise frames for the time between."""

    utterances: tuple[Clip, ...]
    coughs: tuple[Clip, ...]
    noise: tuple[bytes, ...]
    voice_activity_lag_ms: tuple[float, ...]
    """Of each utterance: the end as voice activity sees it, less the end of the last speech frame."""


def load_clips(silero: Path, seed: int = 7) -> Clips:
    """Choose and cut the fixtures that are nearest to `UTTERANCE_MS`; a cough is the middle of a syllable."""
    chance = np.random.default_rng(seed)
    activity = SileroVoiceActivity(silero, gate=None)
    stretches = [cut for path in _recordings() if (cut := _speech(_read(path))) is not None]
    stretches.sort(key=lambda samples: abs(len(samples) * 1000 / LINE_RATE - UTTERANCE_MS))
    utterances, lags = [], []
    for samples in stretches:
        noisy = _with_noise(samples, chance)
        if (lag := _lag_ms(noisy, activity, chance)) is not None:
            utterances.append(_clip(noisy))
            lags.append(lag)
        if len(utterances) == _CLIPS:
            break
    coughs = [_clip(_with_noise(_cough(samples), chance)) for samples in stretches[:_COUGHS]]
    return Clips(
        utterances=tuple(utterances),
        coughs=tuple(coughs),
        noise=_clip(_noise(50 * _FRAME * 4, chance)).frames,
        voice_activity_lag_ms=tuple(lags),
    )


def _recordings() -> Iterator[Path]:
    paths = sorted((folder("recordings_fixtures") / "personas").glob("*/*.wav"))
    random.Random(7).shuffle(paths)
    yield from paths


def _read(path: Path) -> Pcm:
    with wave.open(str(path), "rb") as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    if rate != LINE_RATE:
        raise ValueError(f"{path}: {rate} Hz; the fixtures are recorded at {LINE_RATE}")
    pcm: Pcm = samples.astype(np.int16)
    return pcm


def _levels(samples: Pcm) -> NDArray[np.float64]:
    """dBov of each whole frame."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    level: NDArray[np.float64] = 10 * np.log10(np.mean(frames**2, axis=1) / 32_768**2 + 1e-12)
    return level


def _speech(samples: Pcm) -> Pcm | None:
    """From the first to the last frame with speech; None where the callee pauses in between."""
    loud = np.flatnonzero(_levels(samples) >= SPEECH_DBOV)
    if not len(loud) or np.diff(loud).max(initial=1) * 20 > _LONGEST_GAP_MS:
        return None
    return samples[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME]


def _cough(samples: Pcm) -> Pcm:
    loudest = int(np.argmax(np.convolve(_levels(samples), np.ones(COUGH_MS // 20), mode="valid")))
    return samples[loudest * _FRAME : loudest * _FRAME + COUGH_MS * LINE_RATE // 1000]


def _noise(length: int, chance: np.random.Generator) -> Pcm:
    return (chance.standard_normal(length) * 32_768 * 10 ** (NOISE_DBOV / 20)).astype(np.int16)


def _with_noise(samples: Pcm, chance: np.random.Generator) -> Pcm:
    mixed: Pcm = np.clip(samples.astype(np.int32) + _noise(len(samples), chance), -32_768, 32_767).astype(
        np.int16
    )
    return mixed


def _clip(samples: Pcm) -> Clip:
    sound = encode_ulaw(samples)
    return Clip(
        frames=tuple(
            base64.b64encode(sound[at : at + _FRAME]) for at in range(0, len(sound) - _FRAME + 1, _FRAME)
        )
    )


def _lag_ms(samples: Pcm, activity: VoiceActivity, chance: np.random.Generator) -> float | None:
    """None where the detector hears more or less than one stretch."""
    before = _noise(LINE_RATE, chance)
    line = np.concatenate((before, samples, _noise(LINE_RATE, chance)))
    line = decode_ulaw(encode_ulaw(line))
    state, segmenter = activity.start(), SpeechSegmenter()
    found: list[SpeechBegan | SpeechPaused] = []
    for at in range(0, len(line) - WINDOW, WINDOW):
        (score,) = activity.score([state], [line[at : at + WINDOW]])
        if event := segmenter.feed(score, (at + WINDOW) * 1000 // LINE_RATE):
            found.append(event)
    match found:
        case [SpeechBegan(), SpeechPaused(end_ms=end_ms)]:
            return end_ms - (len(before) + len(samples)) * 1000 / LINE_RATE
    return None
