"""8 kHz to 16 kHz and back, for a stream: a telephone line meets a browser's sound."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Sound: TypeAlias = NDArray[np.int16]

_TAPS: Final = 47
"""1.4 ms of delay at 16 kHz."""
_CUTOFF: Final = 3_600 / 16_000
_BETA: Final = 5.0
"""About 55 dB of stop band from 4.3 kHz."""


def _low_pass() -> NDArray[np.float32]:
    at = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = 2 * _CUTOFF * np.sinc(2 * _CUTOFF * at) * np.kaiser(_TAPS, _BETA)
    return np.asarray(taps / taps.sum(), dtype=np.float32)


_FILTER: Final = _low_pass()


class _Stream:
    """The filter with its past, so that frames join without a seam."""

    def __init__(self) -> None:
        self._past = np.zeros(_TAPS - 1, dtype=np.float32)

    def filtered(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        line = np.concatenate((self._past, samples))
        self._past = line[len(line) - (_TAPS - 1) :]
        return np.convolve(line, _FILTER, mode="valid").astype(np.float32)


class Doubler:
    """8 kHz in, twice as many samples of 16 kHz out."""

    def __init__(self) -> None:
        self._stream = _Stream()

    def process(self, samples: Sound) -> Sound:
        spread = np.zeros(2 * len(samples), dtype=np.float32)
        spread[::2] = samples * np.float32(2.0)
        return _int16(self._stream.filtered(spread))


class Halver:
    """16 kHz in, half as many samples of 8 kHz out; frames have an even number of samples."""

    def __init__(self) -> None:
        self._stream = _Stream()

    def process(self, samples: Sound) -> Sound:
        return _int16(self._stream.filtered(samples.astype(np.float32))[::2])


def _int16(samples: NDArray[np.float32]) -> Sound:
    return np.clip(np.rint(samples), -32_768, 32_767).astype(np.int16)
