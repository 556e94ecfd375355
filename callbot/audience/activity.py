"""Behaviour that breaks off: somebody active who all at once does little or nothing (R007)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from callbot.audience.profile import Profile
from callbot.audience.signals import Signal

_MONTH: Final = timedelta(days=30)
_MONTHS_BEFORE: Final = 3
_ACTIVE: Final = 3.0
"""Interactions a month from which somebody counts as active before."""
_LOW: Final = 3
"""Divisor: below a third of the usual they have become 低频."""
_RULE: Final = "近30天的互动比此前90天的月均少三分之二以上（R007）"
_TITLES: Final = {
    "login": "登录",
    "browse": "浏览",
    "favourite": "收藏",
    "cart": "加购",
    "visit": "到店",
    "lesson": "上课",
    "enquiry": "咨询",
    "message_open": "打开消息",
    "message_click": "点击消息",
    "share": "分享",
    "review": "评价",
}


def broken_off(profile: Profile, now: datetime) -> Signal | None:
    """行为中断 with nothing at all in the last 30 days, else 活跃转低频; None for whoever goes on as before.

    Interactions of the last 30 days beside the monthly mean of the 90 days before, with the kinds that fell.
    """
    recent = [each for each in profile.interactions if now - _MONTH < each.at <= now]
    before = [
        each for each in profile.interactions if now - (1 + _MONTHS_BEFORE) * _MONTH < each.at <= now - _MONTH
    ]
    usual = len(before) / _MONTHS_BEFORE
    if usual < _ACTIVE or _LOW * len(recent) >= usual:
        return None
    was, is_now = Counter(each.kind for each in before), Counter(each.kind for each in recent)
    figures: dict[str, object] = {"近30天": f"{len(recent)} 次", "此前月均": f"{usual:.1f} 次"}
    for kind, count in was.most_common():
        if kind in _TITLES and is_now[kind] < count / _MONTHS_BEFORE:
            figures[_TITLES[kind]] = f"月均 {count / _MONTHS_BEFORE:.1f} 次 → {is_now[kind]} 次"
    return Signal(name="活跃转低频" if recent else "行为中断", rule=_RULE, figures=figures)
