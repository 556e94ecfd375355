"""Who is there and who is asked next. Pure rules on values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final


class Presence(StrEnum):
    """What an agent is doing. Only an available one is rung."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    RINGING = "ringing"
    BUSY = "busy"
    WRAP_UP = "wrap_up"
    BREAK = "break"


MOVES: Final[Mapping[Presence, frozenset[Presence]]] = {
    Presence.OFFLINE: frozenset({Presence.AVAILABLE, Presence.BREAK}),
    Presence.AVAILABLE: frozenset({Presence.RINGING, Presence.BREAK, Presence.OFFLINE}),
    # a declined or withdrawn ring leads back; a missed one to the break, so that nobody rings an empty chair
    Presence.RINGING: frozenset({Presence.BUSY, Presence.AVAILABLE, Presence.BREAK, Presence.OFFLINE}),
    # back to available without wrap-up only when the customer was lost before they were connected
    Presence.BUSY: frozenset({Presence.WRAP_UP, Presence.AVAILABLE, Presence.OFFLINE}),
    Presence.WRAP_UP: frozenset({Presence.AVAILABLE, Presence.BREAK, Presence.OFFLINE}),
    Presence.BREAK: frozenset({Presence.AVAILABLE, Presence.OFFLINE}),
}
"""Every legal move."""

CHOSEN: Final = frozenset({Presence.AVAILABLE, Presence.BREAK})
"""What agents choose themselves; the rest follows from their calls."""

CHOOSABLE_FROM: Final = frozenset({Presence.OFFLINE, Presence.AVAILABLE, Presence.BREAK, Presence.WRAP_UP})
"""Where agents may choose: not while a customer rings or talks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """An agent as routing sees them."""

    id: str
    name: str
    skills: Mapping[str, int] = field(default_factory=dict)
    """Skill → level 1..5."""
    presence: Presence = Presence.OFFLINE
    idle_since: datetime | None = None
    """Since when they have been available, UTC."""


def may_move(before: Presence, after: Presence) -> bool:
    """Whether the move is legal."""
    return after in MOVES[before]


def may_choose(before: Presence, after: Presence) -> bool:
    """Whether an agent may set this presence themselves; setting what already is, is no move."""
    return after in CHOSEN and before in CHOOSABLE_FROM and (before is after or may_move(before, after))


def next_agent(
    agents: Iterable[AgentStatus], skill: str, *, own: str = "", passed_over: Collection[str] = ()
) -> AgentStatus | None:
    """Who is rung next: the customer's own agent, else the longest idle with the skill, the abler one on a tie.

    `own` is the id of the customer's own agent, who needs no skill; `passed_over` are ids already asked.
    """
    able = [
        agent
        for agent in agents
        if agent.presence is Presence.AVAILABLE
        and agent.id not in passed_over
        and (agent.id == own or agent.skills.get(skill, 0) > 0)
    ]
    return min(
        able,
        key=lambda agent: (agent.id != own, agent.idle_since or _NEVER, -agent.skills.get(skill, 0), agent.id),
        default=None,
    )


_NEVER: Final = datetime.max.replace(tzinfo=UTC)
