"""The callee's end of a bridge: frames in both directions, late rather than lost, and never late for long."""

from __future__ import annotations

import asyncio
from collections import deque

import numpy as np

from asr_tts.audio import FRAME_MS, Pcm
from handoff.bridge import Frame
from handoff.jitter import JitterBuffer, JitterOptions

FRAME_SAMPLES = 160
HELD_FRAMES = 50
"""1 s of the callee, for a desk that comes late; it empties this at once and works its delay off itself."""


class CalleeEnd:
    """`handoff.bridge.AudioEnd` of the person on the telephone; the line feeds and drains it."""

    def __init__(self) -> None:
        self._spoken: deque[Frame] = deque(maxlen=HELD_FRAMES)
        self._to_hear = JitterBuffer(JitterOptions(start=1))
        self._rest: Pcm = np.zeros(0, dtype=np.int16)
        self._news = asyncio.Event()
        self._left = False

    @property
    def late_ms(self) -> int:
        """How much of the human waits to be heard."""
        return self._to_hear.depth * FRAME_MS

    async def receive(self) -> Frame | None:
        """The next 20 ms the callee spoke; None once the callee has hung up or the bot is back."""
        while not self._spoken and not self._left:
            self._news.clear()
            await self._news.wait()
        return None if self._left else self._spoken.popleft()

    async def send(self, frame: Frame) -> None:
        """Let the callee hear 20 ms. Raises `ValueError` for anything but 160 samples of int16."""
        if frame.shape != (FRAME_SAMPLES,) or frame.dtype != np.int16:
            raise ValueError(f"a frame is {FRAME_SAMPLES} int16 samples, not {frame.shape} {frame.dtype}")
        if not self._left:
            self._to_hear.put(frame)

    def spoken(self, samples: Pcm) -> None:
        """The callee said this; any length."""
        if self._left:
            return
        line = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(line) // FRAME_SAMPLES * FRAME_SAMPLES
        self._spoken.extend(line[at : at + FRAME_SAMPLES] for at in range(0, whole, FRAME_SAMPLES))
        self._rest = line[whole:]
        self._news.set()

    def take(self, frames: int) -> Pcm:
        """At most `frames` frames for the callee to hear, in one piece."""
        taken: list[Pcm] = [np.zeros(0, dtype=np.int16)]
        while len(taken) <= frames and (frame := self._to_hear.take()) is not None:
            taken.append(frame)
        return np.concatenate(taken)

    def leave(self) -> None:
        """The path is over; a waiting `receive` returns None."""
        self._left = True
        self._news.set()
