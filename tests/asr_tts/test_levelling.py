"""One loudness for all speakers, no long silence, no click."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from asr_tts.levelling import PEAK_DB, SPEECH_LEVEL_DB, level_speech

RATE = 24_000


def tone(seconds: float, loudness: float) -> NDArray[np.float32]:
    return (loudness * np.sin(2 * np.pi * 220 * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(int(RATE * seconds), dtype=np.float32)


def decibels(samples: NDArray[np.int16]) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples / 32768.0)))))


@pytest.mark.parametrize("loudness", [0.01, 0.1, 0.9])
def test_quiet_and_loud_speakers_come_out_alike(loudness: float) -> None:
    samples = level_speech(tone(2.0, loudness), RATE, lead_ms=0, tail_ms=0)
    assert decibels(samples) == pytest.approx(SPEECH_LEVEL_DB, abs=0.5)


def test_long_silence_around_speech_is_cut() -> None:
    samples = level_speech(np.concatenate([silence(1.0), tone(1.0, 0.3), silence(2.0)]), RATE)
    assert len(samples) / RATE == pytest.approx(1.16, abs=0.03)


def test_a_pause_inside_speech_stays() -> None:
    samples = level_speech(
        np.concatenate([tone(0.5, 0.3), silence(0.6), tone(0.5, 0.3)]), RATE, lead_ms=0, tail_ms=0
    )
    assert len(samples) / RATE == pytest.approx(1.6, abs=0.03)


def test_starts_and_ends_without_a_click() -> None:
    samples = level_speech(tone(0.5, 0.5) + np.float32(0.3), RATE, lead_ms=0, tail_ms=0)
    assert abs(int(samples[0])) < 50
    assert abs(int(samples[-1])) < 50


def test_peaks_bend_instead_of_clipping() -> None:
    speech = tone(1.0, 0.05)
    speech[12_000:12_240] *= 20
    samples = level_speech(speech, RATE)
    assert np.abs(samples).max() < 32767 * 10 ** (PEAK_DB / 20) + 1


@pytest.mark.parametrize("wave", [silence(0.0), silence(0.001), silence(1.0)])
def test_silence_is_empty(wave: NDArray[np.float32]) -> None:
    assert len(level_speech(wave, RATE)) == 0
