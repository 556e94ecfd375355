"""Noises of a telephone call, made by code: a street, a room full of voices, a bad line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr_tts.audio import LINE_RATE, Pcm

Wave = NDArray[np.floating[Any]]
Noise = Callable[[int, np.random.Generator, Sequence[Pcm]], Wave]
"""(samples, random numbers, recordings of other people) → noise of any loudness at 8 kHz."""

BABBLERS = 6
"""Voices of the babble: too many to follow any, too few to sound like hiss."""


def street(samples: int, rng: np.random.Generator, others: Sequence[Pcm]) -> Wave:
    """Traffic: low-heavy noise that swells and fades over seconds, and now and then a horn of two tones."""
    seconds = np.arange(samples) / LINE_RATE
    swell = 1.0 + 0.6 * np.sin(2 * np.pi * rng.uniform(0.1, 0.3) * seconds + rng.uniform(0, 2 * np.pi))
    sound = _shaped(samples, rng, lambda hertz: 1.0 / (1.0 + hertz / 250.0)) * swell
    for at in np.arange(rng.uniform(0.2, 1.5), samples / LINE_RATE, rng.uniform(2.5, 4.0)):
        length = round(rng.uniform(0.2, 0.5) * LINE_RATE)
        horn = seconds[: min(length, samples - round(at * LINE_RATE))]
        low = rng.uniform(380, 460)
        tones = np.sin(2 * np.pi * low * horn) + np.sin(2 * np.pi * low * 1.26 * horn)
        start = round(at * LINE_RATE)
        sound[start : start + len(tones)] += 1.2 * tones * np.std(sound)
    return sound


def babble(samples: int, rng: np.random.Generator, others: Sequence[Pcm]) -> Wave:
    """Other callees' recordings, several at once, each over and over from a random place."""
    sound = np.zeros(samples)
    for pick in rng.choice(len(others), size=min(BABBLERS, len(others)), replace=False):
        voice = others[pick].astype(np.float64)
        voice = np.resize(np.roll(voice, rng.integers(len(voice))), samples)
        sound += voice / max(1.0, float(np.std(voice)))
    return sound


def line(samples: int, rng: np.random.Generator, others: Sequence[Pcm]) -> Wave:
    """A bad line: mains hum with harmonics under a hiss."""
    seconds = np.arange(samples) / LINE_RATE
    hum = sum(np.sin(2 * np.pi * 50 * part * seconds) / part for part in (1, 2, 3, 5, 7))
    hiss = _shaped(samples, rng, lambda hertz: np.minimum(1.0, hertz / 1000.0))
    return np.asarray(hum / np.std(hum) + hiss / np.std(hiss))


NOISES: Mapping[str, Noise] = {"street": street, "babble": babble, "line": line}


def mixed(speech: Pcm, noise: Wave, snr_db: float) -> Pcm:
    """`speech` with `noise` so far below it. The level of speech is taken where somebody speaks."""
    clean = speech.astype(np.float64)
    loud = clean[np.abs(clean) > 0.05 * np.abs(clean).max()] if len(clean) and np.abs(clean).max() else clean
    level = float(np.sqrt(np.mean(np.square(loud)))) if len(loud) else 0.0
    gain = level / 10 ** (snr_db / 20) / max(1e-9, float(np.sqrt(np.mean(np.square(noise)))))
    return np.clip(clean + gain * noise, -32_768, 32_767).astype(np.int16)


def _shaped(samples: int, rng: np.random.Generator, weight: Callable[[Wave], Wave]) -> Wave:
    """White noise weighted by frequency in Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / LINE_RATE)
    return np.asarray(np.fft.irfft(spectrum * weight(hertz), samples))
