"""A short queue of sound between two tasks."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from handoff.bridge import Frame

_QUEUED_FRAMES: Final = 50
"""1 s: after a stall that much comes at once and is no delay yet, because both sides empty their queue at once;
the jitter buffer behind it works the delay off. Beyond it the oldest frame is dropped."""


@dataclass(slots=True, eq=False)
class FrameQueue:
    """Drops its oldest frame when full; None after the end."""

    frames: deque[Frame] = field(default_factory=lambda: deque(maxlen=_QUEUED_FRAMES))
    dropped: int = 0
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: bool = False

    def put(self, frame: Frame) -> None:
        if len(self.frames) == self.frames.maxlen:
            self.dropped += 1
        self.frames.append(frame)
        self._waiting.set()

    async def get(self) -> Frame | None:
        while not self.frames:
            if self._ended:
                return None
            self._waiting.clear()
            await self._waiting.wait()
        return self.frames.popleft()

    def end(self) -> None:
        self._ended = True
        self._waiting.set()
