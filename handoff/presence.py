"""Who is there and who is asked next. Pure rules on values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

BREAK_REASONS: Final = ("用餐", "培训", "会议", "休息")
"""What the screen offers; another text is as good."""
MISSED: Final = "未接来电"
"""The reason of a break that a missed ring led to."""
SUPERVISOR: Final = "supervisor"
"""The skill of those who are asked only when the promised time is over."""


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
    reason: str = ""
    """Of a break."""
    since: datetime | None = None
    """Since when they have been in this presence, UTC."""
    idle_since: datetime | None = None
    """Since when they have been available, UTC."""
    capacity: int = 1
    """Customers at once. One talks at a time: with 2 the next one may ring while the last form is written."""
    desk: str = ""
    """The desk they are connected to."""


def may_move(before: Presence, after: Presence) -> bool:
    """Whether the move is legal."""
    return after in MOVES[before]


def may_choose(before: Presence, after: Presence) -> bool:
    """Whether an agent may set this presence themselves; setting what already is, is no move."""
    return after in CHOSEN and before in CHOOSABLE_FROM and (before is after or may_move(before, after))


def may_ring(agent: AgentStatus) -> bool:
    """Whether a customer may ring there now."""
    return agent.presence is Presence.AVAILABLE or (agent.presence is Presence.WRAP_UP and agent.capacity > 1)


def is_own(agent: AgentStatus, own: str) -> bool:
    """Whether `own`, an agent's id or the name in the customer list, means this agent."""
    return own != "" and own in (agent.id, agent.name)


def can_help(agent: AgentStatus, skill: str, *, own: str = "", escalation: int = 0) -> bool:
    """Whether this agent may be asked for such a customer at all.

    The customer's own agent needs no skill. At escalation 1 every skill will do, at 2 supervisors come as well.
    """
    if is_own(agent, own) or agent.skills.get(skill, 0) > 0:
        return True
    if escalation >= 1 and any(level > 0 for name, level in agent.skills.items() if name != SUPERVISOR):
        return True
    return escalation >= 2 and agent.skills.get(SUPERVISOR, 0) > 0


def next_agent(
    agents: Iterable[AgentStatus],
    skill: str,
    *,
    own: str = "",
    passed_over: Collection[str] = (),
    escalation: int = 0,
) -> AgentStatus | None:
    """Who is rung next: the customer's own agent, else the longest idle with the skill, the abler one on a tie.

    `own` names the customer's own agent; `passed_over` are ids already asked (R196).
    """
    able = [
        agent
        for agent in agents
        if may_ring(agent)
        and agent.id not in passed_over
        and can_help(agent, skill, own=own, escalation=escalation)
    ]
    return min(
        able,
        key=lambda agent: (
            not is_own(agent, own),
            not agent.skills.get(skill, 0),
            agent.idle_since or _NEVER,
            -agent.skills.get(skill, 0),
            agent.id,
        ),
        default=None,
    )


_NEVER: Final = datetime.max.replace(tzinfo=UTC)
