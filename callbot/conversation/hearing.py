"""Hearing: one stretch of speech becomes words, whatever the recogniser does."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asr_tts.audio import Audio
from asr_tts.phantoms import is_phantom, tidy
from asr_tts.recogniser import Recognizer, Word
from callbot.conversation.floor_events import Words
from callbot.conversation.line import SpeechEnded
from callbot.conversation.result import CallLog

_FASTEST_MS = 50
"""Of one character; nobody keeps up half of that speed."""
_FREE_CHARACTERS = 6
"""Short sounds are measured too short."""
_LOUD_SHARE = 0.2
"""Of the peak: quieter samples are pauses."""


@dataclass(slots=True, eq=False)
class Hearing:
    """Recognition of one call's segments, each under a deadline."""

    recognizer: Recognizer
    hotwords: tuple[str, ...]
    log: CallLog
    limit_s: float

    async def words(self, event: SpeechEnded) -> Words:
        """The words of a segment. Never raises: a recogniser that fails leaves them unknown."""
        try:
            async with asyncio.timeout(self.limit_s):
                transcript = await self.recognizer.transcribe(event.audio, hotwords=self.hotwords)
        except Exception as error:
            self.log.event("recogniser-failed", event.end_ms, error=repr(error))
            return Words(text="", start_ms=event.start_ms, end_ms=event.end_ms, confidence=0.0, failed=True)
        text = transcript.text.strip()
        if made_up(text, event.end_ms - event.start_ms, hotwords=self.hotwords):
            self.log.event("phantom", event.end_ms, text=text)
            text = ""
        if text and transcript.words:
            self._date(event, transcript.words)
        return Words(
            text=text,
            start_ms=event.start_ms,
            end_ms=event.end_ms,
            confidence=transcript.confidence if text else 0.0,
            level_db=level_db(event.audio),
        )

    def _date(self, event: SpeechEnded, words: Sequence[Word]) -> None:
        """Say on the media clock when each word was spoken."""
        begin_ms = event.start_ms - event.before_ms
        dated = [[word.text, begin_ms + word.start_ms, begin_ms + word.end_ms] for word in words]
        self.log.event("word-times", event.start_ms, words=dated)


def made_up(text: str, length_ms: int, *, hotwords: Sequence[str] = ()) -> bool:
    """Whether a recogniser wrote what nobody said, whatever engine it is: a known phantom line, its own
    hotwords in a row, or more than anybody can say in that time."""
    tidied = tidy(text)
    if is_phantom(tidied, avg_logprob=0.0, no_speech_probability=0.0, hotwords=hotwords):
        return True
    return len(tidied) > _FREE_CHARACTERS + length_ms / _FASTEST_MS


def level_db(audio: Audio) -> float | None:
    """Level of the loud part of a segment in dB relative to full scale, None for silence."""
    samples = np.abs(audio.samples.astype(np.float32))
    peak = float(samples.max()) if len(samples) else 0.0
    if peak <= 0:
        return None
    loud = samples[samples >= _LOUD_SHARE * peak]
    return round(20 * math.log10(float(np.sqrt(np.mean(loud * loud))) / 32_768), 1)
