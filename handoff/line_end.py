"""The sound of the far side of a websocket as an `AudioEnd`: short queues, the oldest frame is dropped."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

import numpy as np
from websockets.exceptions import ConnectionClosed

from handoff.bridge import AudioEnd, Frame
from handoff.frame_queue import FrameQueue
from handoff.wire import FRAME_BYTES


class Sender(Protocol):
    """Either end of a websocket."""

    async def send(self, message: str | bytes) -> None: ...


class LineEnd(AudioEnd):
    """What comes over the socket is `receive`d, what is `send`t goes over it."""

    def __init__(self, connection: Sender) -> None:
        self._connection = connection
        self._inwards = FrameQueue()
        self._outwards = FrameQueue()
        self._rest = b""

    def heard(self, payload: bytes) -> None:
        """Sound from the far side, in pieces of any length."""
        sound = self._rest + payload
        whole = len(sound) - len(sound) % FRAME_BYTES
        for at in range(0, whole, FRAME_BYTES):
            self._inwards.put(np.frombuffer(sound[at : at + FRAME_BYTES], dtype="<i2").astype(np.int16))
        self._rest = sound[whole:]

    def leave(self) -> None:
        """The far side is gone."""
        self._inwards.end()
        self._outwards.end()

    async def receive(self) -> Frame | None:
        return await self._inwards.get()

    async def send(self, frame: Frame) -> None:
        self._outwards.put(frame)

    async def carry(self) -> None:
        """Write queued frames to the socket until it or the bridge ends; one task for each bridge."""
        with suppress(ConnectionClosed):
            while (frame := await self._outwards.get()) is not None:
                await self._connection.send(frame.astype("<i2", copy=False).tobytes())
