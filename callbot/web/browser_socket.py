"""A websocket of the web application as the desk holds it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import WebSocket, WebSocketDisconnect

from callbot.web.access.admission import still_in
from callbot.web.access.principal import Principal
from callbot.web.site import Site
from handoff.connection import Connection, Gone

SIGNED_OUT = 4401
_ASK_AGAIN_S = 15.0
"""How long somebody who was signed out goes on talking."""


class BrowserSocket(Connection):
    """Accepted already."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send(self, message: str | bytes) -> None:
        try:
            if isinstance(message, str):
                await self._socket.send_text(message)
            else:
                await self._socket.send_bytes(message)
        except (WebSocketDisconnect, RuntimeError) as gone:  # RuntimeError: it was closed meanwhile
            raise Gone from gone

    async def messages(self) -> AsyncIterator[str | bytes]:
        while True:
            try:
                message = await self._socket.receive()
            except RuntimeError:
                return
            if message["type"] != "websocket.receive":
                return
            text: str | None = message.get("text")
            yield text if text is not None else message.get("bytes") or b""

    async def close(self, code: int, reason: str) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._socket.close(code, reason)


@contextlib.asynccontextmanager
async def admitted_while_signed_in(
    site: Site, who: Principal, socket: WebSocket, *, ask_again_s: float = _ASK_AGAIN_S
) -> AsyncIterator[BrowserSocket]:
    """Accept; close with 4401 once the session or the roles behind it are gone."""
    await socket.accept()
    connection = BrowserSocket(socket)

    async def watch() -> None:
        while True:
            await asyncio.sleep(ask_again_s)
            if not await still_in(site, who):
                await connection.close(SIGNED_OUT, "signed out")
                return

    watching = asyncio.create_task(watch(), name="signed-in")
    try:
        yield connection
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
