"""When sound may leave: the deadlines of the ticker, and what a carrier holds and has not played.

Carriers with a playout clock of their own take sound ahead of time. What they hold is latency when the bot
must fall silent, so it is bounded by a look-ahead.
"""

from __future__ import annotations

from collections import deque

from callbot.telephony.codec import BYTES_PER_MS

FRAME_MS = 20
LOOKAHEAD_MS = 200
"""How far ahead of the callee's ear the bot sends: rides out a late tick of the process."""
BRIDGED_LOOKAHEAD_MS = 40
"""The same while a human speaks: every millisecond held is delay in a live conversation."""
CATCH_UP = 3
"""Ticks made up for after a stall; what is lost beyond is skipped."""


class Deadlines:
    """A 20 ms grid on the monotonic clock, in seconds, that does not drift with the work done in a tick."""

    def __init__(self, now: float) -> None:
        self.next = now + FRAME_MS / 1000

    def wait(self, now: float) -> float:
        """Seconds until the next tick, 0 when it is due."""
        return max(0.0, self.next - now)

    def due(self, now: float) -> int:
        """Ticks that are due, 0 to `CATCH_UP`; moves the grid past them."""
        period = FRAME_MS / 1000
        ticks = 0
        while self.next <= now and ticks < CATCH_UP:
            self.next += period
            ticks += 1
        if self.next <= now:
            self.next = now + period
        return ticks


def frames_due(buffered_ms: float, lookahead_ms: int, *, at_least: int = 1) -> int:
    """How many frames may go out now without holding more than `lookahead_ms` at the carrier.

    Fewer than `at_least` wait, so that several frames share a message.
    """
    frames = int(max(0.0, lookahead_ms - buffered_ms)) // FRAME_MS
    return frames if frames >= at_least else 0


class CarrierBuffer:
    """What the carrier holds, by the paced clock: it plays what it was sent back to back, at real time.

    Times are milliseconds on the media clock of the call.
    """

    def __init__(self) -> None:
        self.plays_until_ms = 0.0
        self._pieces: deque[tuple[float, bytes]] = deque()

    def buffered_ms(self, now_ms: float) -> float:
        """Sound sent and not yet played."""
        return max(0.0, self.plays_until_ms - now_ms)

    def send(self, payload: bytes, now_ms: float) -> float:
        """The carrier was sent μ-law bytes; when their first sample plays."""
        start_ms = max(self.plays_until_ms, now_ms)
        self._pieces.append((start_ms, payload))
        self.plays_until_ms = start_ms + len(payload) / BYTES_PER_MS
        return start_ms

    def clear(self, now_ms: float) -> None:
        """The carrier was told to discard what it holds; the piece that is playing ends now."""
        kept: deque[tuple[float, bytes]] = deque()
        for start_ms, payload in self._pieces:
            if start_ms < now_ms:
                kept.append((start_ms, payload[: int((now_ms - start_ms) * BYTES_PER_MS)]))
        self._pieces = kept
        self.plays_until_ms = min(self.plays_until_ms, now_ms)

    def take_played(self, now_ms: float) -> list[tuple[float, bytes]]:
        """Pieces that have played to their end since the last call, each with its start."""
        played: list[tuple[float, bytes]] = []
        while self._pieces:
            start_ms, payload = self._pieces[0]
            if start_ms + len(payload) / BYTES_PER_MS > now_ms:
                break
            played.append(self._pieces.popleft())
        return played
