"""The telephone as the conversation sees it: speech comes in as segments, speech goes out and is heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from asr_tts.audio import Audio
from handoff.bridge import AudioEnd

# All times are milliseconds on the media clock of the call: 0 is the carrier's `start` message.


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """The callee began to make speech-like sound."""

    at_ms: int
    """Where the sound began, not where it was noticed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeechEnded:
    """The callee has been silent for the detector's short pause; the turn may or may not be over."""

    start_ms: int
    end_ms: int
    """Where the last speech was, before the pause."""
    audio: Audio
    """The segment with a little margin on both sides, at line rate."""
    before_ms: int = 0
    """How much of `audio` comes before `start_ms`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Playback of one speech ended: heard to the end, or cut by `stop`, or lost with the line."""

    speech_id: str
    start_ms: int
    """When its first sound reached the callee."""
    end_ms: int
    heard_ms: int
    """How much of it the callee heard, by marks or by the paced clock."""
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dtmf:
    digit: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp:
    """The line is gone; no event follows."""

    by: Literal["callee", "bot", "carrier"]
    at_ms: int
    reason: str = ""
    """Machine-readable: `normal`, `socket-lost`, `malformed-frame`, `no-audio`, `time-limit`..."""


LineEvent: TypeAlias = SpeechStarted | SpeechEnded | Played | Dtmf | HungUp


class Line(Protocol):
    """One answered call. Implemented by telephony; `callbot.testing` has one without sound."""

    @property
    def now_ms(self) -> int:
        """The media clock of this call."""
        ...

    async def next_event(self) -> LineEvent:
        """The next event, in order. After `HungUp` it must not be called again."""
        ...

    def play(self, speech_id: str, audio: AsyncIterator[Audio]) -> None:
        """Start playing; pieces are played back to back as they come. One speech at a time: a second
        `play` before `Played` raises `RuntimeError`."""
        ...

    def pause(self) -> None:
        """Fall silent at once and keep what was not heard. No effect when nothing plays."""
        ...

    def resume(self) -> None:
        """Go on with what `pause` kept."""
        ...

    def stop(self) -> None:
        """Fall silent at once and drop what was not heard; `Played(finished=False)` follows."""
        ...

    def bridge(self) -> AudioEnd:
        """The callee's end for a human to talk to. Until `unbridge` the line emits only `Dtmf` and `HungUp`."""
        ...

    def unbridge(self) -> None: ...

    async def hang_up(self) -> None:
        """End the call; `HungUp(by="bot")` follows. Idempotent."""
        ...
