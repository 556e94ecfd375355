"""How long a customer has been silent and what that means for their business line or their own rhythm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Final

from callbot.audience.lines import DEFAULT_LINE, BusinessLine, shipped_lines
from callbot.audience.profile import Order, Profile


class Stage(StrEnum):
    """R041."""

    ACTIVE = "活跃"
    FIRST = "首次沉默"
    CONTINUED = "连续沉默"
    DEEP = "深度沉默"
    UNKNOWN = "未知"
    """Nothing dated is known of the customer."""


OWN_CYCLE_ORDERS: Final = 3
"""With so many purchases the own rhythm decides (C7)."""
OWN_CYCLE_FACTOR: Final = 2
"""Silent at more than twice the own rhythm: every 7 days, then 15 days nothing (R008)."""
_DEPTH: Final = (Stage.ACTIVE, Stage.FIRST, Stage.CONTINUED, Stage.DEEP)
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
    line: BusinessLine
    """The rules of the business line that were applied."""

    @property
    def silent(self) -> bool:
        return self.stage in (Stage.FIRST, Stage.CONTINUED, Stage.DEEP)


def silence(profile: Profile, now: datetime, line: BusinessLine | None = None) -> Silence:
    """The silence of a customer at `now` (UTC), by the rules of their business line.

    The own rhythm wins over the static rule once there are three purchases (C7). Of the two static rules, time
    without a purchase and time without an interaction (R006), the one that finds the deeper silence decides; a
    purchase is an interaction too. Without either, time counts from the registration.
    """
    line = line or profile.line or shipped_lines().get(profile.industry, DEFAULT_LINE)
    habit = habit_days(profile.kept_orders)
    bought = _days_since(profile.kept_orders[-1].at if profile.kept_orders else None, now)
    if habit is not None and bought is not None:
        limit = round(OWN_CYCLE_FACTOR * habit)
        verdict = "超过" if bought > limit else "未超过"
        cycle = f"{OWN_CYCLE_FACTOR} 倍周期（{limit} 天）"
        return Silence(
            stage=_stage(bought, limit, line),
            days=bought,
            limit=limit,
            habit_days=habit,
            rule=f"自身购买周期约 {habit} 天，距上次购买 {bought} 天，{verdict} {cycle}",
            line=line,
        )
    met = _days_since(profile.interactions[-1].at if profile.interactions else None, now)
    met = min((each for each in (met, bought) if each is not None), default=None)
    if met is None:
        met = _days_since(profile.registered_at, now)
    found = list(_by_line(bought, met, line))
    if not found:
        return Silence(
            stage=Stage.UNKNOWN,
            days=None,
            limit=line.interaction_days,
            habit_days=None,
            rule="没有任何带日期的记录",
            line=line,
        )
    return max(found, key=lambda each: _DEPTH.index(each.stage))


def _by_line(bought: int | None, met: int | None, line: BusinessLine) -> Iterator[Silence]:
    """What each static rule finds; the rule of purchases first, where it finds a silence."""
    if bought is not None and bought > line.purchase_days:
        yield Silence(
            stage=_stage(bought, line.purchase_days, line),
            days=bought,
            limit=line.purchase_days,
            habit_days=None,
            rule=f"{bought} 天未购买，超过 {line.purchase_days} 天",
            line=line,
        )
    if met is not None:
        verdict = "超过" if met > line.interaction_days else "未超过"
        yield Silence(
            stage=_stage(met, line.interaction_days, line),
            days=met,
            limit=line.interaction_days,
            habit_days=None,
            rule=f"{met} 天无互动，{verdict} {line.interaction_days} 天",
            line=line,
        )


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
