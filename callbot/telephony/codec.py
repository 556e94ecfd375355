"""What travels on a media stream, whatever the carrier calls it, and the port that hides its spelling.

Payloads are μ-law at 8 kHz without header: one byte is one sample, eight bytes are one millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

BYTES_PER_MS = 8
"""μ-law bytes of one millisecond."""
FRAME_BYTES = 160
"""μ-law bytes of one 20 ms frame."""
QUIET = 0xFF
"""The μ-law byte of digital silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStarted:
    """The carrier opened the stream of an answered call."""

    call_sid: str
    stream_id: str
    parameters: Mapping[str, str]
    """What we gave the carrier when dialling; `token` proves that the stream is ours."""
    encoding: str
    rate: int
    """Samples per second."""

    @property
    def token(self) -> str:
        """Empty when the carrier sent none."""
        return self.parameters.get("token", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaIn:
    """Sound of the callee."""

    payload: bytes
    timestamp_ms: int
    """The carrier's clock, from the start of the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherIn:
    """Sound of whoever the callee talks to elsewhere in the carrier: on a fork of both sides alone."""

    payload: bytes
    timestamp_ms: int
    """As of `MediaIn`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfIn:
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkIn:
    """The sound before this mark was played, or a clear discarded it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStopped:
    """The call is over on the carrier's side."""


CarrierEvent: TypeAlias = StreamStarted | MediaIn | OtherIn | DtmfIn | MarkIn | StreamStopped


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaOut:
    """Sound for the callee, played after what was sent before."""

    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkOut:
    name: str
    """At most 75 characters: one carrier drops longer control messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearOut:
    """Discard what was sent and not yet played."""


BotEvent: TypeAlias = MediaOut | MarkOut | ClearOut


class MalformedFrame(Exception):
    """A message that breaks the carrier's protocol. `code` is stable and machine-readable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class MediaCodec(Protocol):
    """One carrier's spelling of the events. Pure: no state, no I/O."""

    def decode(self, message: str | bytes) -> CarrierEvent | None:
        """One message from the carrier; None for events nobody needs. Raises nothing but `MalformedFrame`."""
        ...

    def encode(self, event: BotEvent, stream_id: str) -> str | bytes:
        """One message to the carrier, for the stream that `StreamStarted` named."""
        ...
