"""What the callee has heard of the bot: one speech at a time, by the carrier's marks and the paced clock.

Positions are μ-law bytes of the speech, times are milliseconds on the media clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from callbot.conversation.line import Played
from callbot.telephony.codec import BYTES_PER_MS, FRAME_BYTES, QUIET, BotEvent, ClearOut, MarkOut, MediaOut
from callbot.telephony.pacing import CarrierBuffer

MARK_EVERY_MS = 200
MARK_GRACE_MS = 500
"""How long after the paced clock's end the last mark is waited for before the clock is believed."""


@dataclass(slots=True)
class _Speech:
    id: str
    audio: bytearray = field(default_factory=bytearray)
    complete: bool = False
    failed: bool = False
    paused: bool = False
    started_ms: float | None = None
    sent: int = 0
    """How far the speech lies at the carrier or beyond."""
    acked: int = 0
    """How far the callee is known to have heard in this generation; its start before any mark came back."""
    acked_ms: float = 0.0
    marks: deque[tuple[str, int]] = field(default_factory=deque)
    """Marks at the carrier with their positions, oldest first."""
    mark_at: int = MARK_EVERY_MS * BYTES_PER_MS
    """Where the next mark goes."""
    closed: bool = False
    """The mark at the very end was sent."""
    heard: int = 0
    """The largest position ever answered: what was heard is not taken back."""


class Playback:
    """Playback truth of one call. Every clear begins a new generation; marks carry theirs (`g<gen>.<n>`), so
    a mark that a clear gave back, or that comes late, proves nothing.

    Heard never exceeds sent and never decreases. A pause keeps what was not heard.
    """

    def __init__(self, buffer: CarrierBuffer) -> None:
        self._buffer = buffer
        self._speech: _Speech | None = None
        self._generation = 0
        self._generation_from = 0
        self._mark_number = 0
        self.speeches = 0
        self.holes = 0
        """How often the callee heard nothing in mid-speech because sound was not sent in time."""

    @property
    def active(self) -> bool:
        """A speech has begun and its `Played` was not given out."""
        return self._speech is not None

    @property
    def unsent_ms(self) -> int:
        """Sound that waits for its turn to be sent."""
        speech = self._speech
        return (len(speech.audio) - speech.sent) // BYTES_PER_MS if speech else 0

    def begin(self, speech_id: str) -> None:
        """Raises `RuntimeError` while another speech is active."""
        if self._speech is not None:
            raise RuntimeError(f"speech {self._speech.id} is still playing; stop it before playing {speech_id}")
        self._new_generation(0)
        self._speech = _Speech(speech_id)
        self.speeches += 1

    def feed(self, ulaw: bytes) -> None:
        """More sound of the active speech; none is taken once it is complete."""
        if self._speech is not None and not self._speech.complete:
            self._speech.audio += ulaw

    def complete(self, *, failed: bool = False) -> None:
        """No more sound will come; `failed` when the voice broke off."""
        if self._speech is not None:
            self._speech.complete = True
            self._speech.failed = failed

    def take(self, now_ms: float, frames: int) -> list[BotEvent]:
        """What to send now: at most `frames` frames, with the marks that fall between them."""
        speech = self._speech
        if speech is None or speech.paused:
            return []
        events: list[BotEvent] = []
        end = min(speech.sent + frames * FRAME_BYTES, len(speech.audio))
        if not speech.complete:
            end -= (end - speech.sent) % FRAME_BYTES
        while speech.sent < end:
            self._send(speech, min(end, speech.mark_at), now_ms, events)
            if speech.sent == speech.mark_at:
                self._mark(speech, events)
        if speech.complete and speech.sent == len(speech.audio) and not speech.closed:
            speech.closed = True
            if speech.audio:
                self._mark(speech, events)
        return events

    def mark(self, name: str, now_ms: float) -> None:
        """The carrier gave a mark back."""
        speech = self._speech
        if speech is None or all(name != known for known, _ in speech.marks):
            return
        while True:
            known, position = speech.marks.popleft()
            if known == name:
                break
        speech.acked = position
        speech.acked_ms = now_ms

    def pause(self, now_ms: float) -> list[BotEvent]:
        """Fall silent and keep what was not heard; what to send. No effect when nothing plays."""
        speech = self._speech
        if speech is None or speech.paused:
            return []
        events = self._silence(speech, now_ms)
        speech.paused = True
        return events

    def resume(self) -> None:
        """Go on from where the callee stopped hearing."""
        if self._speech is not None:
            self._speech.paused = False

    def stop(self, now_ms: float) -> tuple[list[BotEvent], Played | None]:
        """Fall silent and drop the rest; what to send and how the speech ended."""
        speech = self._speech
        if speech is None:
            return [], None
        events = self._silence(speech, now_ms)
        return events, self._end(speech, now_ms, finished=False)

    def heard_ms(self, now_ms: float) -> int:
        """How much of the active speech the callee has heard."""
        return self._heard(self._speech, now_ms) // BYTES_PER_MS if self._speech else 0

    def ended(self, now_ms: float) -> Played | None:
        """The end of the active speech, once it was heard to its end."""
        speech = self._speech
        if speech is None or speech.paused or not speech.closed:
            return None
        if speech.marks and now_ms < self._buffer.plays_until_ms + MARK_GRACE_MS:
            return None
        speech.heard = len(speech.audio)
        return self._end(speech, now_ms, finished=not speech.failed)

    def _send(self, speech: _Speech, until: int, now_ms: float, events: list[BotEvent]) -> None:
        payload = bytes(speech.audio[speech.sent : until])
        if short := -len(payload) % FRAME_BYTES:
            payload += bytes([QUIET]) * short
        if speech.sent > self._generation_from and not self._buffer.buffered_ms(now_ms):
            self.holes += 1
        start_ms = self._buffer.send(payload, now_ms)
        if speech.started_ms is None:
            speech.started_ms = start_ms
        if speech.sent == speech.acked and not speech.marks:
            speech.acked_ms = start_ms
        speech.sent = until
        events.append(MediaOut(payload=payload))

    def _mark(self, speech: _Speech, events: list[BotEvent]) -> None:
        speech.mark_at = speech.sent + MARK_EVERY_MS * BYTES_PER_MS
        if speech.marks and speech.marks[-1][1] == speech.sent:
            return
        self._mark_number += 1
        name = f"g{self._generation}.{self._mark_number}"
        speech.marks.append((name, speech.sent))
        events.append(MarkOut(name=name))

    def _heard(self, speech: _Speech, now_ms: float) -> int:
        by_clock = speech.sent - int(self._buffer.buffered_ms(now_ms) * BYTES_PER_MS)
        since_mark = max(0, int((now_ms - speech.acked_ms) * BYTES_PER_MS))
        by_marks = speech.acked + min(since_mark, speech.sent - speech.acked)
        speech.heard = max(speech.heard, speech.acked, min(by_clock, by_marks))
        return speech.heard

    def _silence(self, speech: _Speech, now_ms: float) -> list[BotEvent]:
        heard = self._heard(speech, now_ms)
        at_carrier = speech.sent > speech.acked or bool(speech.marks)
        self._buffer.clear(now_ms)
        self._new_generation(heard)
        speech.sent = speech.acked = heard
        speech.acked_ms = now_ms
        speech.marks.clear()
        speech.mark_at = heard + MARK_EVERY_MS * BYTES_PER_MS
        speech.closed = False
        return [ClearOut()] if at_carrier else []

    def _end(self, speech: _Speech, now_ms: float, *, finished: bool) -> Played:
        self._speech = None
        start_ms = now_ms if speech.started_ms is None else speech.started_ms
        return Played(
            speech_id=speech.id,
            start_ms=int(start_ms),
            end_ms=max(int(start_ms), int(now_ms)),
            heard_ms=speech.heard // BYTES_PER_MS,
            finished=finished,
        )

    def _new_generation(self, position: int) -> None:
        self._generation += 1
        self._generation_from = position
        self._mark_number = 0
