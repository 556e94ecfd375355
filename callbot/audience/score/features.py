"""A history in figures, computed from dated happenings up to a moment and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import isnan, log, nan
from typing import Final

from callbot.audience.profile import INTERACTIONS, Call, Profile

VERSION: Final = "features/1"
"""Changes whenever a feature is added, removed or computed otherwise; models of other versions are not used."""
_DAY: Final = 86_400.0
_TOUCHED: Final = frozenset({"conversation", "call"})
_READ: Final = frozenset({"message_open", "message_click"})
_WANTING: Final = frozenset({"cart", "favourite", "form", "enquiry"})
_TROUBLE: Final = frozenset({"ticket", "refund"})
_CYCLE_ORDERS: Final = 3
_BAD_RATING: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One figure; `nan` where it cannot be told."""

    name: str
    title: str
    """zh-CN, for reports."""
    words: Callable[[float], str]
    """zh-CN, with the figure, for the explanation of one customer."""


def _counted(text: str) -> Callable[[float], str]:
    return lambda value: text.format(round(value))


def _missing(text: str, otherwise: str) -> Callable[[float], str]:
    return lambda value: otherwise if isnan(value) else text.format(value)


FEATURES: Final = (
    Feature(name="order_days", title="距上次购买天数", words=_missing("{:.0f}天未购买", "从未购买")),
    Feature(name="orders_90", title="近90天购买次数", words=_counted("近90天买过{}次")),
    Feature(name="orders_365", title="近365天购买次数", words=_counted("近一年买过{}次")),
    Feature(name="orders_all", title="购买总次数", words=_counted("共买过{}次")),
    Feature(
        name="cycle_days", title="平均购买间隔（天）", words=_missing("平均{:.0f}天买一次", "没有购买周期")
    ),
    Feature(
        name="overdue", title="距上次购买 ÷ 平均间隔", words=_missing("已过{:.1f}个购买周期", "没有购买周期")
    ),
    Feature(
        name="unsteadiness", title="购买间隔的离散程度", words=_missing("间隔离散度{:.1f}", "没有购买周期")
    ),
    Feature(name="spent_365", title="近365天消费（元）", words=lambda value: f"近一年消费{value:,.0f}元"),
    Feature(name="order_yuan", title="平均客单价（元）", words=_missing("客单价{:,.0f}元", "从未购买")),
    Feature(name="active_days", title="距上次互动天数", words=_missing("{:.0f}天无互动", "从未互动")),
    Feature(name="active_30", title="近30天互动次数", words=_counted("近30天互动{}次")),
    Feature(name="active_180", title="近180天互动次数", words=_counted("近180天互动{}次")),
    Feature(
        name="active_trend",
        title="互动变化（近30天比此前60天的月均，取对数）",
        words=lambda value: "近期互动增多" if value > 0 else "近期互动减少" if value < 0 else "近期互动持平",
    ),
    Feature(name="logins_60", title="近60天登录次数", words=_counted("近60天登录{}次")),
    Feature(name="browse_60", title="近60天浏览次数", words=_counted("近60天浏览{}次")),
    Feature(
        name="wanting_60", title="近60天加购、收藏、表单、咨询次数", words=_counted("近60天有意向动作{}次")
    ),
    Feature(name="read_180", title="近180天打开或点击消息次数", words=_counted("近180天看过消息{}次")),
    Feature(name="sent_90", title="近90天发出消息条数", words=_counted("近90天收到消息{}条")),
    Feature(name="touched_90", title="近90天被联系次数", words=_counted("近90天被联系{}次")),
    Feature(name="unanswered_90", title="近90天未接来电次数", words=_counted("近90天未接电话{}次")),
    Feature(
        name="trouble_180", title="近180天工单、退款、差评次数", words=_counted("近180天工单、退款或差评{}次")
    ),
    Feature(name="known_days", title="成为客户的天数", words=_missing("成为客户{:.0f}天", "不知何时成为客户")),
)
NAMES: Final = tuple(feature.name for feature in FEATURES)


def features(profile: Profile, now: datetime) -> tuple[float, ...]:
    """The figures at `now` (UTC) in the order of `FEATURES`; what is dated later is not looked at.

    Gender, age, region, refund marks and states of tickets are left out: the first three so that nobody is
    ranked by what they are, the others because they are overwritten without a date.
    """
    at = now.timestamp()
    bought = [(days, each.amount_fen) for each in profile.orders if (days := _days(each.at, at)) >= 0]
    past = [(days, each) for each in profile.happenings if (days := _days(each.at, at)) >= 0]
    active = [days for days, each in past if each.kind in INTERACTIONS]
    kinds = [(days, each.kind) for days, each in past]
    cycle, unsteadiness = _rhythm([days for days, _ in bought])
    known = [_days(profile.registered_at, at)] if profile.registered_at else []
    known = (
        [days for days in known if days >= 0]
        + [days for days, _ in bought[:1]]
        + [days for days, _ in past[:1]]
    )
    last_month = _within(active, 30)
    return (
        bought[-1][0] if bought else nan,
        _within((days for days, _ in bought), 90),
        _within((days for days, _ in bought), 365),
        len(bought),
        cycle,
        bought[-1][0] / cycle if not isnan(cycle) else nan,
        unsteadiness,
        sum(fen for days, fen in bought if days < 365) / 100,
        sum(fen for _, fen in bought) / len(bought) / 100 if bought else nan,
        active[-1] if active else nan,
        last_month,
        _within(active, 180),
        log((last_month + 0.5) / ((_within(active, 90) - last_month) / 2 + 0.5)),
        _within((days for days, kind in kinds if kind == "login"), 60),
        _within((days for days, kind in kinds if kind == "browse"), 60),
        _within((days for days, kind in kinds if kind in _WANTING), 60),
        _within((days for days, kind in kinds if kind in _READ), 180),
        _within((days for days, kind in kinds if kind == "message_sent"), 90),
        _within((days for days, kind in kinds if kind in _TOUCHED), 90),
        _within((_days(each.at, at) for each in profile.calls if _unanswered(each, now)), 90),
        _within(
            (days for days, each in past if each.kind in _TROUBLE or _is_bad_review(each.kind, each.data)), 180
        ),
        max(known, default=nan),
    )


def _days(then: datetime, at: float) -> float:
    return (at - then.timestamp()) / _DAY


def _within(days: Iterable[float], limit: float) -> float:
    return float(sum(each < limit for each in days))


def _unanswered(call: Call, now: datetime) -> bool:
    """They were called by `now` and had not answered by then."""
    return call.at <= now and (call.answered_at is None or call.answered_at > now)


def _is_bad_review(kind: str, data: object) -> bool:
    rating = data.get("rating") if kind == "review" and hasattr(data, "get") else None
    return isinstance(rating, int) and rating <= _BAD_RATING


def _rhythm(ages: list[float]) -> tuple[float, float]:
    """Mean gap between purchases in days, and the gaps' spread over their mean; nan below three purchases."""
    if len(ages) < _CYCLE_ORDERS:
        return nan, nan
    gaps = [earlier - later for earlier, later in pairwise(ages)]
    mean = max(1.0, sum(gaps) / len(gaps))
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    return mean, spread / mean
