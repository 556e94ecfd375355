"""What waits between two clocks: frames in as they come, one frame out a tick. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from handoff.bridge import Frame
from handoff.frames import level

_QUIET_DBOV: Final = -45
_PATIENCE: Final = 2
"""Windows that a frame too many waits for a quiet moment before a loud one goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JitterOptions:
    """Depths in frames of 20 ms."""

    start: int = 2
    """Played from this depth on: rides out 20–40 ms of unevenness."""
    most: int = 5
    """100 ms; beyond it the oldest frame goes."""
    spare: int = 1
    """So many may be left after every frame taken. What stays above it for a whole window is delay that helps
    nobody: a stall that is over, or a clock that is faster than ours."""
    window: int = 25
    """Ticks: 0.5 s."""


class JitterBuffer:
    """Bridges the gap between a sender's clock and ours; a sender that is slower leaves silence."""

    def __init__(self, options: JitterOptions | None = None) -> None:
        self._options = options or JitterOptions()
        self._frames: deque[Frame] = deque()
        self._playing = False
        self._lowest = self._options.most
        self._ticks = 0
        self._too_deep = 0
        self.dropped = 0
        """Frames that came faster than they were taken."""
        self.trimmed = 0
        """Frames left out because the sender's clock is faster."""
        self.gaps = 0
        """Times it ran dry while somebody was sending."""

    @property
    def depth(self) -> int:
        return len(self._frames)

    def put(self, frame: Frame) -> None:
        self._frames.append(frame)
        if len(self._frames) > self._options.most:
            self._frames.popleft()
            self.dropped += 1

    def take(self) -> Frame | None:
        """The frame of this tick; None while nothing is there to play."""
        if not self._playing and len(self._frames) < self._options.start:
            return None
        if not self._frames:
            self._playing = False
            self.gaps += 1
            return None
        self._playing = True
        frame = self._frames.popleft()
        self._watch()
        if self._too_deep and self._frames and self._may_go(frame):
            self._too_deep = 0
            self.trimmed += 1
            return self._frames.popleft()
        return frame

    def clear(self) -> None:
        """Forget what waits, as at the end of a hold."""
        self._frames.clear()
        self._playing = False

    def _watch(self) -> None:
        self._lowest = min(self._lowest, len(self._frames))
        self._ticks += 1
        if self._ticks < self._options.window:
            return
        self._too_deep = self._too_deep + 1 if self._lowest > self._options.spare else 0
        self._ticks, self._lowest = 0, self._options.most

    def _may_go(self, frame: Frame) -> bool:
        return level(frame) < _QUIET_DBOV or self._too_deep > _PATIENCE
