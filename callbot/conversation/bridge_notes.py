"""What callee and human say to each other while the bot is silent: written down while they talk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
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
_ASTRAY_MS = 200
"""Frames are counted, because they come in bursts after a stall; further than this from the clock they are not
believed, because some were lost."""

Side: TypeAlias = Literal["callee", "agent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One side speaking, on the media clock; the sound has a little before it."""

    side: Side
    start_ms: int
    end_ms: int
    frames: tuple[Frame, ...]


class Stretches:
    """Finds stretches of speech as they pass: parted by 0.8 s of quiet, at most 28 s long."""

    def __init__(self, side: Side) -> None:
        self._side: Side = side
        self._next_ms: int | None = None
        self._start_ms: int | None = None
        """Of the stretch under way."""
        self._end_ms = 0
        """Of its last loud frame."""
        self._since_loud = 0
        self._frames: list[Frame] = []
        self._before: deque[Frame] = deque(maxlen=_BEFORE_FRAMES)
        self._begun_with = 0
        """Frames of quiet that stand before it."""

    def push(self, frame: Frame, now_ms: int) -> Stretch | None:
        """The next frame, at about `now_ms` of the media clock; the stretch that it ends."""
        at_ms = self._date(now_ms)
        if float(np.sqrt(np.mean(np.square(frame, dtype=np.float64)))) >= _LOUD:
            if self._start_ms is None:
                self._start_ms, self._frames = at_ms, list(self._before)
                self._begun_with = len(self._frames)
            self._end_ms, self._since_loud = at_ms + FRAME_MS, 0
        else:
            self._since_loud += 1
        if self._start_ms is None:
            self._before.append(frame)
            return None
        self._frames.append(frame)
        if self._since_loud >= _GAP_FRAMES or len(self._frames) >= _LONGEST_FRAMES:
            return self.end()
        return None

    def end(self) -> Stretch | None:
        """The stretch under way, if it is long enough to be speech."""
        start_ms, frames, self._start_ms, self._frames = self._start_ms, self._frames, None, []
        spoken = frames[: len(frames) - self._since_loud]
        if start_ms is None or len(spoken) - self._begun_with <= _SHORTEST_FRAMES:
            return None
        return Stretch(side=self._side, start_ms=start_ms, end_ms=self._end_ms, frames=tuple(spoken))

    def _date(self, now_ms: int) -> int:
        counted = now_ms if self._next_ms is None else self._next_ms
        at_ms = min(max(counted, now_ms - _ASTRAY_MS), now_ms + _ASTRAY_MS)
        self._next_ms = at_ms + FRAME_MS
        return at_ms


class BridgeNotes:
    """The callee's end of the bridge, listened to. `write` runs beside it."""

    def __init__(
        self,
        end: AudioEnd,
        *,
        now_ms: Callable[[], int],
        recognizer: Recognizer,
        on_turn: Callable[[Turn], Awaitable[None]],
    ) -> None:
        """`now_ms` reads the media clock; `on_turn` gets every turn once it is written."""
        self._end = end
        self._now_ms = now_ms
        self._recognizer = recognizer
        self._on_turn = on_turn
        self._sides = {"callee": Stretches("callee"), "agent": Stretches("agent")}
        self._waiting: asyncio.Queue[Stretch | None] = asyncio.Queue()
        self._waiting_frames = 0

    async def receive(self) -> Frame | None:
        frame = await self._end.receive()
        if frame is not None:
            self._keep(self._sides["callee"].push(frame, self._now_ms()))
        return frame

    async def send(self, frame: Frame) -> None:
        self._keep(self._sides["agent"].push(frame, self._now_ms()))
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
            start_ms=stretch.start_ms,
            end_ms=stretch.end_ms,
            act="bridge",
        )
