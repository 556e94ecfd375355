"""What waits between two clocks: frames in as they come, one frame out a tick. Pure.

A stall of either side loses no word: what comes late is played late, and the delay is worked off as people
speak, pauses first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from handoff.bridge import Frame
from handoff.frames import blended, level

_QUIET_DBOV: Final = -45
_PATIENCE: Final = 2
"""Windows that a frame too many waits for a quiet moment before loud ones are joined."""
_QUIET_BEAT: Final = 2
_LOUD_BEAT: Final = 5
"""Behind a stall every so many frames two become one: pauses of half their length, speech a fifth faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JitterOptions:
    """Depths in frames of 20 ms."""

    start: int = 2
    """Played from this depth on: rides out 20–40 ms of unevenness."""
    most: int = 50
    """1 s; beyond it the oldest frame goes: who was away for longer has lost the thread anyway."""
    hurry: int = 5
    """100 ms; more than this is a stall that is over, and is worked off at once."""
    spare: int = 1
    """So many may be left after every frame taken. What stays above it for a whole window is delay that helps
    nobody: the rest of a stall, or a clock that is faster than ours."""
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
        self._since = 0
        """Frames given out since two were joined."""
        self.dropped = 0
        """Frames lost because more than the buffer holds came at once."""
        self.joined = 0
        """Times two frames became one."""
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
        self._since += 1
        if not self._frames or not self._late(frame):
            return frame
        self._since = self._too_deep = 0
        self.joined += 1
        return blended(frame, self._frames.popleft())

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

    def _late(self, frame: Frame) -> bool:
        """Whether this frame and the next shall take the time of one."""
        if len(self._frames) > self._options.hurry:
            return self._since >= (_QUIET_BEAT if level(frame) < _QUIET_DBOV else _LOUD_BEAT)
        return self._too_deep > _PATIENCE or (self._too_deep > 0 and level(frame) < _QUIET_DBOV)
