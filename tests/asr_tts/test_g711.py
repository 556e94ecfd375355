"""G.711 against the standard's own figures and the C implementation."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from asr_tts.g711 import ALAW_SILENCE, ULAW_SILENCE, decode_alaw, decode_ulaw, encode_alaw, encode_ulaw

EVERY_CODE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32_768, 32_768, dtype=np.int32).astype(np.int16)


@pytest.mark.parametrize(
    ("code", "sample"),
    [
        (0x00, -32_124),
        (0x7F, 0),
        (0x80, 32_124),
        (0xFF, 0),
        (0x8F, 16_764),
        (0x70, -120),
        (0xFE, 8),
        (0x7E, -8),
    ],
)
def test_ulaw_decodes_known_codes(code: int, sample: int) -> None:
    assert decode_ulaw(bytes([code])).tolist() == [sample]


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xD5, 8), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256), (0x80, 5_504), (0x00, -5_504)],
)
def test_alaw_decodes_known_codes(code: int, sample: int) -> None:
    assert decode_alaw(bytes([code])).tolist() == [sample]


@pytest.mark.parametrize(
    ("sample", "ulaw", "alaw"),
    [
        (32_767, 0x80, 0xAA),
        (32_635, 0x80, 0xAA),
        (-32_768, 0x00, 0x2A),
        (-32_636, 0x00, 0x2A),
        (0, 0xFF, 0xD5),
        (-1, 0x7E, 0x55),
        (1_000, 0xCE, 0xFA),
        (-1_000, 0x4E, 0x7A),
    ],
)
def test_encodes_known_samples_with_the_loudest_clipped(sample: int, ulaw: int, alaw: int) -> None:
    samples = np.array([sample], dtype=np.int16)
    assert encode_ulaw(samples) == bytes([ulaw])
    assert encode_alaw(samples) == bytes([alaw])


def test_every_code_survives_a_round_trip() -> None:
    assert encode_alaw(decode_alaw(EVERY_CODE)) == EVERY_CODE
    # 0x7F is minus zero, which comes back as plain zero
    assert encode_ulaw(decode_ulaw(EVERY_CODE)) == EVERY_CODE.replace(b"\x7f", b"\xff")


def test_silence_bytes_are_silent() -> None:
    assert abs(int(decode_ulaw(bytes([ULAW_SILENCE]))[0])) == 0
    assert abs(int(decode_alaw(bytes([ALAW_SILENCE]))[0])) <= 8


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the standard library has no audioop any more")
def test_bit_exact_with_audioop() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop

    pcm = EVERY_SAMPLE.astype("<i2").tobytes()
    assert encode_ulaw(EVERY_SAMPLE) == audioop.lin2ulaw(pcm, 2)
    assert encode_alaw(EVERY_SAMPLE) == audioop.lin2alaw(pcm, 2)
    assert decode_ulaw(EVERY_CODE).astype("<i2").tobytes() == audioop.ulaw2lin(EVERY_CODE, 2)
    assert decode_alaw(EVERY_CODE).astype("<i2").tobytes() == audioop.alaw2lin(EVERY_CODE, 2)
