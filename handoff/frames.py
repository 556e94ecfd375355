"""Sound as binary messages: raw PCM of the line, or framed PCM with sequence and time for browsers."""

from __future__ import annotations

import struct
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np

from handoff.bridge import Frame
from handoff.half_rate import Doubler, Halver
from handoff.messages import BadMessage

FRAME: Final = 160
"""Samples of 20 ms at 8 kHz."""
RAW_BYTES: Final = 2 * FRAME
HEADER: Final = struct.Struct("<BBHI")
"""Version, flags, sequence, number of the first sample at 16 kHz."""
VERSION: Final = 1
STEREO: Final = 1
WIDE: Final = 2 * FRAME
"""Samples of 20 ms at 16 kHz."""
WIDE_BYTES: Final = 2 * WIDE
SILENCE: Final = np.zeros(FRAME, dtype=np.int16)
SILENCE.setflags(write=False)
_RISE: Final = np.linspace(0.0, 1.0, FRAME)

SoundName: TypeAlias = Literal["raw", "framed"]


class Sound(Protocol):
    """How one connection writes sound; it has a past, so each connection has its own."""

    def encode(self, frame: Frame) -> bytes:
        """One frame of 20 ms at 8 kHz as a message."""
        ...

    def decode(self, payload: bytes) -> list[Frame]:
        """The frames of 20 ms at 8 kHz that a message completes. Raises `BadMessage`."""
        ...


def sound(name: SoundName) -> Sound:
    """The sound of that name."""
    return RawSound() if name == "raw" else FramedSound()


class RawSound(Sound):
    """16-bit little-endian PCM at 8 kHz in pieces of any length."""

    def __init__(self) -> None:
        self._rest = b""

    def encode(self, frame: Frame) -> bytes:
        return frame.astype("<i2", copy=False).tobytes()

    def decode(self, payload: bytes) -> list[Frame]:
        line = self._rest + payload
        whole = len(line) - len(line) % RAW_BYTES
        self._rest = line[whole:]
        return [_pcm(line[at : at + RAW_BYTES]) for at in range(0, whole, RAW_BYTES)]


class FramedSound(Sound):
    """A header, then 20 ms at 16 kHz."""

    def __init__(self) -> None:
        self._doubler = Doubler()
        self._halver = Halver()
        self._sequence = 0
        self._expected: int | None = None
        self.lost = 0
        """Frames of the other side that never came."""

    def encode(self, frame: Frame) -> bytes:
        return self._header(0) + self._doubler.process(frame).astype("<i2", copy=False).tobytes()

    def decode(self, payload: bytes) -> list[Frame]:
        if len(payload) != HEADER.size + WIDE_BYTES:
            raise BadMessage(f"sound: a frame has {HEADER.size + WIDE_BYTES} bytes, this one {len(payload)}")
        version, flags, sequence, _ = HEADER.unpack_from(payload)
        if version != VERSION or flags:
            raise BadMessage(f"sound: version {VERSION} without flags is read, this is {version} with {flags}")
        if self._expected is not None:
            missed = (sequence - self._expected) & 0xFFFF
            self.lost += missed if missed < 0x8000 else 0
        self._expected = (sequence + 1) & 0xFFFF
        return [self._halver.process(_pcm(payload[HEADER.size :]))]

    def _header(self, flags: int) -> bytes:
        sequence = self._sequence
        self._sequence += 1
        return HEADER.pack(VERSION, flags, sequence & 0xFFFF, (sequence * WIDE) & 0xFFFFFFFF)


class StereoSound:
    """What a listening supervisor gets: left the customer, right who talks to them."""

    def __init__(self) -> None:
        self._left = Doubler()
        self._right = Doubler()
        self._sequence = 0

    def encode(self, left: Frame, right: Frame) -> bytes:
        pairs = np.empty(2 * WIDE, dtype="<i2")
        pairs[::2] = self._left.process(left)
        pairs[1::2] = self._right.process(right)
        header = HEADER.pack(VERSION, STEREO, self._sequence & 0xFFFF, (self._sequence * WIDE) & 0xFFFFFFFF)
        self._sequence += 1
        return header + pairs.tobytes()


def mixed(*frames: Frame | None) -> Frame:
    """All that is there at once; silence of nobody."""
    there = [frame for frame in frames if frame is not None]
    if not there:
        return SILENCE
    if len(there) == 1:
        return there[0]
    total = np.sum(np.stack(there), axis=0, dtype=np.int32)
    return np.clip(total, -32_768, 32_767).astype(np.int16)


def blended(first: Frame, second: Frame) -> Frame:
    """Two frames in the time of one: the first fades out while the second fades in, so that no edge clicks."""
    return (first * (1 - _RISE) + second * _RISE).astype(np.int16)


def level(frame: Frame | None) -> int:
    """dBov of a frame, −90 for silence: 20·log10 of RMS over full scale."""
    if frame is None or not len(frame):
        return -90
    power = float(np.mean(np.square(frame, dtype=np.float64)))
    return max(-90, round(10 * np.log10(power / 32_768.0**2))) if power else -90


def _pcm(payload: bytes) -> Frame:
    return np.frombuffer(payload, dtype="<i2").astype(np.int16)
