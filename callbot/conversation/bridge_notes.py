"""What callee and human said to each other while the bot was silent: kept as it passes, written down after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from asr_tts.audio import FRAME_MS, LINE_RATE, Audio
from asr_tts.recogniser import Recognizer
from callbot.conversation.result import Turn
from handoff.bridge import AudioEnd, Frame

LONGEST_MINUTES = 20
"""Of each side; what comes later is in the recording alone."""
_LOUD = 300.0
"""Root mean square of a frame that carries speech, of 32768."""
_GAP_FRAMES = 40
_LONGEST_FRAMES = 28_000 // FRAME_MS
_SHORTEST_FRAMES = 10


class BridgeTap:
    """The callee's end of the bridge, listened to."""

    def __init__(self, end: AudioEnd, *, start_ms: int) -> None:
        self._end = end
        self.start_ms = start_ms
        self.callee: list[Frame] = []
        self.agent: list[Frame] = []
        self._limit = LONGEST_MINUTES * 60_000 // FRAME_MS

    async def receive(self) -> Frame | None:
        frame = await self._end.receive()
        if frame is not None and len(self.callee) < self._limit:
            self.callee.append(frame)
        return frame

    async def send(self, frame: Frame) -> None:
        if len(self.agent) < self._limit:
            self.agent.append(frame)
        await self._end.send(frame)


def stretches(frames: Sequence[Frame]) -> Iterator[tuple[int, int]]:
    """First and last+1 frame of each stretch of speech: parted by 0.8 s of quiet, at most 28 s long."""
    begin: int | None = None
    loud = 0
    for index, frame in enumerate(frames):
        if float(np.sqrt(np.mean(np.square(frame, dtype=np.float64)))) >= _LOUD:
            begin = index if begin is None else begin
            loud = index
        if begin is not None and (index - loud >= _GAP_FRAMES or index - begin >= _LONGEST_FRAMES):
            if loud - begin >= _SHORTEST_FRAMES:
                yield begin, loud + 1
            begin = None
    if begin is not None and loud - begin >= _SHORTEST_FRAMES:
        yield begin, loud + 1


async def transcribed(tap: BridgeTap, recognizer: Recognizer, turns: list[Turn]) -> None:
    """Append what both sides said to `turns`, as far as the recogniser makes it out.

    Times count frames from the start of the bridge. May be cancelled at any point.
    """
    sides: tuple[tuple[Literal["callee", "agent"], list[Frame]], ...] = (
        ("agent", tap.agent),
        ("callee", tap.callee),
    )
    for speaker, frames in sides:
        for begin, end in stretches(frames):
            audio = Audio(samples=np.concatenate(frames[begin:end]), rate=LINE_RATE)
            text = (await recognizer.transcribe(audio)).text.strip()
            turns.append(
                Turn(
                    speaker=speaker,
                    text=text,
                    heard=text,
                    start_ms=tap.start_ms + begin * FRAME_MS,
                    end_ms=tap.start_ms + end * FRAME_MS,
                    act="bridge",
                )
            )
