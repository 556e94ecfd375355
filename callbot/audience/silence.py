"""How long a customer has been silent and what that means for their business line or their own rhythm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from statistics import median
from types import MappingProxyType
from typing import Final

from callbot.audience.profile import Order, Profile


class Stage(StrEnum):
    """R041."""

    ACTIVE = "活跃"
    FIRST = "首次沉默"
    CONTINUED = "连续沉默"
    DEEP = "深度沉默"
    UNKNOWN = "未知"
    """Nothing dated is known of the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessLine:
    """When a customer of a business line counts as silent; all in days."""

    purchase_days: int
    """Silent after so long without a purchase."""
    interaction_days: int
    """Silent after so long without any interaction."""
    continued_after: int
    """So long after falling silent 连续沉默 begins."""
    deep_after: int
    """So long after falling silent 深度沉默 begins."""


LINES: Final[Mapping[str, BusinessLine]] = MappingProxyType(
    {
        "ecommerce": BusinessLine(purchase_days=30, interaction_days=90, continued_after=60, deep_after=150),
        "aesthetics": BusinessLine(purchase_days=90, interaction_days=90, continued_after=90, deep_after=270),
        "education": BusinessLine(purchase_days=180, interaction_days=30, continued_after=60, deep_after=150),
        "finance": BusinessLine(purchase_days=365, interaction_days=90, continued_after=90, deep_after=270),
    }
)
"""R006 (30 days without purchase or 90 without interaction) for retail, stretched where people buy rarely
(R046); in retail 连续沉默 from 90 days (R067) and 深度沉默 from 180 (R068)."""

DEFAULT_LINE: Final = LINES["ecommerce"]
OWN_CYCLE_ORDERS: Final = 3
"""With so many purchases the own rhythm decides (C7)."""
OWN_CYCLE_FACTOR: Final = 2
"""Silent at more than twice the own rhythm: every 7 days, then 15 days nothing (R008)."""
SHORTEST_CYCLE_DAYS: Final = 3
"""Orders of one shopping spree are not a rhythm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A stage with the rule and the figures that led to it."""

    stage: Stage
    days: int | None
    """Length of the silence that was judged; None when nothing dated is known."""
    limit: int
    """Days up to which the customer counts as active."""
    habit_days: int | None
    """The own purchase rhythm, where there is one."""
    rule: str
    """zh-CN, with figures."""

    @property
    def silent(self) -> bool:
        return self.stage in (Stage.FIRST, Stage.CONTINUED, Stage.DEEP)


def silence(profile: Profile, now: datetime, line: BusinessLine | None = None) -> Silence:
    """The silence of a customer at `now` (UTC).

    The own rhythm wins over the static rule of the business line once there are three purchases (C7). Without
    any purchase, time counts from the last interaction, else from the registration.
    """
    line = line or LINES.get(profile.industry, DEFAULT_LINE)
    habit = habit_days(profile.kept_orders)
    bought = _days_since(profile.kept_orders[-1].at if profile.kept_orders else None, now)
    if habit is not None and bought is not None:
        limit = round(OWN_CYCLE_FACTOR * habit)
        stage = _stage(bought, limit, line)
        verdict = "超过" if bought > limit else "未超过"
        cycle = f"{OWN_CYCLE_FACTOR} 倍周期（{limit} 天）"
        rule = f"自身购买周期约 {habit} 天，距上次购买 {bought} 天，{verdict} {cycle}"
        return Silence(stage=stage, days=bought, limit=limit, habit_days=habit, rule=rule)
    met = _days_since(profile.interactions[-1].at if profile.interactions else None, now)
    if met is None:
        met = bought if bought is not None else _days_since(profile.registered_at, now)
    if bought is not None and bought > line.purchase_days:
        stage = _stage(bought, line.purchase_days, line)
        rule = f"{bought} 天未购买，超过 {line.purchase_days} 天"
        return Silence(stage=stage, days=bought, limit=line.purchase_days, habit_days=None, rule=rule)
    if met is None:
        rule = "没有任何带日期的记录"
        return Silence(stage=Stage.UNKNOWN, days=None, limit=line.interaction_days, habit_days=None, rule=rule)
    stage = _stage(met, line.interaction_days, line)
    verdict = "超过" if met > line.interaction_days else "未超过"
    rule = f"{met} 天无互动，{verdict} {line.interaction_days} 天"
    return Silence(stage=stage, days=met, limit=line.interaction_days, habit_days=None, rule=rule)


def habit_days(orders: Sequence[Order]) -> int | None:
    """The median gap between purchases in days, from three purchases on (R008, C7)."""
    if len(orders) < OWN_CYCLE_ORDERS:
        return None
    gaps = [(later.at - earlier.at).total_seconds() / 86_400 for earlier, later in pairwise(orders)]
    return max(SHORTEST_CYCLE_DAYS, round(median(gaps)))


def _days_since(at: datetime | None, now: datetime) -> int | None:
    return max(0, (now - at).days) if at is not None else None


def _stage(days: int, limit: int, line: BusinessLine) -> Stage:
    """The steps are the line's, but shorter for whoever lives in a faster rhythm: 3 and 6 times the limit."""
    if days <= limit:
        return Stage.ACTIVE
    if days > limit + min(line.deep_after, 5 * limit):
        return Stage.DEEP
    return Stage.CONTINUED if days > limit + min(line.continued_after, 2 * limit) else Stage.FIRST
