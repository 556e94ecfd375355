"""What callee and human say to each other while the bot is silent: written down while they talk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from asr_tts.audio import FRAME_MS, LINE_RATE, Audio
from asr_tts.recogniser import RecogniserFailed, Recognizer
from callbot.conversation.result import Turn
from handoff.bridge import AudioEnd, Frame

WAITING_MINUTES = 5
"""Of speech that may wait for the recogniser; what comes then is in the recording alone."""
_LOUD = 300.0
"""Root mean square of a frame that carries speech, of 32768."""
_GAP_FRAMES = 40
_LONGEST_FRAMES = 28_000 // FRAME_MS
_SHORTEST_FRAMES = 10
_BEFORE_FRAMES = 5
"""Of quiet in front of a stretch, for the recogniser's sake."""

Side: TypeAlias = Literal["callee", "agent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One side speaking: first and last+1 frame since the bridge began; the sound has a little before it."""

    side: Side
    begin: int
    end: int
    frames: tuple[Frame, ...]


class Stretches:
    """Finds stretches of speech as they pass: parted by 0.8 s of quiet, at most 28 s long."""

    def __init__(self, side: Side) -> None:
        self._side: Side = side
        self._index = 0
        self._begin: int | None = None
        self._loud = 0
        self._frames: list[Frame] = []
        self._before: deque[Frame] = deque(maxlen=_BEFORE_FRAMES)

    def push(self, frame: Frame) -> Stretch | None:
        """The next frame; the stretch that it ends."""
        index, self._index = self._index, self._index + 1
        if float(np.sqrt(np.mean(np.square(frame, dtype=np.float64)))) >= _LOUD:
            if self._begin is None:
                self._begin, self._frames = index, list(self._before)
            self._loud = index
        if self._begin is None:
            self._before.append(frame)
            return None
        self._frames.append(frame)
        if index - self._loud >= _GAP_FRAMES or index - self._begin >= _LONGEST_FRAMES:
            return self.end()
        return None

    def end(self) -> Stretch | None:
        """The stretch under way, if it is long enough to be speech."""
        begin, frames, self._begin, self._frames = self._begin, self._frames, None, []
        if begin is None or self._loud - begin < _SHORTEST_FRAMES:
            return None
        quiet = self._index - self._loud - 1
        spoken = frames[: len(frames) - quiet] if quiet > 0 else frames
        return Stretch(side=self._side, begin=begin, end=self._loud + 1, frames=tuple(spoken))


def stretches(frames: Sequence[Frame]) -> Iterator[tuple[int, int]]:
    """First and last+1 frame of each stretch of speech in a whole recording."""
    finder = Stretches("callee")
    for frame in frames:
        if found := finder.push(frame):
            yield found.begin, found.end
    if found := finder.end():
        yield found.begin, found.end


class BridgeNotes:
    """The callee's end of the bridge, listened to. `write` runs beside it."""

    def __init__(
        self,
        end: AudioEnd,
        *,
        start_ms: int,
        recognizer: Recognizer,
        on_turn: Callable[[Turn], Awaitable[None]],
    ) -> None:
        """`start_ms`: media clock of the bridge's begin; `on_turn` gets every turn once it is written."""
        self._end = end
        self._start_ms = start_ms
        self._recognizer = recognizer
        self._on_turn = on_turn
        self._sides = {"callee": Stretches("callee"), "agent": Stretches("agent")}
        self._waiting: asyncio.Queue[Stretch | None] = asyncio.Queue()
        self._waiting_frames = 0

    async def receive(self) -> Frame | None:
        frame = await self._end.receive()
        if frame is not None:
            self._keep(self._sides["callee"].push(frame))
        return frame

    async def send(self, frame: Frame) -> None:
        self._keep(self._sides["agent"].push(frame))
        await self._end.send(frame)

    def close(self) -> None:
        """The bridge is over: what was being said is kept, `write` ends after the last of it."""
        for side in self._sides.values():
            self._keep(side.end())
        self._waiting.put_nowait(None)

    async def write(self) -> None:
        """Write down what waits, until `close`; what the recogniser fails on stays in the recording alone."""
        while (stretch := await self._waiting.get()) is not None:
            self._waiting_frames -= len(stretch.frames)
            with suppress(RecogniserFailed):
                await self._on_turn(await self._turn(stretch))

    def _keep(self, stretch: Stretch | None) -> None:
        room = WAITING_MINUTES * 60_000 // FRAME_MS - self._waiting_frames
        if stretch is not None and len(stretch.frames) <= room:
            self._waiting_frames += len(stretch.frames)
            self._waiting.put_nowait(stretch)

    async def _turn(self, stretch: Stretch) -> Turn:
        audio = Audio(samples=np.concatenate(stretch.frames), rate=LINE_RATE)
        text = (await self._recognizer.transcribe(audio)).text.strip()
        return Turn(
            speaker=stretch.side,
            text=text,
            heard=text,
            start_ms=self._start_ms + stretch.begin * FRAME_MS,
            end_ms=self._start_ms + stretch.end * FRAME_MS,
            act="bridge",
        )
