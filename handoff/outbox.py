"""What waits to be sent over one websocket: control in order, sound that drops its oldest frame when full."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, Protocol

from handoff.connection import Gone

_SOUND: Final = 10
"""200 ms. Beyond it the oldest frame is dropped: a late word is worse than a lost one."""
_CONTROL: Final = 500
"""So many unsent control messages mean a socket that nobody reads."""
_DRAIN_S: Final = 2.0


class Sender(Protocol):
    """The writing half of a websocket."""

    async def send(self, message: str | bytes) -> None:
        """Raises `Gone`."""
        ...


class Outbox:
    """One writer for each connection, so that nobody who has something to say ever waits for a full socket."""

    def __init__(self, connection: Sender) -> None:
        self._connection = connection
        self._control: deque[str] = deque()
        self._sound: deque[bytes] = deque(maxlen=_SOUND)
        self._news = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._writing = asyncio.create_task(self._write(), name="outbox")
        self.dropped = 0
        """Frames that were not sent."""

    def tell(self, message: str) -> None:
        if self._writing.done():
            return
        self._control.append(message)
        if len(self._control) > _CONTROL:
            self._writing.cancel()
        self._wake()

    def sound(self, payload: bytes) -> None:
        if self._writing.done():
            return
        if len(self._sound) == _SOUND:
            self.dropped += 1
        self._sound.append(payload)
        self._wake()

    def hush(self) -> None:
        """Forget the sound that waits."""
        self._sound.clear()

    async def drained(self) -> None:
        """Returns when all is sent, the connection is gone, or after two seconds."""
        waiting = asyncio.create_task(self._empty.wait())
        try:
            await asyncio.wait({waiting, self._writing}, timeout=_DRAIN_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    def close(self) -> None:
        """Send no more."""
        self._writing.cancel()

    def _wake(self) -> None:
        self._empty.clear()
        self._news.set()

    async def _write(self) -> None:
        try:
            while True:
                while self._control or self._sound:
                    # An `ended` must not overtake the words before it by much, nor wait behind a full line.
                    await self._connection.send(
                        self._control.popleft() if self._control else self._sound.popleft()
                    )
                self._empty.set()
                self._news.clear()
                await self._news.wait()
        except Gone:
            return
        finally:
            self._control.clear()
            self._sound.clear()
            self._empty.set()
