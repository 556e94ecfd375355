"""A Twilio-shaped carrier on an injected clock: plays what it is sent in real time and gives marks back."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence

import numpy as np

from asr_tts.audio import Audio, Pcm
from asr_tts.g711 import decode_ulaw, encode_ulaw
from asr_tts.voice_activity import VoiceState
from callbot.conversation.line import LineEvent
from callbot.telephony.codec import StreamStarted
from callbot.telephony.ear import Ear
from callbot.telephony.media_line import LineLimits, MediaLine
from callbot.telephony.recording import Recording
from callbot.telephony.twilio import TwilioCodec


class LoudnessActivity:
    """Voice activity by loudness: deterministic and without a model."""

    def start(self) -> VoiceState:
        nothing = np.zeros(0, dtype=np.float32)
        return VoiceState(memory=nothing, context=nothing)

    def score(self, states: Sequence[VoiceState], windows: Sequence[Pcm]) -> list[float]:
        return [1.0 if int(np.abs(window.astype(np.int32)).max()) > 1000 else 0.0 for window in windows]


def tone(ms: int, level: int = 8000) -> Pcm:
    """A 400 Hz tone at 8 kHz."""
    return (level * np.sin(2 * np.pi * 400 * np.arange(ms * 8) / 8000)).astype(np.int16)


async def pieces(*audio: Audio) -> AsyncIterator[Audio]:
    for piece in audio:
        yield piece


def media_message(payload: bytes, timestamp_ms: int) -> str:
    media = {
        "track": "inbound",
        "chunk": "1",
        "timestamp": str(timestamp_ms),
        "payload": base64.b64encode(payload).decode(),
    }
    return json.dumps({"event": "media", "sequenceNumber": "3", "streamSid": "MZ1", "media": media})


class VirtualCarrier:
    """Both ends of one call in virtual time: `line` is under test, the rest is the carrier."""

    def __init__(
        self,
        *,
        recording: Recording | None = None,
        limits: LineLimits | None = None,
        gives_marks: bool = True,
    ) -> None:
        self.now_ms = 0
        self.gives_marks = gives_marks
        self.heard = bytearray()
        """What the callee heard, one byte for each sample since the start; 0xFF where nothing played."""
        self.sent: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.unsent_bytes = 0
        self._queue: deque[bytes | str] = deque()
        self.ear = Ear(LoudnessActivity())
        self.line = MediaLine(
            wire=self,
            codec=TwilioCodec(),
            stream=StreamStarted(
                call_sid="CA1", stream_id="MZ1", parameters={}, encoding="audio/x-mulaw", rate=8000
            ),
            ear=self.ear,
            recording=recording,
            limits=limits,
            clock=lambda: self.now_ms / 1000,
        )

    def send(self, message: str | bytes) -> None:
        assert isinstance(message, str)
        body = json.loads(message)
        assert body["streamSid"] == "MZ1"
        self.sent.append(body["event"])
        match body["event"]:
            case "media":
                self._queue.append(base64.b64decode(body["media"]["payload"]))
            case "mark":
                self._queue.append(body["mark"]["name"])
            case "clear":
                for item in self._queue:
                    if isinstance(item, str):
                        self._give(item)
                self._queue.clear()

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)

    @property
    def held_ms(self) -> int:
        """Sound the carrier holds."""
        return sum(len(item) for item in self._queue if isinstance(item, bytes)) // 8

    async def advance(self, ms: int, *, says: Pcm | None = None) -> None:
        """Let time pass in steps of 20 ms; the callee says `says` from now on, silence otherwise."""
        voice = encode_ulaw(says) if says is not None else b""
        for at in range(0, ms, 20):
            await self.settle()
            frame = voice[at * 8 : at * 8 + 160]
            self.line.receive(media_message(frame + b"\xff" * (160 - len(frame)), self.now_ms))
            self.heard += self._play(160)
            self.now_ms += 20
            self._give_due()
            self.line.tick()
            self.ear.tick()
        await self.settle()

    async def silent(self, ms: int) -> None:
        """Let time pass while the carrier sends nothing."""
        for _ in range(0, ms, 20):
            self.now_ms += 20
            self.line.tick()
        await self.settle()

    async def settle(self) -> None:
        """Let tasks that are ready run."""
        for _ in range(5):
            await asyncio.sleep(0)

    async def events(self) -> list[LineEvent]:
        """Everything that waits."""
        found: list[LineEvent] = []
        while True:
            task = asyncio.ensure_future(self.line.next_event())
            await self.settle()
            if not task.done():
                task.cancel()
                return found
            found.append(task.result())

    def heard_pcm(self) -> Pcm:
        return decode_ulaw(bytes(self.heard))

    def _play(self, count: int) -> bytes:
        played = bytearray()
        while self._queue and len(played) < count:
            item = self._queue.popleft()
            if isinstance(item, str):
                self._give(item)
                continue
            take = count - len(played)
            played += item[:take]
            if len(item) > take:
                self._queue.appendleft(item[take:])
        return bytes(played) + b"\xff" * (count - len(played))

    def _give_due(self) -> None:
        while self._queue and isinstance(item := self._queue[0], str):
            self._queue.popleft()
            self._give(item)

    def _give(self, name: str) -> None:
        if self.gives_marks:
            message = json.dumps({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}})
            asyncio.get_running_loop().call_soon(self.line.receive, message)
