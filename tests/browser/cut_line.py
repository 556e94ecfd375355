"""The way between browser and server, which a test can cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class CutLine:
    """Passes bytes on. While it is cut, whoever comes is kept waiting."""

    def __init__(self) -> None:
        self.address = ""
        self._whole = asyncio.Event()
        self._whole.set()
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """End every connection."""
        self._whole.clear()
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self._whole.set()

    async def serve(
        self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One connection of a browser."""
        await self._whole.wait()
        theirs, ours = await asyncio.open_connection(host, port)
        self._open |= {writer, ours}
        try:
            await asyncio.gather(_copy(reader, ours), _copy(theirs, writer))
        finally:
            self._open -= {writer, ours}
            for each in (writer, ours):
                each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.write_eof()


@asynccontextmanager
async def cut_line(address: str) -> AsyncIterator[CutLine]:
    """A line to the server at `address`, with an address of its own."""
    to = urlsplit(address)
    line = CutLine()

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await line.serve(to.hostname or "", to.port or 0, reader, writer)

    server = await asyncio.start_server(come, "127.0.0.1", 0)
    line.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield line
    finally:
        line.mend()
        line.cut()
        server.close()
        await server.wait_closed()
