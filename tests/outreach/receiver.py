"""A webhook receiver on a real socket that answers as it is told and keeps what it got."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]

    @property
    def letter(self) -> dict[str, Any]:
        letter: dict[str, Any] = json.loads(self.body)
        return letter


@dataclass(slots=True, kw_only=True)
class ReceiverServer:
    """`answer` gives the status line's number and more headers; None hangs for ever."""

    answer: Callable[[Request], tuple[int, dict[str, str]] | None]
    got: list[Request] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Request(path=head[0].split(" ")[1], headers=headers, body=body)
            self.got.append(request)
            answer = self.answer(request)
            if answer is None:
                await reader.read()
                return
            status, more = answer
            lines = [f"HTTP/1.1 {status} X", "Content-Length: 0", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in more.items()]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(
    answer: Callable[[Request], tuple[int, dict[str, str]] | None] = lambda _: (200, {}),
) -> AsyncIterator[ReceiverServer]:
    receiver = ReceiverServer(answer=answer)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
