"""Speech to text, as a port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from asr_tts.audio import Audio


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word or character with its place in the audio, in ms from the start of the segment."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What a recogniser made of one segment, in simplified characters."""

    text: str
    """Empty when nothing intelligible was said."""
    confidence: float
    """0..1"""
    words: tuple[Word, ...] = ()


class Recognizer(Protocol):
    """Turns one stretch of speech into text. Safe to call from many calls at once."""

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        """Transcribe at most 30 s of Mandarin. Raises `RecogniserFailed`."""
        ...

    async def aclose(self) -> None: ...


class RecogniserFailed(Exception):
    """The engine did not answer; `retryable` says whether asking again can help."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
