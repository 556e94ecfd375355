"""The desk as a conversation sees it: place a customer with a human, bridge, wait for the wrap-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from handoff.bridge import AudioEnd, Bridged
from handoff.offer import Brief, Line, TransferOffer, WrapUp
from handoff.telephone import Bell


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An agent accepted and is on the audio path."""

    offer_id: str
    agent_id: str
    agent_name: str
    by_telephone: bool = False
    """Their own telephone was answered and waits: the switch carries the sound, not the desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPlaced:
    """Nobody took the customer. The bot goes on."""

    offer_id: str
    result: Literal["declined", "no_answer", "no_agent", "bridge_failed"]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneDown:
    """The agent hung their own telephone up."""


class Desk(Protocol):
    """Where humans take over."""

    async def place(self, offer: TransferOffer, telephone: Bell | None = None) -> Placed | NotPlaced:
        """Ring agents by skill and longest idle until one accepts and connects, or nobody is left.

        Agents who talk on their own telephone accept on the screen; then `telephone` rings. Without one they
        are not asked. Cancelling it abandons the offer.
        """
        ...

    async def tell(self, offer_id: str, news: Brief | Line | TelephoneDown) -> None:
        """A better brief, or what was just said: for the screen of whoever has the offer. Never waits.

        `TelephoneDown` ends the bridge as the agent's own hanging up does.
        """
        ...

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        """Carry audio both ways until one side leaves.

        With `by_telephone` nothing is sent, and `callee` is only waited for: to be heard from no more.
        """
        ...

    async def wrap_up(self, placed: Placed, timeout_s: float) -> WrapUp:
        """What the agent wrote down; an empty form after the timeout."""
        ...
