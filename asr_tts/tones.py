"""A language of pitches: each known sentence is one tone. It makes whole calls cheap and their words certain.

For crash and load tests with the simulated carrier: callees say tones, the recogniser knows each by its pitch,
and the bot speaks fast. Both ends share one list of sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.recogniser import Recognizer, Transcript

_LOWEST_HZ: Final = 500
_STEP_HZ: Final = 50
LONGEST: Final = 50
"""Sentences that one list may hold: the band of a telephone ends there."""
_TONE_S: Final = 0.4
_SHORTEST_S: Final = 0.15


def sentences(path: Path) -> tuple[str, ...]:
    """The list, one sentence in each line. Raises `ValueError` for one that is empty or too long."""
    found = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    if not 0 < len(found) <= LONGEST:
        raise ValueError(f"{len(found)} sentences; a list holds 1 to {LONGEST}, one in each line")
    return found


def tone(number: int, *, seconds: float = _TONE_S) -> Audio:
    """The sound of sentence `number`, counted from 0, at 8 kHz."""
    at = np.arange(round(LINE_RATE * seconds)) / LINE_RATE
    wave = np.sin(2 * np.pi * (_LOWEST_HZ + _STEP_HZ * number) * at) * 0.2
    return Audio((wave * 32_767).astype(np.int16), LINE_RATE)


class ToneRecognizer(Recognizer):
    """Hears the sentence whose tone it is; anything else is nothing."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = tuple(known)

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        if len(audio.samples) < audio.rate * _SHORTEST_S:
            return Transcript(text="", confidence=0.0)
        spectrum = np.abs(np.fft.rfft(audio.samples.astype(np.float64)))
        pitch = float(np.argmax(spectrum)) * audio.rate / len(audio.samples)
        number = round((pitch - _LOWEST_HZ) / _STEP_HZ)
        if not 0 <= number < len(self._known):
            return Transcript(text="", confidence=0.0)
        return Transcript(text=self._known[number], confidence=0.95)

    async def aclose(self) -> None: ...
