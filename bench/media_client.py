"""A Twilio Media Streams client that costs little: the carrier's side of many calls in one process.

It speaks just enough of RFC 6455 for a load run: text messages in one frame each. The masking key is zero,
which the protocol allows and which leaves the receiver's work the same.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
from collections.abc import Callable
from typing import Any

_CLOSE, _PING, _PONG = 0x8, 0x9, 0xA
_NO_MASK = b"\0\0\0\0"


def text_frame(payload: bytes, opcode: int = 0x1) -> bytes:
    """A whole message as a client sends it."""
    if len(payload) < 126:
        return bytes((0x80 | opcode, 0x80 | len(payload))) + _NO_MASK + payload
    return bytes((0x80 | opcode, 0xFE)) + struct.pack("!H", len(payload)) + _NO_MASK + payload


class MediaClient(asyncio.Protocol):
    """One stream. `on_message` gets the JSON text of each message, `on_closed` the close code, 0 for none."""

    def __init__(self, on_message: Callable[[bytes], None], on_closed: Callable[[int, str], None]) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_message = on_message
        self._on_closed = on_closed
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._upgraded = False
        self._close = (0, "")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = transport.get_extra_info("peername")[:2]
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET /twilio HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        transport.write(request.encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            status = bytes(self._buffer[:end]).split(b"\r\n")[0].decode()
            del self._buffer[: end + 4]
            if " 101 " not in status:
                self._close = (0, status)
                self.close()
                return
            self._upgraded = True
            if not self.opened.done():
                self.opened.set_result(None)
        self._take_frames()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(self._close[1] or "refused"))
        self._on_closed(*self._close)

    def send(self, frame: bytes) -> None:
        """A frame made by `text_frame`."""
        if self._transport is not None:
            self._transport.write(frame)

    def send_json(self, message: dict[str, Any]) -> None:
        self.send(text_frame(json.dumps(message, separators=(",", ":")).encode()))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def lost(self) -> bool:
        return self._transport is None

    def _take_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            opcode, length, head = buffer[at] & 0x0F, buffer[at + 1] & 0x7F, 2
            if length == 126:
                if len(buffer) - at < 4:
                    break
                length, head = int.from_bytes(buffer[at + 2 : at + 4], "big"), 4
            elif length == 127:
                if len(buffer) - at < 10:
                    break
                length, head = int.from_bytes(buffer[at + 2 : at + 10], "big"), 10
            if len(buffer) - at < head + length:
                break
            payload = bytes(buffer[at + head : at + head + length])
            at += head + length
            if opcode == 0x1:
                self._on_message(payload)
            elif opcode == _PING:
                self.send(text_frame(payload, _PONG))
            elif opcode == _CLOSE:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                self._close = (code, payload[2:].decode(errors="replace"))
                self.send(text_frame(payload[:2], _CLOSE))
                self.close()
        del buffer[:at]
