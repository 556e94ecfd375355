"""The policy in force."""

from __future__ import annotations

from typing import Self

from callbot.outreach.permit import Rule
from callbot.outreach.policy import INDUSTRIES, OUTER, Hours, Policy, policy_for
from callbot.web.shapes.base import Out


class HoursOut(Out):
    workday: list[str]
    weekend: list[str]

    @classmethod
    def of(cls, hours: Hours) -> Self:
        return cls(workday=[str(span) for span in hours.workday], weekend=[str(span) for span in hours.weekend])


class PolicyOut(Out):
    """Everything a rule measures a contact against."""

    version: str
    voice: HoursOut
    text: HoursOut
    caps: dict[str, int]
    soft_days: int
    complaint_pause_days: int
    complaint_answer_hours: int
    callback_slots: int
    stop_without_agents: bool
    breaker: dict[str, int]

    @classmethod
    def of(cls, policy: Policy) -> Self:
        return cls(
            version=policy.version,
            voice=HoursOut.of(policy.voice),
            text=HoursOut.of(policy.text),
            caps={name: getattr(policy.caps, name) for name in policy.caps.__dataclass_fields__},
            soft_days=policy.refusal.soft.days,
            complaint_pause_days=policy.refusal.complaint_pause.days,
            complaint_answer_hours=int(policy.refusal.complaint_answer.total_seconds() // 3600),
            callback_slots=policy.pacing.callback_slots,
            stop_without_agents=policy.pacing.stop_without_agents,
            breaker={name: getattr(policy.breaker, name) for name in policy.breaker.__dataclass_fields__},
        )


class PoliciesOut(Out):
    """The policy of this installation, by industry where one differs."""

    outer: str
    """Nobody is called outside of it, whatever role, batch or industry: HH:MM-HH:MM."""
    default: PolicyOut
    industries: dict[str, PolicyOut]
    rules: list[str]
    """Every rule that may object, in order of weight."""

    @classmethod
    def now(cls) -> Self:
        return cls(
            outer=str(OUTER),
            default=PolicyOut.of(policy_for("")),
            industries={name: PolicyOut.of(policy) for name, policy in INDUSTRIES.items()},
            rules=[rule.value for rule in Rule],
        )
