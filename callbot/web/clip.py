"""A few seconds of a recording, one side of it, while the call may still be going on."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np

_AROUND_MS = 300
_LONGEST_MS = 15_000


def clip(recording: Path, start_ms: int, end_ms: int) -> bytes | None:
    """The customer's side from `start_ms` to `end_ms` as a mono WAV; None where nothing is recorded there.

    A little is heard before and after; at most 15 s.
    """
    try:
        with wave.open(str(recording), "rb") as source:
            rate, channels = source.getframerate(), source.getnchannels()
            if source.getsampwidth() != 2:
                return None
            begin = max(0, start_ms - _AROUND_MS) * rate // 1000
            length = min(_LONGEST_MS, end_ms + _AROUND_MS - max(0, start_ms - _AROUND_MS)) * rate // 1000
            if begin >= source.getnframes() or length <= 0:
                return None
            source.setpos(begin)
            sound = np.frombuffer(source.readframes(length), dtype="<i2")
    except (OSError, EOFError, wave.Error):
        return None
    side = sound[: len(sound) // channels * channels].reshape(-1, channels)[:, 0]
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setparams((1, 2, rate, 0, "NONE", ""))
        target.writeframes(np.ascontiguousarray(side).tobytes())
    return file.getvalue()
