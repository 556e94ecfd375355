"""The carrier's end of a media stream: a websocket client of Twilio Media Streams."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from callbot.telephony.simulator.playout import Playout

_CONNECT_S: Final = 10.0
_CLOSE_S: Final = 5.0


@dataclass(slots=True, kw_only=True)
class StreamRecord:
    """What happened on the streams of one call; times in ms of the callee's clock."""

    marks: list[dict[str, Any]] = field(default_factory=list)
    """`name`, `at_ms`, and `played` or `cleared`."""
    clears_ms: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    """Everything the callee heard, μ-law."""
    worst_lateness_ms: int = 0
    """Largest delay of this process's own clock."""
    longest_queue_ms: int = 0
    """Most audio the bot ever had waiting."""


class MediaStream:
    """One stream of a call: the far end of its leg, or with `fork` a copy of what is said and heard."""

    def __init__(
        self,
        *,
        url: str,
        account: str,
        call_sid: str,
        stream_sid: str,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        record: StreamRecord,
        fork: bool = False,
    ) -> None:
        self._url = url
        self._ids = {"accountSid": account, "callSid": call_sid}
        self._stream_sid = stream_sid
        self._parameters = dict(parameters)
        self._headers = dict(headers)
        self._record = record
        self._tracks = ["inbound", "outbound"] if fork else ["inbound"]
        self._playout = Playout()
        self._sequence = 0
        self._chunks = dict.fromkeys(self._tracks, 0)
        self._now_ms = self._began_ms = 0
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self.over = asyncio.Event()
        """Set when the other side closed the stream, or broke its protocol."""

    async def open(self, now_ms: int) -> bool:
        """Connect and say which call it is; False, with an error in the record, when nobody is there."""
        try:
            self._socket = await connect(
                self._url,
                additional_headers=self._headers,
                compression=None,
                open_timeout=_CONNECT_S,
                close_timeout=_CLOSE_S,
                ping_interval=None,
                max_size=2**20,
                max_queue=1024,
                proxy=None,
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            self._record.errors.append(f"31920 no media stream at {self._url}: {error}")
            return False
        self._now_ms = self._began_ms = now_ms
        self._reading = asyncio.create_task(self._read(self._socket))
        self._reading.add_done_callback(lambda _: self.over.set())
        await self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"}, numbered=False)
        start = {
            **self._ids,
            "streamSid": self._stream_sid,
            "tracks": self._tracks,
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._parameters,
        }
        await self._send({"event": "start", "start": start})
        return True

    async def hear(self, now_ms: int) -> bytes:
        """The next 20 ms that the other side plays to the callee."""
        self._now_ms = now_ms
        heard, played = self._playout.tick()
        await self._return_marks(played, "played")
        return heard

    async def say(self, ulaw: bytes, now_ms: int) -> None:
        """20 ms of the callee."""
        await self._media("inbound", ulaw, now_ms)

    async def copy(self, said: bytes, heard: bytes, now_ms: int) -> None:
        """20 ms of both sides, on a fork."""
        await self._media("inbound", said, now_ms)
        await self._media("outbound", heard, now_ms)

    async def close(self) -> None:
        """Say that the call, or this stream of it, is over."""
        if self._socket is None:
            return
        await self._send({"event": "stop", "stop": self._ids})
        await self._socket.close()
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _media(self, track: str, ulaw: bytes, now_ms: int) -> None:
        self._now_ms = now_ms
        self._chunks[track] += 1
        media = {
            "track": track,
            "chunk": str(self._chunks[track]),
            "timestamp": str(now_ms - self._began_ms),
            "payload": b64encode(ulaw).decode(),
        }
        await self._send({"event": "media", "media": media})

    async def _read(self, socket: ClientConnection) -> None:
        """Take in the bot's messages until it closes, or breaks the protocol as Twilio would see it."""
        try:
            async for message in socket:
                error = await self._take(message)
                if error:
                    self._record.errors.append(error)
                    return
        except ConnectionClosed:
            return

    async def _take(self, message: str | bytes) -> str:
        if isinstance(message, bytes):
            return "31950 binary message: only JSON text is understood"
        try:
            data = json.loads(message)
        except ValueError:
            return "31951 message is not JSON"
        if not isinstance(data, dict) or data.get("streamSid") != self._stream_sid:
            return f"31951 message without this stream's streamSid: {message[:80]}"
        event = data.get("event")
        body = data.get(event) if isinstance(event, str) else None
        if event == "media" and isinstance(body, dict) and isinstance(body.get("payload"), str):
            try:
                self._playout.media(b64decode(body["payload"], validate=True))
            except Base64Error:
                return "31951 media payload is not base64"
            self._record.longest_queue_ms = max(self._record.longest_queue_ms, self._playout.queued_ms)
        elif event == "mark" and isinstance(body, dict) and isinstance(body.get("name"), str):
            self._playout.mark(body["name"])
        elif event == "clear":
            self._record.clears_ms.append(self._now_ms)
            await self._return_marks(self._playout.clear(), "cleared")
        else:
            return f"31951 unknown or incomplete event: {message[:80]}"
        return ""

    async def _return_marks(self, names: list[str], how: str) -> None:
        for name in names:
            self._record.marks.append({"name": name, "at_ms": self._now_ms, "how": how})
            await self._send({"event": "mark", "mark": {"name": name}})

    async def _send(self, body: dict[str, Any], *, numbered: bool = True) -> None:
        """One message; a stream that is closed takes none."""
        if numbered:
            self._sequence += 1
            body |= {"sequenceNumber": str(self._sequence), "streamSid": self._stream_sid}
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self._socket.send(json.dumps(body))
