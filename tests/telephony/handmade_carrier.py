"""A carrier on a real websocket, written from the protocol's description, and the calls it brings."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from virtual_carrier import media_message
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from asr_tts.g711 import encode_ulaw
from callbot.telephony.media_line import MediaLine
from callbot.telephony.media_server import MediaServer

WITHIN = 10.0
"""Seconds after which a test that waits for something has failed; nothing is measured by it."""


class HandmadeCarrier:
    """JSON by hand, marks given back at once."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.received: list[dict[str, Any]] = []
        self.changed = asyncio.Event()
        self._reader = asyncio.ensure_future(self._read())

    async def start(self, token: str | None, **media_format: Any) -> None:
        await self.socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        start = {
            "streamSid": "MZ1",
            "accountSid": "AC1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1} | media_format,
            "customParameters": {} if token is None else {"token": token},
        }
        message = {"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start}
        await self.socket.send(json.dumps(message))

    async def say(self, samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]], at_ms: int = 0) -> None:
        sound = encode_ulaw(samples)
        for at in range(0, len(sound), 160):
            await self.socket.send(media_message(sound[at : at + 160], at_ms + at // 8))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def closed(self) -> tuple[int | None, str | None]:
        async with asyncio.timeout(WITHIN):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason

    def events(self, name: str) -> list[dict[str, Any]]:
        return [message for message in self.received if message["event"] == name]

    @property
    def sound(self) -> bytes:
        return b"".join(base64.b64decode(media["media"]["payload"]) for media in self.events("media"))

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                message = json.loads(text)
                self.received.append(message)
                self.changed.set()
                if message["event"] == "mark":
                    await self.socket.send(json.dumps(message | {"sequenceNumber": "9"}))
        except ConnectionClosed:
            pass


async def call(
    server: MediaServer, socket: ClientConnection, token: str = "t1", recording: Path | None = None
) -> tuple[HandmadeCarrier, MediaLine]:
    expected = server.expect(token, recording)
    carrier = HandmadeCarrier(socket)
    await carrier.start(token)
    return carrier, await expected.line(WITHIN)


async def next_event(line: MediaLine) -> object:
    async with asyncio.timeout(WITHIN):
        return await line.next_event()
