"""A websocket as the desk holds it, whoever listens for it: the desk's own port or the web application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed


class Gone(Exception):
    """The other side is not there any more."""


class Connection(Protocol):
    """Text and binary messages both ways."""

    async def send(self, message: str | bytes) -> None:
        """Raises `Gone`. May wait for a full socket."""
        ...

    def messages(self) -> AsyncIterator[str | bytes]:
        """What comes, until the connection ends."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Idempotent."""
        ...


class SocketConnection(Connection):
    """A connection of the desk's own port."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    async def send(self, message: str | bytes) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed as closed:
            raise Gone from closed

    async def messages(self) -> AsyncIterator[str | bytes]:
        try:
            async for message in self._socket:
                yield message
        except ConnectionClosed:
            return

    async def close(self, code: int, reason: str) -> None:
        await self._socket.close(code, reason)
