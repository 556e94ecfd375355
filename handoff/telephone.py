"""An agent's own telephone, as a port: the switch that holds the customer's call rings it and joins the two."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from handoff.bridge import Frame

Rang: TypeAlias = Literal["answered", "busy", "no_answer", "failed"]
"""What became of ringing a telephone. `failed`: the switch did not ring it, or said nothing."""


class Bell(Protocol):
    """What the desk needs of it. For one customer; one telephone at a time."""

    async def ring(self, number: str, timeout_s: float) -> Rang:
        """Ring until it is answered; who answers waits. Cancelling stops the ringing. Never raises."""
        ...

    async def part(self) -> None:
        """Hang it up; returns when the bot can talk to the customer again, or they are gone too.

        Idempotent, and right at any time. Never raises.
        """
        ...


class Telephone(Bell, Protocol):
    """What the customer's call needs of it besides. The customer stays with the bot until `join`."""

    async def join(self) -> None:
        """Let the customer and whoever answered talk. Raises `TelephoneFailed`."""
        ...

    async def said(self) -> Frame | None:
        """The next 20 ms that the agent said, for recording and transcript; None once the telephone hung up."""
        ...


class TelephoneFailed(Exception):
    """The two cannot talk: the telephone hung up in between, or the switch did not do it."""
