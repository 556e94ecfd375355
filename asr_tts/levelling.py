"""Speech made ready to play: silence trimmed, edges faded, one loudness for all speakers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from asr_tts.audio import Pcm

SPEECH_LEVEL_DB = -20.0
"""RMS of the voiced part in dB of full scale."""
PEAK_DB = -1.0
"""No sample is louder than this, in dB of full scale."""
_FRAME_S = 0.01
_GATE = 10 ** (-40 / 20)
"""Frames 40 dB under the loudest one count as silence."""


def level_speech(
    wave: NDArray[np.float32], rate: int, *, lead_ms: int = 40, tail_ms: int = 120, fade_ms: int = 20
) -> Pcm:
    """Turn float samples (-1..1) into speech at `SPEECH_LEVEL_DB`.

    At most `lead_ms` of silence stay before it and `tail_ms` after it. Nothing but silence comes back empty.
    """
    frame = max(1, int(rate * _FRAME_S))
    whole = len(wave) // frame * frame
    if whole == 0:
        return np.zeros(0, dtype=np.int16)
    rms = np.sqrt(np.mean(np.square(wave[:whole].reshape(-1, frame), dtype=np.float64), axis=1))
    if rms.max() < 1e-4:
        return np.zeros(0, dtype=np.int16)
    voiced = np.flatnonzero(rms > rms.max() * _GATE)
    first = max(0, int(voiced[0]) * frame - rate * lead_ms // 1000)
    last = min(len(wave), (int(voiced[-1]) + 1) * frame + rate * tail_ms // 1000)
    loudness = float(np.sqrt(np.mean(np.square(rms[voiced]))))
    speech = wave[first:last].astype(np.float64) * (10 ** (SPEECH_LEVEL_DB / 20) / loudness)
    speech = _limited(speech, 10 ** (PEAK_DB / 20))
    fade = min(rate * fade_ms // 1000, len(speech) // 2)
    ramp = np.linspace(0.0, 1.0, fade, endpoint=False)
    speech[:fade] *= ramp
    speech[len(speech) - fade :] *= ramp[::-1]
    return np.round(speech * 32767).astype(np.int16)


def _limited(wave: NDArray[np.float64], ceiling: float) -> NDArray[np.float64]:
    """Bend peaks above half the ceiling smoothly under it, rather than clip or make all of it quieter."""
    knee = ceiling / 2
    over = np.abs(wave) > knee
    if not over.any():
        return wave
    limited = wave.copy()
    room = ceiling - knee
    limited[over] = np.sign(wave[over]) * (knee + room * np.tanh((np.abs(wave[over]) - knee) / room))
    return limited
