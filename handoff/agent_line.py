"""The connection of one agent, as the desk holds it: rings, sound both ways, the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from handoff.bridge import AudioEnd, Frame
from handoff.messages import encode
from handoff.offer import TransferOffer
from handoff.wire import (
    FRAME_BYTES,
    Accept,
    Decline,
    FromDesk,
    Ring,
)

_QUEUED_FRAMES: Final = 10
"""200 ms each way. Beyond it the oldest frame is dropped: a late word is worse than a lost one."""

_TELL_S: Final = 2.0
"""How long a control message may wait for a full socket."""


@dataclass(frozen=True, slots=True)
class Missed:
    """It rang to the end."""


@dataclass(frozen=True, slots=True)
class Left:
    """The agent's connection is gone."""


Answer: TypeAlias = Accept | Decline | Missed | Left


@dataclass(slots=True, eq=False)
class FrameQueue:
    """A short queue of sound that drops its oldest frame when full; None after the end."""

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


class AgentLine(AudioEnd):
    """`AudioEnd` of a signed-in agent while a bridge is open; rings them before."""

    def __init__(self, agent_id: str, name: str, connection: ServerConnection) -> None:
        self.agent_id = agent_id
        self.name = name
        self._connection = connection
        self._ringing: tuple[str, asyncio.Future[Answer]] | None = None
        self._from_agent: FrameQueue | None = None
        self._to_agent: FrameQueue | None = None
        self._rest = b""
        self._gone = False

    async def tell(self, message: FromDesk) -> None:
        """Send a control message; an agent who is gone or stuck hears nothing and holds nobody up."""
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(_TELL_S):
                await self._connection.send(encode(message))

    async def ring(self, offer: TransferOffer, timeout_s: float) -> Answer:
        """Show the offer and wait for the answer."""
        if self._gone:
            return Left()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._ringing = (offer.id, answer)
        try:
            await self.tell(Ring(offer=offer, timeout_s=timeout_s))
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            return Missed()
        finally:
            self._ringing = None

    def answer(self, message: Accept | Decline) -> bool:
        """The agent's answer; False when nothing rings under that offer any more."""
        if self._ringing is None or self._ringing[0] != message.offer_id or self._ringing[1].done():
            return False
        self._ringing[1].set_result(message)
        return True

    async def carry(self) -> None:
        """Send queued sound to the agent until the bridge or the connection ends; one task per bridge."""
        if self._to_agent is None:
            return
        with contextlib.suppress(ConnectionClosed):
            while (frame := await self._to_agent.get()) is not None:
                await self._connection.send(frame.astype("<i2", copy=False).tobytes())

    def open_sound(self) -> None:
        """Start a bridge: empty queues both ways."""
        self._from_agent, self._to_agent, self._rest = FrameQueue(), FrameQueue(), b""
        if self._gone:
            self.close_sound()

    def close_sound(self) -> None:
        """End the bridge for both pumps; the agent hung up, left or lost the customer."""
        for queue in (self._from_agent, self._to_agent):
            if queue is not None:
                queue.end()

    def heard(self, payload: bytes) -> None:
        """Sound from the agent; outside a bridge it goes nowhere."""
        if self._from_agent is None:
            return
        sound = self._rest + payload
        whole = len(sound) - len(sound) % FRAME_BYTES
        for at in range(0, whole, FRAME_BYTES):
            self._from_agent.put(np.frombuffer(sound[at : at + FRAME_BYTES], dtype="<i2").astype(np.int16))
        self._rest = sound[whole:]

    async def receive(self) -> Frame | None:
        """The next frame spoken by the agent; None when they have left."""
        return await self._from_agent.get() if self._from_agent is not None else None

    async def send(self, frame: Frame) -> None:
        """Let the agent hear a frame; never waits."""
        if self._to_agent is not None:
            self._to_agent.put(frame)

    def leave(self) -> None:
        """The connection is gone."""
        self._gone = True
        self.close_sound()
        if self._ringing is not None and not self._ringing[1].done():
            self._ringing[1].set_result(Left())

    async def close(self, code: int, reason: str) -> None:
        """End the connection from the desk's side."""
        await self._connection.close(code, reason)
