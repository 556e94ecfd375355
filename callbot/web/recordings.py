"""Files of a call below the data directory: its sound, the outline of that, and its event log."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from callbot.web.shapes.calls import CallEvent
from callbot.web.shapes.reviews import PeaksOut

_POINTS: Final = 1_500
"""As fine as the widest screen shows."""


def below(data: Path, name: str) -> Path | None:
    """The file of a name, None when there is none or when the name leads out of the data directory."""
    path = (data / name).resolve()
    return path if name and path.is_relative_to(data.resolve()) and path.is_file() else None


def event_lines(path: Path) -> Iterator[CallEvent]:
    """The lines of an event log; the last one may still be being written."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            yield CallEvent(at_ms=value.pop("at_ms", 0), event=value.pop("event", ""), data=value)


def peaks(path: Path) -> PeaksOut:
    """The outline of a two-channel recording. Raises `OSError` or `wave.Error` for a file that is none."""
    with wave.open(str(path)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, channels)
    step = max(1, -(-len(samples) // _POINTS))
    padded = np.zeros((-(-len(samples) // step) * step, channels), dtype=np.int32)
    padded[: len(samples)] = np.abs(samples.astype(np.int32))
    loudest = np.round(padded.reshape(-1, step, channels).max(axis=1) / 32_768, 3)
    return PeaksOut(
        duration_ms=round(len(samples) * 1000 / rate),
        callee=loudest[:, 0].tolist(),
        bot=loudest[:, -1].tolist(),
    )
