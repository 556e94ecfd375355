"""The live two-way audio path between a callee and a human."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Frame: TypeAlias = NDArray[np.int16]
"""20 ms of mono sound at 8 kHz: 160 samples."""


class AudioEnd(Protocol):
    """One end of the path."""

    async def receive(self) -> Frame | None:
        """The next frame spoken at this end; None when it has left."""
        ...

    async def send(self, frame: Frame) -> None:
        """Let this end hear a frame. Never blocks for longer than a frame; late frames are dropped."""
        ...


class Nobody:
    """An end that has left already."""

    async def receive(self) -> Frame | None:
        return None

    async def send(self, frame: Frame) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged:
    """How a bridge ended."""

    ended_by: Literal["callee", "agent", "agent_left", "handed_back", "taken_over", "failed"]
    duration_ms: int
    error: str = ""
    note: str = ""
    """What the agent said when they handed the customer back."""
    taken_by: str = ""
    """The supervisor who took the call over."""
