"""A carrier's websocket whose messages go straight to whom they are for: no queue and no task for a frame."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, TypeAlias

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

Message: TypeAlias = str | bytes
Deliver: TypeAlias = Callable[[Message], None]

LARGEST_MESSAGE = 64 * 1024
"""Bytes; a normal message is under 300."""
_KERNEL_BUFFER = 64 * 1024
"""Bytes the kernel may hold for a peer that does not read: seconds of speech, not minutes."""
_CONTROL = (Opcode.CLOSE, Opcode.PING, Opcode.PONG)


class CarrierSocket(ServerConnection):
    """`listen` replaces `recv`: whole messages are delivered while the data that brought them is read.

    A peer that goes on sending when it was told that the socket closes is cut off.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deliver: Deliver | None = None
        self._early: list[Message] = []
        self._parts: list[Frame] = []
        self._ignored_bytes = 0

    def listen(self, deliver: Deliver) -> None:
        """Messages go to `deliver` from now on, those that came before first."""
        self._deliver = deliver
        early, self._early = self._early, []
        for message in early:
            # who is told may hand on to somebody else in between
            self._deliver(message)

    def write(self, message: Message) -> None:
        """Send without waiting for the peer; nothing once the socket closes."""
        if self.protocol.state is not State.OPEN:
            return
        if isinstance(message, str):
            self.protocol.send_text(message.encode())
        else:
            self.protocol.send_binary(message)
        self.send_data()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if (raw := transport.get_extra_info("socket")) is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)

    def data_received(self, data: bytes) -> None:
        if self.protocol.state is State.CLOSING:
            self._ignored_bytes += len(data)
            if self._ignored_bytes > LARGEST_MESSAGE:
                self.transport.abort()
                return
        super().data_received(data)

    def process_event(self, event: Event) -> None:
        if not isinstance(event, Frame) or event.opcode in _CONTROL:
            super().process_event(event)
        elif (message := self._whole(event)) is not None:
            if self._deliver is None:
                self._early.append(message)
            else:
                self._deliver(message)

    def _whole(self, frame: Frame) -> Message | None:
        """The message that this frame ends."""
        if frame.fin and not self._parts:
            return _message(frame.opcode, frame.data)
        self._parts.append(frame)
        if not frame.fin:
            return None
        parts, self._parts = self._parts, []
        return _message(parts[0].opcode, b"".join(part.data for part in parts))


class SocketWire:
    """A `CarrierSocket` as the `Wire` of a line: closes in the background."""

    def __init__(self, socket: CarrierSocket, closing: set[asyncio.Task[None]]) -> None:
        """`closing` keeps the tasks that are under way."""
        self._socket = socket
        self._closing = closing
        self._closed = False
        self.send = socket.write

    @property
    def unsent_bytes(self) -> int:
        return self._socket.transport.get_write_buffer_size()

    def close(self, code: int, reason: str) -> None:
        if self._closed:
            return
        self._closed = True
        task = asyncio.get_running_loop().create_task(self._socket.close(code, reason), name="media-close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _message(opcode: Opcode, data: bytes | bytearray | memoryview) -> Message:
    # what is not UTF-8 is told apart by the codec, not by an exception here
    return str(data, "utf-8", "replace") if opcode is Opcode.TEXT else bytes(data)
