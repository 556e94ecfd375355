"""The streams of one call: a callee whom the carrier moves to a human and back comes over one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from callbot.telephony.callee_end import CalleeEnd
from callbot.telephony.inbound import InboundClock


class Seated(Protocol):
    """The call."""

    @property
    def seat(self) -> Seat:
        """The stream that counts now."""
        ...

    def receive(self, message: str | bytes) -> None: ...

    def lost(self) -> None: ...


class Seat:
    """One stream of a call. Only what comes over the last of them counts."""

    def __init__(self, line: Seated) -> None:
        self._line = line

    def receive(self, message: str | bytes) -> None:
        """One message of the carrier."""
        if self._line.seat is self:
            self._line.receive(message)

    def lost(self) -> None:
        """The socket is gone."""
        if self._line.seat is self:
            self._line.lost()


@dataclass(frozen=True, slots=True)
class Away:
    """The callee is in a room of the carrier with a human."""

    clock: InboundClock
    """Of the human's sound."""
    human: CalleeEnd = field(default_factory=CalleeEnd)
    """What the human says is received here; None once the callee is back, or the call over."""
