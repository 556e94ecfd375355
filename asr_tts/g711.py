"""G.711, the telephone's eight bits: μ-law and A-law by table, bit-exact with ITU-T G.191.

Whole arrays are coded by one look-up: 256 entries to decode, 65,536 to encode.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr_tts.audio import Pcm

ULAW_SILENCE: Final = 0xFF
"""The μ-law byte of a zero sample; 0x00 is full scale."""
ALAW_SILENCE: Final = 0xD5
"""The A-law byte of the smallest sample; 0x00 is not silence."""

_BIAS: Final = 0x21
_CLIP: Final = 8159


def decode_ulaw(payload: bytes) -> Pcm:
    """One 16-bit sample for each byte."""
    return _ULAW_TO_PCM[np.frombuffer(payload, dtype=np.uint8)]


def encode_ulaw(samples: Pcm) -> bytes:
    """One byte for each 16-bit sample."""
    return _PCM_TO_ULAW[samples.view(np.uint16)].tobytes()


def decode_alaw(payload: bytes) -> Pcm:
    """One 16-bit sample for each byte."""
    return _ALAW_TO_PCM[np.frombuffer(payload, dtype=np.uint8)]


def encode_alaw(samples: Pcm) -> bytes:
    """One byte for each 16-bit sample."""
    return _PCM_TO_ALAW[samples.view(np.uint16)].tobytes()


def _ulaw_decoding() -> Pcm:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    decoded: Pcm = np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)
    return decoded


def _ulaw_encoding() -> NDArray[np.uint8]:
    sample = _every_sample() >> 2
    mask = np.where(sample < 0, 0x7F, 0xFF)
    value = np.minimum(np.abs(sample), _CLIP) + _BIAS
    segment = np.searchsorted([0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF], value)
    coded = (segment << 4) | ((value >> (segment + 1)) & 0x0F)
    # the clip plus the bias lies one above the last segment
    return (np.where(segment >= 8, 0x7F, coded) ^ mask).astype(np.uint8)


def _alaw_decoding() -> Pcm:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment = (code & 0x70) >> 4
    low = ((code & 0x0F) << 4) + np.where(segment == 0, 8, 0x108)
    magnitude = low << np.maximum(segment - 1, 0)
    decoded: Pcm = np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)
    return decoded


def _alaw_encoding() -> NDArray[np.uint8]:
    sample = _every_sample() >> 3
    mask = np.where(sample < 0, 0x55, 0xD5)
    value = np.where(sample < 0, -sample - 1, sample)
    segment = np.searchsorted([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF], value)
    coded = (segment << 4) | ((value >> np.maximum(segment, 1)) & 0x0F)
    return (np.where(segment >= 8, 0x7F, coded) ^ mask).astype(np.uint8)


def _every_sample() -> NDArray[np.int32]:
    """All 16-bit samples in the order of their unsigned bit patterns."""
    return np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)


_ULAW_TO_PCM: Final = _ulaw_decoding()
_PCM_TO_ULAW: Final = _ulaw_encoding()
_ALAW_TO_PCM: Final = _alaw_decoding()
_PCM_TO_ALAW: Final = _alaw_encoding()
