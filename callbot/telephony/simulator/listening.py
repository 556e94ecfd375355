"""How a simulated callee hears: by the loudness of what was played, and by nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np

from asr_tts.audio import FRAME_MS, Pcm

TURN_END_MS: Final = 700
"""Silence after which the other side's turn is over."""
TURN_BEGIN_MS: Final = 200
"""Less sound than this within one turn is a click or a breath, no turn."""
LOUD_DBOV: Final = -45.0
"""A frame above this carries sound; comfort noise lies 10 dB and more below."""


class Heard(StrEnum):
    """What changed with this frame."""

    TURN_BEGAN = "turn_began"
    TURN_ENDED = "turn_ended"


class Listener:
    """Follows the other side's turns, clocked by frames of 20 ms. No I/O."""

    def __init__(self) -> None:
        self.now_ms = 0
        """End of the last frame."""
        self.turn = 0
        """Number of the turn that is going on or was the last."""
        self.in_turn = False
        self.began_ms = 0
        """Where the sound of that turn began."""
        self.sounded_ms = 0
        """Where sound was last heard."""
        self._voiced_ms = 0

    @property
    def silent_ms(self) -> int:
        return self.now_ms - self.sounded_ms

    def hear(self, frame: Pcm) -> Heard | None:
        """Take the next 20 ms."""
        start, self.now_ms = self.now_ms, self.now_ms + FRAME_MS
        if loudness_dbov(frame) > LOUD_DBOV:
            if self._voiced_ms == 0:
                self.began_ms = start
            self.sounded_ms = self.now_ms
            self._voiced_ms += FRAME_MS
            if not self.in_turn and self._voiced_ms >= TURN_BEGIN_MS:
                self.in_turn = True
                self.turn += 1
                return Heard.TURN_BEGAN
        elif self.silent_ms >= TURN_END_MS:
            self._voiced_ms = 0
            if self.in_turn:
                self.in_turn = False
                return Heard.TURN_ENDED
        return None

    def forget(self) -> None:
        """Let go of the turn that is going on: it will not be answered."""
        self.in_turn = False
        self._voiced_ms = 0

    def continue_last(self) -> None:
        """The turn that just began is the rest of the one before."""
        self.turn -= 1


def loudness_dbov(frame: Pcm) -> float:
    """RMS in dB against a full-scale square wave; digital silence is −100."""
    rms = float(np.sqrt(np.mean(np.square(frame.astype(np.float64))))) if len(frame) else 0.0
    return 20 * float(np.log10(rms / 32_768)) if rms > 0.33 else -100.0
