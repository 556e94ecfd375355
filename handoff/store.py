"""What the desk remembers, as a port. A change is guarded: it happens only from the state it is meant for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from handoff.offer import TransferOffer, WrapUp
from handoff.presence import AgentStatus, Presence

Unplaced: TypeAlias = Literal["declined", "no_answer", "no_agent", "failed"]
"""Why an offer ended with nobody."""


class DeskStore(Protocol):
    """Offers and agents. A guarded change answers False when the state was another, and changes nothing then.

    `now` is timezone-aware UTC.
    """

    async def start_over(self, now: datetime) -> None:
        """After a restart nobody is connected: agents go offline, open offers fail, open wrap-ups are done."""
        ...

    async def sign_in(self, agent: AgentStatus, now: datetime) -> None:
        """Write the agent with the given presence, whatever was there before."""
        ...

    async def sign_out(self, agent_id: str, now: datetime) -> None:
        """The agent's connection is gone: offline. An offer that rings there can be offered again."""
        ...

    async def agents(self) -> Sequence[AgentStatus]:
        """Everybody who ever signed in."""
        ...

    async def choose_presence(self, agent_id: str, presence: Presence, now: datetime) -> bool:
        """An agent's own choice, within `may_choose`."""
        ...

    async def open(self, offer: TransferOffer, now: datetime) -> None:
        """→ offered."""
        ...

    async def ring(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        """offered → ringing, and the agent available → ringing."""
        ...

    async def accept(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        """ringing at this agent → accepted; exactly one accept of an offer is ever True."""
        ...

    async def decline(self, offer_id: str, agent_id: str, reason: str, now: datetime) -> bool:
        """ringing at this agent → offered; the agent is available again."""
        ...

    async def miss(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        """ringing at this agent → offered; the agent is on a break."""
        ...

    async def connect(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        """accepted by this agent → connected."""
        ...

    async def give_up(self, offer_id: str, result: Unplaced, now: datetime) -> bool:
        """offered or accepted → the failure of that name; an agent who had accepted is available again."""
        ...

    async def abandon(self, offer_id: str, now: datetime) -> bool:
        """offered, ringing or accepted → abandoned: the customer left; the agent is available again."""
        ...

    async def end(self, offer_id: str, now: datetime) -> bool:
        """connected → wrap_up, and the agent with it."""
        ...

    async def finish(self, offer_id: str, form: WrapUp, now: datetime) -> bool:
        """wrap_up → done with the form; the agent is available again."""
        ...

    async def amend(self, offer_id: str, agent_id: str, form: WrapUp) -> bool:
        """A form that came after its offer was done; only from the agent who had it."""
        ...
