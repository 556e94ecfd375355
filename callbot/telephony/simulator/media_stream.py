"""The carrier's end of a media stream: a websocket client of Twilio Media Streams with its own 20 ms clock."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from asr_tts.audio import FRAME_MS
from asr_tts.g711 import decode_ulaw, encode_ulaw
from callbot.telephony.simulator.callee import Callee
from callbot.telephony.simulator.playout import Playout

_CONNECT_S: Final = 10.0
_CLOSE_S: Final = 5.0


class EndedBy(StrEnum):
    """Who ended an answered call."""

    CALLEE = "callee"
    BOT = "bot"
    CARRIER = "carrier"


@dataclass(slots=True, kw_only=True)
class StreamRecord:
    """What happened on one stream; times in ms of the callee's clock."""

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
    """One answered call's audio, until somebody ends it."""

    def __init__(
        self,
        *,
        url: str,
        account: str,
        call_sid: str,
        stream_sid: str,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        callee: Callee,
    ) -> None:
        self._url = url
        self._ids = {"accountSid": account, "callSid": call_sid}
        self._stream_sid = stream_sid
        self._parameters = dict(parameters)
        self._headers = dict(headers)
        self._callee = callee
        self._playout = Playout()
        self._sequence = 0
        self.record = StreamRecord()

    async def run(self, hang_up: asyncio.Event) -> EndedBy:
        """Connect, play the callee, and say who ended the call; `hang_up` ends it from the bot's side."""
        try:
            socket = await connect(
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
            self.record.errors.append(f"31920 no media stream at {self._url}: {error}")
            return EndedBy.CARRIER
        async with socket:
            ended = await self._talk(socket, hang_up)
            await self._stop(socket)
            return ended

    async def _talk(self, socket: ClientConnection, hang_up: asyncio.Event) -> EndedBy:
        reader = asyncio.create_task(self._read(socket))
        asked = asyncio.create_task(hang_up.wait())
        clock = asyncio.create_task(self._play(socket))
        tasks = (reader, asked, clock)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, ConnectionClosed):
                raise result
        if self._callee.hung_up:
            return EndedBy.CALLEE
        return EndedBy.CARRIER if self.record.errors else EndedBy.BOT

    async def _play(self, socket: ClientConnection) -> None:
        """The call's clock: each 20 ms the callee hears one frame and one of its own goes out."""
        await self._send(socket, {"event": "connected", "protocol": "Call", "version": "1.0.0"}, numbered=False)
        start = {
            **self._ids,
            "streamSid": self._stream_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._parameters,
        }
        await self._send(socket, {"event": "start", "start": start})
        due, chunk = monotonic(), 0
        while not self._callee.hung_up:
            due += FRAME_MS / 1000
            late = monotonic() - due
            if late < 0:
                await asyncio.sleep(-late)
            else:
                self.record.worst_lateness_ms = max(self.record.worst_lateness_ms, int(late * 1000))
            heard, played = self._playout.tick()
            await self._return_marks(socket, played, "played")
            self.record.heard += heard
            said = encode_ulaw(self._callee.tick(decode_ulaw(heard)))
            chunk += 1
            media = {
                "track": "inbound",
                "chunk": str(chunk),
                "timestamp": str(self._callee.now_ms),
                "payload": b64encode(said).decode(),
            }
            await self._send(socket, {"event": "media", "media": media})

    async def _read(self, socket: ClientConnection) -> None:
        """Take in the bot's messages until it closes, or breaks the protocol as Twilio would see it."""
        async for message in socket:
            error = await self._take(socket, message)
            if error:
                self.record.errors.append(error)
                return

    async def _take(self, socket: ClientConnection, message: str | bytes) -> str:
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
            self.record.longest_queue_ms = max(self.record.longest_queue_ms, self._playout.queued_ms)
        elif event == "mark" and isinstance(body, dict) and isinstance(body.get("name"), str):
            self._playout.mark(body["name"])
        elif event == "clear":
            self.record.clears_ms.append(self._callee.now_ms)
            await self._return_marks(socket, self._playout.clear(), "cleared")
        else:
            return f"31951 unknown or incomplete event: {message[:80]}"
        return ""

    async def _return_marks(self, socket: ClientConnection, names: list[str], how: str) -> None:
        for name in names:
            self.record.marks.append({"name": name, "at_ms": self._callee.now_ms, "how": how})
            await self._send(socket, {"event": "mark", "mark": {"name": name}})

    async def _stop(self, socket: ClientConnection) -> None:
        try:
            await self._send(socket, {"event": "stop", "stop": self._ids})
        except ConnectionClosed:
            return

    async def _send(self, socket: ClientConnection, body: dict[str, Any], *, numbered: bool = True) -> None:
        if numbered:
            self._sequence += 1
            body |= {"sequenceNumber": str(self._sequence), "streamSid": self._stream_sid}
        await socket.send(json.dumps(body))
