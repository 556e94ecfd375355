"""Customers in line for a human: whose turn it is, and what a long wait leads to. Pure rules on values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from handoff.presence import AgentStatus, Presence, can_help, next_agent

_COMING: Final = frozenset({Presence.AVAILABLE, Presence.RINGING, Presence.BUSY, Presence.WRAP_UP})
"""Who is at work: available now, or after what they are doing."""
_WIDEN_AT: Final = 0.5
"""Of the promised time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One customer in line."""

    offer_id: str
    skill: str
    priority: int
    """Lower is more urgent."""
    since: float
    """Seconds of a monotonic clock."""
    own: str = ""
    escalation: int = 0
    passed_over: frozenset[str] = field(default_factory=frozenset)
    """Agents who were asked already."""


def escalation(waited_s: float, sla_s: float) -> int:
    """0: the skilled are asked. 1, from half of the promised time: everybody. 2, beyond it: supervisors too."""
    if waited_s >= sla_s:
        return 2
    return 1 if waited_s >= _WIDEN_AT * sla_s else 0


def matched(line: Iterable[Waiting], agents: Sequence[AgentStatus]) -> Mapping[str, str]:
    """Offer → agent to ring now. The most urgent chooses first, then whoever has waited longest."""
    free = {agent.id: agent for agent in agents}
    pairs: dict[str, str] = {}
    for one in sorted(line, key=lambda one: (one.priority, one.since, one.offer_id)):
        chosen = next_agent(
            free.values(), one.skill, own=one.own, passed_over=one.passed_over, escalation=one.escalation
        )
        if chosen is not None:
            pairs[one.offer_id] = chosen.id
            del free[chosen.id]
    return pairs


def skilled_at_work(one: Waiting, agents: Iterable[AgentStatus]) -> bool:
    """Whether anybody with the skill, or the customer's own agent, is at work and was not asked yet."""
    return any(
        agent.presence in _COMING
        and agent.id not in one.passed_over
        and can_help(agent, one.skill, own=one.own)
        for agent in agents
    )


def somebody_may_come(one: Waiting, agents: Iterable[AgentStatus]) -> bool:
    """Whether waiting makes sense: somebody at work who was not asked yet could help, now or later."""
    return any(
        agent.presence in _COMING
        and agent.id not in one.passed_over
        and can_help(agent, one.skill, own=one.own, escalation=2)
        for agent in agents
    )
