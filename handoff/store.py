"""What the desk remembers, as a port. A change is guarded: it happens only from the state it is meant for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from handoff.offer import TransferOffer, WrapUp
from handoff.presence import AgentStatus, Presence

Unplaced: TypeAlias = Literal["declined", "no_answer", "no_agent", "failed"]
"""Why an offer ended with nobody."""
Talked: TypeAlias = Literal["connected", "agent_left", "bridge_failed"]
"""How a conversation with a human ended."""


class DeskStore(Protocol):
    """Offers and agents, of several desks. `now` is timezone-aware UTC.

    A guarded change answers False when the state was another, and changes nothing then. Whatever desks do at
    the same time: an agent holds one customer at most, and a customer has one agent at most.
    """

    async def start_over(self, desk: str, now: datetime) -> None:
        """After a restart nobody is connected to this desk: its agents go offline, its open offers fail, its
        open wrap-ups are done."""
        ...

    async def sign_in(self, agent: AgentStatus, now: datetime) -> AgentStatus:
        """Connect the agent to `agent.desk` with the given presence; what they hold at another desk fails.

        A customer whom they hold at this very desk keeps them busy. Stored skills stand; `agent.skills` are
        those of an agent who is new. Returns the agent as stored.
        """
        ...

    async def equip(self, agent_id: str, skills: Mapping[str, int], capacity: int) -> bool:
        """What an agent can do; False for nobody of that id."""
        ...

    async def sign_out(self, agent_id: str, desk: str, now: datetime) -> None:
        """The agent's connection to this desk is gone: offline. What rings there can be offered again."""
        ...

    async def agents(self) -> Sequence[AgentStatus]:
        """Everybody who ever signed in."""
        ...

    async def choose_presence(self, agent_id: str, presence: Presence, now: datetime, reason: str = "") -> bool:
        """An agent's own choice, within `may_choose`."""
        ...

    async def open(self, offer: TransferOffer, now: datetime, *, desk: str = "", sla_s: float = 0.0) -> None:
        """→ offered. What is still open for the same customer is over and fails."""
        ...

    async def escalate(self, offer_id: str, level: int, now: datetime) -> bool:
        """Note that the wait has reached this level, once; level 2 is late and raises an alarm."""
        ...

    async def ring(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        """offered → ringing, and an agent who may be rung → ringing."""
        ...

    async def accept(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        """ringing at this agent → accepted; exactly one accept of an offer is ever True."""
        ...

    async def take(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        """offered → accepted without ringing: a supervisor takes the call over."""
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

    async def end(self, offer_id: str, now: datetime, result: Talked = "connected") -> bool:
        """connected → wrap_up, and the agent with it."""
        ...

    async def finish(self, offer_id: str, form: WrapUp, now: datetime) -> bool:
        """wrap_up → done with the form; the agent is available again."""
        ...

    async def amend(self, offer_id: str, agent_id: str, form: WrapUp) -> bool:
        """A form that came after its offer was done; only from the agent who had it."""
        ...
