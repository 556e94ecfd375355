"""What is scored and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from callbot.audience.profile import Profile
from callbot.audience.reasons import Evidence, Reason
from callbot.audience.rfm import Rfm
from callbot.audience.risk import Risk
from callbot.audience.silence import Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A customer at `now` (UTC) with what the rules have concluded already."""

    profile: Profile
    silence: Silence
    reason: Reason
    evidence: tuple[Evidence, ...]
    figures: Rfm
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How likely the customer is to come back on their own or when asked (R003)."""

    probability: float
    """0..1; measured on past behaviour where a learned model gave it, a stated mapping of points where not."""
    model: str
    """Version of what gave it: `points/1`, or the name of a learned model with its hash."""
    because: str
    """One line, zh-CN, with the figures."""


class Scorer(Protocol):
    """Scores customers; deterministic, no I/O."""

    @property
    def version(self) -> str:
        """Names the scorer; scores of one version are comparable."""
        ...

    def score(self, case: Case) -> Score:
        """One customer."""
        ...

    def score_all(self, cases: Sequence[Case]) -> list[Score]:
        """Many at once, in their order; the same scores as one by one."""
        ...

    def risk_all(self, cases: Sequence[Case]) -> list[Risk | None]:
        """The risk of leaving of many, in their order; None for whoever is silent already."""
        ...


def standing(case: Case) -> str:
    """`近90天买过4次、上次38天前`: the figures with which every explanation begins."""
    profile, now = case.profile, case.now
    if profile.orders:
        recent = sum((now - order.at).days < 90 for order in profile.orders)
        return f"近90天买过{recent}次、上次{_days(profile.orders[-1].at, now)}天前"
    if profile.interactions:
        return f"从未购买、上次互动{_days(profile.interactions[-1].at, now)}天前"
    return "从未购买、没有互动记录"


def _days(at: datetime, now: datetime) -> int:
    return max(0, (now - at).days)
