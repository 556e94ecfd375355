"""Changing the sampling rate of a live stream without jumps at the seams.

A polyphase filter that keeps its past between chunks. Coefficients are multiples of 2⁻²⁰, so every sum is exact
in double precision and the output does not depend on how the stream was cut.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from asr_tts.audio import Audio, Pcm

_HALF_WIDTH: Final = 16
"""Zero crossings of the sinc on each side, in samples of the lower rate: 2 ms of delay at 8 kHz."""
_CUTOFF: Final = 0.95
"""Of the lower rate's Nyquist frequency: passes 3.3 kHz, stops 4.25 kHz on a telephone line."""
_KAISER_BETA: Final = 5.65
"""About 60 dB of stop band."""
_STEP: Final = 2.0**-20
_BLOCK: Final = 8_192
"""Samples filtered at once; bounds memory for long recordings."""


class Resampler:
    """One stream from `from_rate` to `to_rate`, in samples per second; any ratio of whole numbers.

    After n samples in, exactly ceil(n * to_rate / from_rate) samples have come out: 20 ms in, 20 ms out. The
    sound itself is `delay_ms` late.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        if from_rate <= 0 or to_rate <= 0:
            raise ValueError(f"sampling rates are positive, not {from_rate} and {to_rate}")
        divisor = gcd(from_rate, to_rate)
        self._up = to_rate // divisor
        self._down = from_rate // divisor
        self._bank = _filter_bank(self._up, self._down)
        self.delay_ms: Final = 1000 * _HALF_WIDTH / min(from_rate, to_rate) if from_rate != to_rate else 0.0
        self.reset()

    def reset(self) -> None:
        """Forget the past, as after a cleared playback."""
        self._history = np.zeros(self._bank.shape[1] - 1, dtype=np.float64)
        self._phase = 0
        """Distance from the next input sample to the next output sample, in steps of the common rate."""

    def process(self, samples: Pcm) -> Pcm:
        """The output that belongs to these samples."""
        if self._up == self._down:
            return samples
        blocks = [self._block(samples[at : at + _BLOCK]) for at in range(0, len(samples), _BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int16)

    def _block(self, samples: Pcm) -> Pcm:
        line = np.concatenate((self._history, samples))
        self._history = line[len(samples) :]
        windows = sliding_window_view(line, self._bank.shape[1])
        if self._down == 1:
            filtered = (windows @ self._bank.T).ravel()
        else:
            positions = np.arange(self._phase, len(samples) * self._up, self._down)
            rows, phases = np.divmod(positions, self._up)
            self._phase += len(positions) * self._down - len(samples) * self._up
            if self._up == 1:
                filtered = windows[rows] @ self._bank[0]
            else:
                filtered = np.einsum("ij,ij->i", windows[rows], self._bank[phases])
        return np.clip(np.rint(filtered), -32_768, 32_767).astype(np.int16)


def resample(audio: Audio, rate: int) -> Audio:
    """A whole recording at another rate, in time with the original."""
    if audio.rate == rate:
        return audio
    resampler = Resampler(audio.rate, rate)
    late = round(resampler.delay_ms * rate / 1000)
    length = -(-len(audio.samples) * rate // audio.rate)
    tail = np.zeros(-(-(late + 1) * audio.rate // rate), dtype=np.int16)
    samples = resampler.process(np.concatenate((audio.samples, tail)))
    return Audio(samples[late : late + length], rate)


@lru_cache(maxsize=32)
def _filter_bank(up: int, down: int) -> NDArray[np.float64]:
    """[phase, tap] of a windowed sinc, taps from the oldest sample to the newest."""
    widest = max(up, down)
    half = _HALF_WIDTH * widest
    taps = -(-(2 * half + 1) // up)
    steps = np.arange(taps * up) - half
    prototype = np.sinc(_CUTOFF * steps / widest)
    window = np.zeros(taps * up)
    window[: 2 * half + 1] = np.kaiser(2 * half + 1, _KAISER_BETA)
    bank = (prototype * window).reshape(taps, up).T
    bank /= bank.sum(axis=1, keepdims=True)
    bank = np.rint(bank / _STEP) * _STEP
    return np.ascontiguousarray(bank[:, ::-1])
