"""One answered call over one media websocket: the `Line` that a conversation talks and listens through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, Protocol, assert_never

import numpy as np
import structlog

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.g711 import decode_ulaw, encode_ulaw
from asr_tts.resample import Resampler
from callbot.conversation.line import Dtmf, HungUp, LineEvent
from callbot.telephony.backlog import Backlog
from callbot.telephony.callee_end import CalleeEnd
from callbot.telephony.codec import (
    BYTES_PER_MS,
    QUIET,
    BotEvent,
    CarrierEvent,
    ClearOut,
    DtmfIn,
    MalformedFrame,
    MarkIn,
    MediaCodec,
    MediaIn,
    MediaOut,
    OtherIn,
    StreamStarted,
    StreamStopped,
)
from callbot.telephony.ear import Ear
from callbot.telephony.inbound import InboundClock, messages_allowed
from callbot.telephony.listening import ListeningPost
from callbot.telephony.pacing import BRIDGED_LOOKAHEAD_MS, LOOKAHEAD_MS, CarrierBuffer, frames_due
from callbot.telephony.playback import Playback
from callbot.telephony.recording import Recording
from callbot.telephony.seat import Away, Seat
from handoff.live_calls import Hear

_log = structlog.get_logger(__name__)

_WAITING_DIGITS = 64
"""Digits that may wait for the conversation; a flood of more is dropped."""
_FED_AHEAD_MS = 20_000
"""How much of a speech may wait to be sent before its voice has to wait."""
_FRAMES_TOGETHER = 4
"""Frames that share a message while the carrier holds enough."""
_TICKS_BETWEEN_LOOKS = 10
"""Limits and the recording are looked after every 200 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLimits:
    """When a line is given up."""

    no_audio_ms: int = 20_000
    """Carriers send sound all the time; a stream without any is dead."""
    longest_call_ms: int = 30 * 60_000
    unsent_bytes: int = 256 * 1024
    """A carrier that reads so slowly has lost the call."""


class Wire(Protocol):
    """The socket as the line needs it. Nothing here waits."""

    def send(self, message: str | bytes) -> None: ...

    @property
    def unsent_bytes(self) -> int:
        """What the socket has not taken yet."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Start closing; idempotent."""
        ...


class MediaLine:
    """Implements `callbot.conversation.line.Line`. `receive` and `tick` are for the media server alone."""

    def __init__(
        self,
        *,
        wire: Wire,
        codec: MediaCodec,
        stream: StreamStarted,
        ear: Ear,
        recording: Recording | None = None,
        limits: LineLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_over: Callable[[], None] = lambda: None,
    ) -> None:
        """`clock` is monotonic seconds; `on_over` is called once when the line is gone."""
        self.stream = stream
        self.seat = Seat(self)
        self._wire = wire
        self._codec = codec
        self._ear = ear
        self._hearing = ear.join(self._emit)
        self._recording = recording
        self._limits = limits or LineLimits()
        self._clock = clock
        self._on_over = on_over
        self._began = clock()
        self._inbound = InboundClock()
        self._last_audio_ms = 0.0
        self._buffer = CarrierBuffer()
        self._playback = Playback(self._buffer)
        self._backlog = Backlog()
        self._feeding: asyncio.Task[None] | None = None
        self._callee_end: CalleeEnd | None = None
        self._stream_began_ms = 0.0
        self._departing = False
        """The carrier was asked to move the callee: the end of this stream is not the end of the call."""
        self._away: Away | None = None
        self._listening = ListeningPost()
        self._events: asyncio.Queue[LineEvent] = asyncio.Queue()
        self._room_for_feed = asyncio.Event()
        self._ticks = 0
        self._messages = 0
        self._messages_allowed = messages_allowed(0)
        self._over = False
        self._written: Future[None] | None = None

    @property
    def now_ms(self) -> int:
        """The media clock of this call."""
        return int(self._now())

    @property
    def playback(self) -> Playback:
        """What was played, for counting."""
        return self._playback

    @property
    def over(self) -> bool:
        """The line is gone; `HungUp` waits or was taken."""
        return self._over

    async def next_event(self) -> LineEvent:
        return await self._events.get()

    def play(self, speech_id: str, audio: AsyncIterator[Audio]) -> None:
        """Sound at any rate; on a line that is gone it is not played and `HungUp` tells."""
        if self._callee_end is not None:
            raise RuntimeError(f"speech {speech_id} cannot play while the callee talks to a human")
        if self._over:
            return
        self._playback.begin(speech_id)
        self._feeding = asyncio.get_running_loop().create_task(
            self._feed(speech_id, audio), name=f"speech-{speech_id}"
        )

    def pause(self) -> None:
        self._send_all(self._playback.pause(self._now()))

    def resume(self) -> None:
        self._playback.resume()
        self._pump(self._now())

    def stop(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
            self._feeding = None
        events, played = self._playback.stop(self._now())
        self._send_all(events)
        if played is not None:
            self._emit(played)

    def bridge(self) -> CalleeEnd:
        """Stops a speech that is playing. Raises `RuntimeError` when a bridge is open already.

        While the callee is away nothing that is sent to it is heard.
        """
        if self._callee_end is not None:
            raise RuntimeError("the callee is already bridged")
        self.stop()
        end = CalleeEnd()
        if self._over:
            end.leave()
            return end
        self._hearing.deafen()
        self._backlog.begin()
        self._callee_end = end
        return end

    def unbridge(self) -> None:
        """Silences the human at once and listens for turns again. No effect when nothing is bridged."""
        if self._callee_end is None:
            return
        self._callee_end.leave()
        self._callee_end = None
        if not self._over:
            self._hearing.listen()
            if self._buffer.buffered_ms(now := self._now()):
                self._buffer.clear(now)
                self._send_all([ClearOut()])

    # A callee who talks to a human elsewhere in the carrier

    def depart(self, departing: bool = True) -> None:
        """The carrier is asked to move the callee; False: it did not."""
        self._departing = departing

    def follow(self, stream: StreamStarted, wire: Wire) -> Seat:
        """The callee is in a room of the carrier, and this stream forks what is said there.

        It is recorded, listened to and heard by the bridge; nothing is sent.
        """
        self._away = Away(InboundClock(self._now()))
        return self._sit(stream, wire)

    def come_back(self, stream: StreamStarted, wire: Wire) -> Seat:
        """The two-way stream again: the bot may speak."""
        away, self._away = self._away, None
        if away is not None:
            away.human.leave()
        return self._sit(stream, wire)

    @property
    def away(self) -> Away | None:
        """What is heard of the human while the callee is away."""
        return self._away

    def _sit(self, stream: StreamStarted, wire: Wire) -> Seat:
        before, self._wire, self.stream = self._wire, wire, stream
        self.seat, self._departing, self._stream_began_ms = Seat(self), False, self._now()
        if self._over:
            wire.close(1000, "call-over")
        before.close(1000, "moved")
        return self.seat

    def listen(self, hear: Hear) -> Callable[[], None]:
        """Let somebody hear both sides, 20 ms at a time; the result stops it. Never holds the call up."""
        return self._listening.add(hear)

    async def hang_up(self) -> None:
        self.end("bot", "normal")

    def receive(self, message: str | bytes) -> None:
        """One message of the carrier. What breaks the protocol ends this call and no other."""
        if self._over:
            return
        self._messages += 1
        if self._messages > self._messages_allowed and self._floods():
            return
        try:
            event = self._codec.decode(message)
            if event is not None:
                self._take(event)
        except MalformedFrame as malformed:
            _log.warning("malformed-frame", call_sid=self.stream.call_sid, code=malformed.code)
            self.end("carrier", "malformed-frame", close_code=1002, close_reason=malformed.code)
        except Exception:
            _log.exception("line-failed", call_sid=self.stream.call_sid)
            self.end("bot", "internal-error", close_code=1011)

    def lost(self) -> None:
        """The socket is gone without the carrier having said stop."""
        if not self._departing:
            self.end("carrier", "socket-lost")

    async def recorded(self) -> None:
        """After `HungUp`: returns when the recording is complete on disk."""
        if self._written is not None:
            await asyncio.wrap_future(self._written)

    def tick(self) -> None:
        """Send what is due, notice what has ended. A fault ends this call and no other."""
        if self._over:
            return
        try:
            self._tick(self._now())
        except Exception:
            _log.exception("line-failed", call_sid=self.stream.call_sid)
            self.end("bot", "internal-error", close_code=1011)

    def _tick(self, now: float) -> None:
        self._pump(now)
        if self._listening.manned:
            self._record_played(now)
            self._listening.tick()
        self._ticks += 1
        if self._ticks % _TICKS_BETWEEN_LOOKS == 1:
            self._look_after(now)

    def _look_after(self, now: float) -> None:
        self._record_played(now)
        if self._recording is not None:
            self._recording.flush(now)
        if now - self._last_audio_ms > self._limits.no_audio_ms:
            self.end("carrier", "no-audio")
        elif now > self._limits.longest_call_ms:
            self.end("bot", "time-limit")
        elif self._wire.unsent_bytes > self._limits.unsent_bytes:
            self.end("carrier", "socket-lost", close_code=1008, close_reason="not-reading")

    def end(
        self,
        by: Literal["callee", "bot", "carrier"],
        reason: str,
        *,
        close_code: int = 1000,
        close_reason: str = "",
    ) -> None:
        """Give the line up: what played is settled, `HungUp` follows, the socket closes. Idempotent."""
        if self._over:
            return
        now = self._now()
        try:
            self.stop()
            self._ear.leave(self._hearing)
        except Exception:
            # whatever broke, the conversation must learn that the line is gone
            _log.exception("line-failed", call_sid=self.stream.call_sid)
        self._emit(HungUp(by=by, at_ms=int(now), reason=reason))
        self._over = True
        if self._callee_end is not None:
            self._callee_end.leave()
        if self._away is not None:
            self._away.human.leave()
        self._record_played(now)
        if self._recording is not None:
            self._written = self._recording.close(max(now, self._inbound.position_ms))
        self._wire.close(close_code, close_reason or reason)
        self._on_over()

    def _take(self, event: CarrierEvent) -> None:
        match event:
            case MediaIn():
                self._hear(event)
            case OtherIn():
                self._overhear(event)
            case MarkIn(name=name):
                now = self._now()
                self._playback.mark(name, now)
                self._buffer.plays_until_ms += self._backlog.returned(name, now)
                self._pump(now)
            case DtmfIn(digit=digit):
                if self._events.qsize() < _WAITING_DIGITS:
                    self._emit(Dtmf(digit=digit, at_ms=self.now_ms))
            case StreamStopped():
                if not self._departing:
                    self.end("callee", "normal")
            case StreamStarted():
                self.end("carrier", "malformed-frame", close_code=1002, close_reason="second-start")
            case _:
                assert_never(event)

    def _floods(self) -> bool:
        """More messages than a telephone can have: the call ends."""
        self._messages_allowed = messages_allowed(self._now())
        if self._messages <= self._messages_allowed:
            return False
        _log.warning("media-flood", call_sid=self.stream.call_sid, messages=self._messages)
        self.end("carrier", "flood", close_code=1008)
        return True

    def _hear(self, media: MediaIn) -> None:
        if not media.payload:
            return
        now = self._now()
        self._last_audio_ms = now
        if gap_ms := self._inbound.gap_ms(media.timestamp_ms + int(self._stream_began_ms), now):
            self._hearing.hear(bytes([QUIET]) * (gap_ms * BYTES_PER_MS))
        at_ms = self._inbound.take(len(media.payload) / BYTES_PER_MS, now)
        if at_ms is None:
            self.end("carrier", "flood", close_code=1008)
            return
        if self._callee_end is not None:
            self._callee_end.spoken(decode_ulaw(media.payload))
        self._hearing.hear(media.payload)
        self._listening.callee(media.payload)
        if self._recording is not None:
            self._recording.place("callee", at_ms, media.payload)

    def _overhear(self, media: OtherIn) -> None:
        """Sound of the human while the callee is away; on any other stream it is only the bot's own."""
        if self._away is None or not media.payload:
            return
        now, clock = self._now(), self._away.clock
        clock.gap_ms(media.timestamp_ms + int(self._stream_began_ms), now)
        at_ms = clock.take(len(media.payload) / BYTES_PER_MS, now)
        if at_ms is None:
            self.end("carrier", "flood", close_code=1008)
            return
        self._away.human.spoken(decode_ulaw(media.payload))
        self._listening.other(media.payload)
        if self._recording is not None:
            self._recording.place("bot", at_ms, media.payload)

    async def _feed(self, speech_id: str, audio: AsyncIterator[Audio]) -> None:
        resampler: Resampler | None = None
        rate = LINE_RATE
        try:
            async for piece in audio:
                if resampler is None or piece.rate != rate:
                    rate = piece.rate
                    resampler = Resampler(rate, LINE_RATE)
                self._playback.feed(encode_ulaw(np.ascontiguousarray(resampler.process(piece.samples))))
                self._pump(self._now())
                if self._playback.unsent_ms > _FED_AHEAD_MS:
                    self._room_for_feed.clear()
                    await self._room_for_feed.wait()
        except Exception:
            _log.exception("voice-broke-off", call_sid=self.stream.call_sid, speech_id=speech_id)
            self._playback.complete(failed=True)
        else:
            self._playback.complete()
        finally:
            if isinstance(audio, AsyncGenerator):
                await audio.aclose()
        self._pump(self._now())

    def _pump(self, now: float) -> None:
        if self._over or self._away is not None:
            return
        if not (self._playback.active or self._callee_end is not None):
            return
        held = self._buffer.buffered_ms(now)
        if self._callee_end is not None:
            samples = self._callee_end.take(frames_due(held, BRIDGED_LOOKAHEAD_MS))
            if len(samples):
                payload = encode_ulaw(samples)
                self._buffer.send(payload, now)
                marks = self._backlog.sent(payload, self._buffer.plays_until_ms)
                self._send_all([MediaOut(payload=payload), *marks])
        else:
            due = frames_due(held, LOOKAHEAD_MS, at_least=_FRAMES_TOGETHER)
            self._send_all(self._playback.take(now, due))
            if self._playback.unsent_ms <= _FED_AHEAD_MS:
                self._room_for_feed.set()
            if (played := self._playback.ended(now)) is not None:
                self._feeding = None
                self._emit(played)

    def _record_played(self, now: float) -> None:
        for start_ms, payload in self._buffer.take_played(now):
            self._listening.other(payload)
            if self._recording is not None:
                self._recording.place("bot", start_ms, payload)

    def _send_all(self, events: list[BotEvent]) -> None:
        if self._away is not None:
            return
        for event in events:
            self._wire.send(self._codec.encode(event, self.stream.stream_id))

    def _emit(self, event: LineEvent) -> None:
        if not self._over:
            self._events.put_nowait(event)

    def _now(self) -> float:
        return (self._clock() - self._began) * 1000
