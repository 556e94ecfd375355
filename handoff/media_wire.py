"""What a media process and the desk say to each other about all its running calls: one websocket, `/media`.

JSON text is control. A binary message is 20 ms of one call that somebody listens to: the id of the call, padded
to 32 bytes with zeros, then 160 samples of the customer and 160 of who talks to them, 16-bit little-endian at
8 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

import numpy as np
from pydantic import Field, TypeAdapter

from handoff.bridge import Frame
from handoff.frames import RAW_BYTES
from handoff.messages import decode

ID_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaHello:
    """Media → desk, first of all."""

    token: str
    calls: tuple[str, ...]
    """Running now."""
    type: Literal["hello"] = "hello"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBegins:
    """Media → desk."""

    call_id: str
    type: Literal["begins"] = "begins"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnds:
    """Media → desk."""

    call_id: str
    type: Literal["ends"] = "ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenTo:
    """Desk → media: send the sound of this call, or stop."""

    call_id: str
    on: bool
    type: Literal["listen"] = "listen"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """Desk → media: this supervisor takes the call."""

    call_id: str
    supervisor: str
    type: Literal["take_over"] = "take_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndThis:
    """Desk → media: this call shall end."""

    call_id: str
    type: Literal["end"] = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Desk → media, after a hello with the right token: customers may come."""

    desk: str
    """The name of the desk."""
    type: Literal["joined"] = "joined"


FromMediaProcess: TypeAlias = MediaHello | CallBegins | CallEnds
ToMediaProcess: TypeAlias = Joined | ListenTo | TakeOver | EndThis

_from_media: TypeAdapter[FromMediaProcess] = TypeAdapter(
    Annotated[FromMediaProcess, Field(discriminator="type")]
)
_to_media: TypeAdapter[ToMediaProcess] = TypeAdapter(Annotated[ToMediaProcess, Field(discriminator="type")])


def decode_from_media_process(text: str | bytes) -> FromMediaProcess:
    """Raises `BadMessage`."""
    return decode(_from_media, text)


def decode_to_media_process(text: str | bytes) -> ToMediaProcess:
    """Raises `BadMessage`."""
    return decode(_to_media, text)


def pack(call_id: str, left: Frame, right: Frame) -> bytes:
    """20 ms of one call."""
    sound = np.concatenate((left, right)).astype("<i2", copy=False).tobytes()
    return call_id.encode()[:ID_BYTES].ljust(ID_BYTES, b"\0") + sound


def unpack(payload: bytes) -> tuple[str, Frame, Frame] | None:
    """Call id and both sides; None for what is no such message."""
    if len(payload) != ID_BYTES + 2 * RAW_BYTES:
        return None
    sound = np.frombuffer(payload[ID_BYTES:], dtype="<i2").astype(np.int16)
    call_id = payload[:ID_BYTES].rstrip(b"\0").decode(errors="replace")
    return call_id, sound[: len(sound) // 2], sound[len(sound) // 2 :]
