"""Where the callee's sound lies on the media clock."""

from __future__ import annotations

LARGEST_GAP_MS = 60
"""A jump of the carrier's clock up to this is jitter; beyond it sound is missing and becomes silence."""
AHEAD_MS = 200
"""How far the carrier's clock may run before ours before it is not believed."""
FLOOD_MS = 5_000
"""Sound that comes this much faster than real time is not a telephone."""

_BURST_MESSAGES = 1_000
_MESSAGES_PER_MS = 0.25
"""Five times what 20 ms frames are, marks and digits on top."""


def messages_allowed(now_ms: float) -> int:
    """How many messages a stream can have sent by `now_ms` of its clock; more are a flood."""
    return _BURST_MESSAGES + int(now_ms * _MESSAGES_PER_MS)


class InboundClock:
    """Counts samples, because messages come in bursts, and believes timestamps about gaps only."""

    def __init__(self, position_ms: float = 0.0) -> None:
        self.position_ms = position_ms
        """Where the next sound goes."""

    def gap_ms(self, timestamp_ms: int, now_ms: float) -> int:
        """Silence to insert before sound that the carrier dates `timestamp_ms`; moves the position over it."""
        gap = int(min(timestamp_ms, now_ms + AHEAD_MS) - self.position_ms)
        if gap <= LARGEST_GAP_MS:
            return 0
        self.position_ms += gap
        return gap

    def take(self, length_ms: float, now_ms: float) -> float | None:
        """Where sound of this length goes; None when the carrier floods and it is dropped."""
        at_ms = self.position_ms
        if at_ms > now_ms + FLOOD_MS:
            return None
        self.position_ms += length_ms
        return at_ms
