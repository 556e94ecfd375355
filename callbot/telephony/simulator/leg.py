"""One answered telephone: its 20 ms clock, whom it is connected with, and the instructions it follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum
from time import monotonic
from typing import Protocol, assert_never

from asr_tts.audio import FRAME_MS
from asr_tts.g711 import ULAW_SILENCE, decode_ulaw, encode_ulaw
from callbot.telephony.simulator.callee import Callee
from callbot.telephony.simulator.media_stream import MediaStream, StreamRecord
from callbot.telephony.simulator.room import FRAME_BYTES, Seat
from callbot.telephony.simulator.twiml import ForkOrder, RoomOrder, StreamOrder, Verb

_NOBODY = bytes([ULAW_SILENCE]) * FRAME_BYTES
OpenStream = Callable[[StreamOrder, bool], MediaStream]
"""A stream that is not connected yet; True for a fork."""
EnterRoom = Callable[[RoomOrder], Seat]


class EndedBy(StrEnum):
    """Who ended an answered call."""

    CALLEE = "callee"
    BOT = "bot"
    CARRIER = "carrier"


class FarEnd(Protocol):
    """Whom the telephone is connected with."""

    over: asyncio.Event

    async def hear(self, now_ms: int) -> bytes: ...

    async def say(self, ulaw: bytes, now_ms: int) -> None: ...

    async def close(self) -> None: ...


class Leg:
    """Plays a callee against what the verbs connect it with, until somebody ends it or the verbs are done."""

    def __init__(
        self,
        callee: Callee,
        verbs: Sequence[Verb],
        *,
        stream: OpenStream,
        room: EnterRoom,
        record: StreamRecord,
    ) -> None:
        self.record = record
        self._callee = callee
        self._verbs = tuple(verbs)
        self._stream = stream
        self._room = room
        self._far: FarEnd | None = None
        self._forks: list[MediaStream] = []
        self._connected = asyncio.Event()
        self._moved = asyncio.Event()

    def move(self, verbs: Sequence[Verb]) -> None:
        """Other instructions: what it is connected with ends, forks go on."""
        self._verbs = tuple(verbs)
        self._moved.set()

    async def run(self, hang_up: asyncio.Event) -> EndedBy:
        """`hang_up` ends it from the other side."""
        tasks = [asyncio.create_task(work) for work in (self._obey(), hang_up.wait(), self._tick_on())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            for fork in self._forks:
                await fork.close()
        for result in results:
            if isinstance(result, Exception):
                raise result
        if self._callee.hung_up:
            return EndedBy.CALLEE
        return EndedBy.CARRIER if self.record.errors else EndedBy.BOT

    async def _obey(self) -> None:
        """Run the verbs, and others instead when the leg is moved."""
        while True:
            self._moved.clear()
            doing = asyncio.create_task(self._do(self._verbs))
            moved = asyncio.create_task(self._moved.wait())
            try:
                await asyncio.wait({doing, moved}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (doing, moved):
                    task.cancel()
                result, _ = await asyncio.gather(doing, moved, return_exceptions=True)
            if isinstance(result, Exception):
                raise result
            if not self._moved.is_set():
                return

    async def _do(self, verbs: Sequence[Verb]) -> None:
        for verb in verbs:
            match verb:
                case ForkOrder():
                    fork = self._stream(verb.stream, True)
                    if await fork.open(self._callee.now_ms):
                        self._forks.append(fork)
                case StreamOrder():
                    stream = self._stream(verb, False)
                    if not await stream.open(self._callee.now_ms):
                        return
                    await self._with(stream)
                    if self.record.errors:
                        return
                case RoomOrder():
                    await self._with(self._room(verb))
                case _:
                    assert_never(verb)

    async def _with(self, far: FarEnd) -> None:
        """Be connected with somebody until they, or the instructions, end it."""
        self._far = far
        self._connected.set()
        try:
            await far.over.wait()
        finally:
            self._far = None
            await far.close()

    async def _tick_on(self) -> None:
        """The telephone's clock: each 20 ms the callee hears one frame and one of its own goes out."""
        await self._connected.wait()
        due = monotonic()
        while not self._callee.hung_up:
            due += FRAME_MS / 1000
            late = monotonic() - due
            if late < 0:
                await asyncio.sleep(-late)
            else:
                self.record.worst_lateness_ms = max(self.record.worst_lateness_ms, int(late * 1000))
            far = self._far
            heard = await far.hear(self._callee.now_ms) if far is not None else _NOBODY
            self.record.heard += heard
            said = encode_ulaw(self._callee.tick(decode_ulaw(heard)))
            if far is not None:
                await far.say(said, self._callee.now_ms)
            for fork in self._forks:
                await fork.copy(said, heard, self._callee.now_ms)
