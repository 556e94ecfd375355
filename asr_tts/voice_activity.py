"""Is somebody speaking? One model for all calls, and the pure rule that turns scores into segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from asr_tts.audio import Pcm

WINDOW = 256
"""Samples of one scored window at 8 kHz: 32 ms."""


@dataclass(slots=True, eq=False)
class VoiceState:
    """What the model remembers of one stream between windows. Opaque to callers."""

    memory: NDArray[np.float32]
    context: NDArray[np.float32]


class VoiceActivity(Protocol):
    """Scores windows of many calls in one batch. Synchronous; called from the media ticker."""

    def start(self) -> VoiceState:
        """Fresh state for one stream."""
        ...

    def score(self, states: Sequence[VoiceState], windows: Sequence[Pcm]) -> list[float]:
        """Probability of speech, 0..1, for one `WINDOW` of each stream; advances the states in place."""
        ...
