"""How many calls may be under way, so that whoever asks for a human finds one.

A live call turns into a customer for the desk with a certain probability. It is measured on the latest calls
and taken at its upper bound, so that few calls or none mean caution. Agents bound the calls whose skills are
staffed; where nobody is signed in for a skill, what may still be promised as a call-back bounds them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handoff.presence import Presence

RECENT_CALLS = 500
"""The transfer rate is measured on so many of the latest answered calls."""
_PRIOR_CALLS = 20
_PRIOR_TRANSFERS = 2.0
"""What is assumed before anything is measured: two transfers in twenty calls."""
_Z = 1.2816
"""One-sided 90 %."""
_FREE_SOON = 0.25
"""Share of the agents who talk now and will be free when a call dialled now asks for a human: about one minute
from the dial to the wish, about four minutes for a transferred conversation."""
COMPLAINT = "complaint"
_NAMES: Mapping[str, str] = {COMPLAINT: "投诉", "care": "关怀", "sales": "销售", "general": "综合"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """What a supervisor may set; part of the policy."""

    callback_slots: int = 200
    """Call-backs by humans that may be owed at the same time while nobody is signed in to take transfers."""
    stop_without_agents: bool = False
    """Place no call while nobody is signed in, instead of promising call-backs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A human agent who is signed in."""

    presence: str
    skills: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSeen:
    """The desk at one moment, as the store knows it."""

    seats: tuple[Seat, ...] = ()
    calls: int = 0
    """Answered calls among the latest, `RECENT_CALLS` at most."""
    transfers: Mapping[str, int] = field(default_factory=dict)
    """How many of them asked for a human, by the skill that was needed."""
    owed: int = 0
    """Call-backs that humans owe."""

    def as_json(self) -> dict[str, Any]:
        return {
            "seats": [[seat.presence, sorted(seat.skills)] for seat in self.seats],
            "calls": self.calls,
            "transfers": dict(self.transfers),
            "owed": self.owed,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DeskSeen:
        return cls(
            seats=tuple(
                Seat(presence=presence, skills=frozenset(skills)) for presence, skills in value["seats"]
            ),
            calls=value["calls"],
            transfers=value["transfers"],
            owed=value["owed"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many calls may be under way that no human has taken yet."""

    in_flight: int
    because: str
    """One line, zh-CN."""


def upper_rate(transfers: int, calls: int) -> float:
    """The share of live calls that ask for a human, at most, with 90 % confidence (Wilson's bound on the prior
    plus what was seen)."""
    count = calls + _PRIOR_CALLS
    share = min(1.0, (transfers + _PRIOR_TRANSFERS) / count)
    centre = share + _Z**2 / (2 * count)
    spread = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return min(1.0, (centre + spread) / (1 + _Z**2 / count))


def pace(seen: DeskSeen, pacing: Pacing, lines: int, skills: frozenset[str]) -> Pace:
    """How many calls the desk can absorb, up to `lines`.

    `skills` are all that a transfer may need. A bound below one call is raised to one as long as somebody is
    signed in who takes transfers, so that a small desk is used at all.
    """
    present = [seat for seat in seen.seats if seat.presence not in (Presence.OFFLINE, Presence.BREAK)]
    if not present and pacing.stop_without_agents:
        return Pace(in_flight=0, because="没有坐席在线，按设置暂不拨打")
    served = frozenset(skill for seat in present for skill in seat.skills) & skills
    bounds = [Pace(in_flight=lines, because=f"坐席不构成限制，最多 {lines} 路")]
    if served:
        bounds.append(_by_agents(present, seen, served))
    if skills - served:
        bounds.append(_by_callbacks(seen, pacing, skills - served))
    return min(bounds, key=lambda bound: bound.in_flight)


def _by_agents(present: list[Seat], seen: DeskSeen, served: frozenset[str]) -> Pace:
    useful = [seat for seat in present if seat.skills & served]
    free = sum(seat.presence == Presence.AVAILABLE for seat in useful)
    closing = sum(seat.presence == Presence.WRAP_UP for seat in useful)
    talking = len(useful) - free - closing
    rate = upper_rate(_transfers(seen, served), seen.calls)
    calls = max(1, math.floor((free + closing + _FREE_SOON * talking) / rate))
    because = (
        f"坐席空闲 {free} 人、收尾 {closing} 人、通话 {talking} 人，转人工率按 {rate:.0%} 计"
        f"（近 {seen.calls} 通实测 {_transfers(seen, served)} 次），最多同时 {calls} 通"
    )
    return Pace(in_flight=calls, because=because)


def _by_callbacks(seen: DeskSeen, pacing: Pacing, missing: frozenset[str]) -> Pace:
    left = max(0, pacing.callback_slots - seen.owed)
    rate = upper_rate(_transfers(seen, missing), seen.calls)
    calls = math.floor(left / rate)
    names = "、".join(_NAMES.get(skill, skill) for skill in sorted(missing, key=_order))
    because = (
        f"没有{names}坐席在线，需要人工的改约回电：回电名额 {pacing.callback_slots}、已占 {seen.owed}、"
        f"还剩 {left}，最多同时 {calls} 通"
    )
    return Pace(in_flight=calls, because=because)


def _transfers(seen: DeskSeen, skills: frozenset[str]) -> int:
    return sum(count for skill, count in seen.transfers.items() if skill in skills)


def _order(skill: str) -> int:
    return list(_NAMES).index(skill) if skill in _NAMES else len(_NAMES)
