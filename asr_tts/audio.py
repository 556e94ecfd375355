"""Sound as values: mono 16-bit samples with their rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pcm: TypeAlias = NDArray[np.int16]
"""Mono signed 16-bit samples."""

LINE_RATE = 8_000
"""Samples per second on the telephone line."""
HEARING_RATE = 16_000
"""Samples per second that recognisers expect."""
FRAME_MS = 20
"""Length of one telephone frame in milliseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """A stretch of mono sound."""

    samples: Pcm
    rate: int

    @property
    def duration_ms(self) -> int:
        """Whole milliseconds, rounded down."""
        return len(self.samples) * 1000 // self.rate
