"""What a simulated agent says and when: recorded lines, one after each time the customer spoke and paused.

A pure rule on frames of 20 ms; the agent's own ticks are its clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handoff.bridge import Frame

FRAME: Final = 160
"""Samples of a frame at 8 kHz."""
_SILENCE: Final = np.zeros(FRAME, dtype=np.int16)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptOptions:
    """Levels in RMS of 16-bit samples, lengths in frames of 20 ms."""

    loud: float = 400.0
    """A frame at or above it is the customer speaking: about −38 dBov, over line noise."""
    speech_frames: int = 8
    """So many loud frames make an utterance; fewer are a click."""
    pause_frames: int = 35
    """So many quiet frames end it: 700 ms."""
    patience_frames: int = 300
    """After 6 s of silence the agent goes on with the next line."""


class AgentScript:
    """Feed one heard frame (or None) a tick, get the frame to send; None when all is said."""

    def __init__(self, lines: Sequence[Frame], options: ScriptOptions | None = None) -> None:
        """`lines`: whole recordings at 8 kHz, the greeting first, the goodbye last."""
        self._lines = list(lines)
        self._options = options or ScriptOptions()
        self._line = 0
        self._at = 0
        self._loud = 0
        self._quiet = 0

    @property
    def lines_said(self) -> int:
        return self._line

    def tick(self, heard: Frame | None) -> Frame | None:
        """20 ms pass."""
        if self._line >= len(self._lines):
            return None
        if self._at:
            return self._next_frame()
        if self._line == 0 or self._customer_is_done(heard):
            self._loud = self._quiet = 0
            return self._next_frame()
        return _SILENCE

    def _next_frame(self) -> Frame:
        line = self._lines[self._line]
        frame = line[self._at : self._at + FRAME]
        self._at += FRAME
        if self._at >= len(line):
            self._line += 1
            self._at = 0
        return np.pad(frame, (0, FRAME - len(frame)))

    def _customer_is_done(self, heard: Frame | None) -> bool:
        """They spoke and paused, or stayed silent for too long."""
        options = self._options
        if heard is not None and _rms(heard) >= options.loud:
            self._loud += 1
            self._quiet = 0
            return False
        self._quiet += 1
        if self._loud >= options.speech_frames and self._quiet >= options.pause_frames:
            return True
        return self._quiet >= options.patience_frames


def _rms(frame: Frame) -> float:
    return float(np.sqrt(np.mean(frame.astype(np.float64) ** 2)))
