"""What a customer on hold hears: two soft notes every four seconds. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from handoff.bridge import Frame
from handoff.frames import FRAME

_RATE: Final = 8_000
_PERIOD: Final = 200
"""Frames from one sign of life to the next: 4 s."""
_NOTES: Final = ((523.25, 0.0), (659.26, 0.35))
"""Hz and the second it begins at."""
_LOUD: Final = 1_600.0
"""About −26 dBov: quieter than speech."""
_DECAY_S: Final = 0.25


@lru_cache(maxsize=1)
def _period() -> Frame:
    at = np.arange(_PERIOD * FRAME) / _RATE
    wave = np.zeros(len(at))
    for pitch, begin in _NOTES:
        since = np.maximum(at - begin, 0.0)
        wave += (at >= begin) * np.sin(2 * np.pi * pitch * since) * np.exp(-since / _DECAY_S)
    return (wave * _LOUD).astype(np.int16)


def hold_frame(tick: int) -> Frame:
    """The frame that is due `tick` frames into the hold."""
    begin = tick % _PERIOD * FRAME
    return _period()[begin : begin + FRAME]
