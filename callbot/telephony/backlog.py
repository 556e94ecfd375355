"""What a carrier has not played although the paced clock says so: the rest of a stall, found by marks. Pure.

While a human speaks sound never pauses for a clear, so a carrier that was cut off for a moment would play
everything late from then on.
"""

from __future__ import annotations

from collections import deque

from callbot.telephony.codec import BYTES_PER_MS, MarkOut

MARK_EVERY_MS = 1_000
LATE_MS = 60
"""More than marks are late by themselves."""
_IN_A_ROW = 2
"""One late mark may be a late message; so many are late sound."""
_UNANSWERED = 5
"""Marks remembered: carriers without marks give none back."""


class Backlog:
    """Follows the marks of one bridge after the other. Times are milliseconds on the media clock."""

    def __init__(self) -> None:
        self._number = 0
        self._since_ms = 0.0
        self._expected: dict[str, float] = {}
        self._lags: deque[float] = deque(maxlen=_IN_A_ROW)
        self._usual: float | None = None
        self._moved_ms = 0.0
        """How far the paced clock was moved."""

    def begin(self) -> None:
        """A bridge is opened: the carrier holds nothing."""
        self._since_ms = 0.0
        self._usual = None
        self._moved_ms = 0.0
        self._forget()

    def sent(self, ulaw: bytes, plays_until_ms: float) -> list[MarkOut]:
        """Sound was sent that plays until then by the paced clock; once a second the mark to send behind it."""
        self._since_ms += len(ulaw) / BYTES_PER_MS
        if self._since_ms < MARK_EVERY_MS:
            return []
        self._since_ms = 0.0
        self._number += 1
        name = f"b{self._number}"
        self._expected[name] = plays_until_ms
        if len(self._expected) > _UNANSWERED:
            del self._expected[next(iter(self._expected))]
        return [MarkOut(name=name)]

    def returned(self, name: str, now_ms: float) -> float:
        """A mark came back: by how many ms the paced clock is to be moved, 0 as a rule.

        The first marks say how long a mark takes; what later ones take beyond it is sound that waits. Only what
        was added is ever taken back: the clock never runs ahead of the carrier.
        """
        expected = self._expected.pop(name, None)
        if expected is None:
            return 0.0
        self._lags.append(now_ms - expected)
        if len(self._lags) < _IN_A_ROW:
            return 0.0
        lag = min(self._lags)
        if self._usual is None or (lag < self._usual and not self._moved_ms):
            self._usual = lag
        late_ms = max(-self._moved_ms, lag - self._usual)
        if abs(late_ms) <= LATE_MS:
            return 0.0
        self._moved_ms += late_ms
        self._forget()
        return late_ms

    def _forget(self) -> None:
        """Marks under way were dated by the old clock."""
        self._expected.clear()
        self._lags.clear()
