"""From speech probabilities to segments: when somebody began to speak and when they paused.

A pure rule on the audio clock. It reports short pauses; whether a pause ends the turn is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterOptions:
    """Thresholds in probability, lengths in ms of audio."""

    start_threshold: float = 0.5
    """A window at or above it may begin speech."""
    keep_threshold: float = 0.35
    """Speech goes on while windows reach it: lower than the start, so that quiet endings are not cut."""
    min_speech_ms: int = 90
    """Unbroken speech needed before it counts: three windows, longer than a click."""
    min_pause_ms: int = 320
    """Unbroken quiet needed before speech counts as paused: longer than the closures inside a word and than
    the breath between two phrases."""
    window_ms: int = 32
    """Length of one scored window."""

    def __post_init__(self) -> None:
        if not 0 <= self.keep_threshold <= self.start_threshold <= 1:
            raise ValueError(
                f"thresholds: 0 ≤ keep {self.keep_threshold} ≤ start {self.start_threshold} ≤ 1 does not hold"
            )
        if min(self.min_speech_ms, self.min_pause_ms, self.window_ms) <= 0:
            raise ValueError("lengths of speech, pause and window are positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBegan:
    """Speech that started at `start_ms` is certain since `at_ms`."""

    start_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechPaused:
    """Speech from `start_ms` to `end_ms` is followed by quiet, certain since `at_ms`."""

    start_ms: int
    end_ms: int
    at_ms: int


SpeechEvent: TypeAlias = SpeechBegan | SpeechPaused


class SpeechSegmenter:
    """Follows one stream. Events alternate: began, paused, began, …"""

    def __init__(self, options: SegmenterOptions | None = None) -> None:
        self.options = options or SegmenterOptions()
        self._speaking = False
        self._start_ms: int | None = None
        """Start of the speech, or of the candidate for it."""
        self._voiced_ms = 0
        """End of the last window with speech."""
        self._heard_ms = 0

    @property
    def speaking(self) -> bool:
        """Between a `SpeechBegan` and its `SpeechPaused`."""
        return self._speaking

    def feed(self, probability: float, at_ms: int) -> SpeechEvent | None:
        """Take the score of the window that ends at `at_ms` on the audio clock, which only moves forward."""
        if at_ms <= self._heard_ms and self._heard_ms:
            raise ValueError(f"audio time went back from {self._heard_ms} ms to {at_ms} ms")
        self._heard_ms = at_ms
        return (
            self._while_speaking(probability, at_ms)
            if self._speaking
            else self._while_quiet(probability, at_ms)
        )

    def _while_quiet(self, probability: float, at_ms: int) -> SpeechBegan | None:
        options = self.options
        if self._start_ms is None:
            if probability < options.start_threshold:
                return None
            self._start_ms = max(0, at_ms - options.window_ms)
        elif probability < options.keep_threshold:
            self._start_ms = None
            return None
        if at_ms - self._start_ms < options.min_speech_ms:
            return None
        self._speaking = True
        self._voiced_ms = at_ms
        return SpeechBegan(start_ms=self._start_ms, at_ms=at_ms)

    def _while_speaking(self, probability: float, at_ms: int) -> SpeechPaused | None:
        if probability >= self.options.keep_threshold:
            self._voiced_ms = at_ms
            return None
        if self._start_ms is None or at_ms - self._voiced_ms < self.options.min_pause_ms:
            return None
        paused = SpeechPaused(start_ms=self._start_ms, end_ms=self._voiced_ms, at_ms=at_ms)
        self._speaking = False
        self._start_ms = None
        return paused
