"""Recency, frequency, money: the segment verbatim (R129–R131), and value tier and stage of life inside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callbot.audience.profile import Profile
from callbot.audience.silence import Silence, Stage


class Segment(StrEnum):
    HIGH_VALUE_ACTIVE = "高价值活跃用户"
    LOW_VALUE_LOST = "低价值流失用户"
    WATCH = "需观察用户"


class Tier(StrEnum):
    """Worth by money spent."""

    HIGH = "高价值"
    MIDDLE = "中价值"
    LOW = "低价值"


class Lifecycle(StrEnum):
    """R128."""

    NEW = "新客"
    GROWING = "成长期"
    MATURE = "成熟期"
    LOST = "流失期"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rfm:
    """The three figures over the whole history, refunded orders left out."""

    recency_days: int | None
    """None: never bought."""
    frequency: int
    money_fen: int

    @property
    def figures(self) -> str:
        """zh-CN."""
        recency = "从未购买" if self.recency_days is None else f"R={self.recency_days}天"
        return f"{recency}，F={self.frequency}次，M={self.money_fen / 100:,.0f}元"


def rfm(profile: Profile, now: datetime) -> Rfm:
    """The figures at `now` (UTC)."""
    orders = profile.kept_orders
    return Rfm(
        recency_days=max(0, (now - orders[-1].at).days) if orders else None,
        frequency=len(orders),
        money_fen=profile.spent_fen,
    )


def segment(figures: Rfm) -> tuple[Segment, str]:
    """The segment and its rule. Who never bought has no recency and meets neither condition: R131."""
    recency, frequency, money = figures.recency_days, figures.frequency, figures.money_fen
    if recency is not None and recency <= 30 and frequency >= 5 and money >= 1_000_00:
        return Segment.HIGH_VALUE_ACTIVE, "R≤30天、F≥5次、M≥1000元（R129）"
    if recency is not None and recency > 90 and frequency <= 1 and money < 500_00:
        return Segment.LOW_VALUE_LOST, "R>90天、F≤1次、M<500元（R130）"
    return Segment.WATCH, "不满足高价值活跃与低价值流失的条件（R131）"


def tier(figures: Rfm) -> tuple[Tier, str]:
    """Worth by money spent; the thresholds are those of R129 and R130."""
    if figures.money_fen >= 1_000_00:
        return Tier.HIGH, "累计消费不少于1000元"
    if figures.money_fen >= 500_00:
        return Tier.MIDDLE, "累计消费500至1000元"
    return Tier.LOW, "累计消费不足500元"


def lifecycle(profile: Profile, figures: Rfm, silence: Silence, now: datetime) -> tuple[Lifecycle, str]:
    """The stage of life (R128)."""
    if silence.stage in (Stage.CONTINUED, Stage.DEEP):
        return Lifecycle.LOST, f"{silence.stage}：{silence.rule}"
    if figures.frequency >= 5:
        return Lifecycle.MATURE, "购买不少于5次"
    known = profile.registered_at or (profile.orders[0].at if profile.orders else None)
    if figures.frequency <= 1 and known is not None and (now - known).days <= 30:
        return Lifecycle.NEW, "注册30天内、购买不超过1次"
    return Lifecycle.GROWING, "购买不足5次"
