"""What a call may know of a person: how to address them and the few facts an opener may cite (R166)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from callbot.audience.cells import CHINA
from callbot.audience.profile import Happening, Order, Profile

_TWO_CHARACTER: Final = frozenset(
    (
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "令狐",
        "慕容",
        "司徒",
        "夏侯",
        "端木",
        "南宫",
        "独孤",
        "长孙",
        "宇文",
        "轩辕",
        "闻人",
        "百里",
        "呼延",
        "钟离",
        "申屠",
        "太史",
    )
)
_SENSITIVE: Final = frozenset({"aesthetics", "finance"})
"""Packs whose purchases are health or finance data: neither spoken nor given to a model."""
_MOST: Final = 4
_ACTS: Final = {
    "browse": "浏览过{}",
    "favourite": "收藏过{}",
    "cart": "把{}加入了购物车",
    "form": "填写过{}",
    "visit": "到过{}",
    "lesson": "上过{}",
}


def salutation(name: str, gender: str) -> str:
    """王女士, 李先生; the surname with 您 when the gender is unknown; 您 alone without a Chinese name."""
    name = name.strip()
    if not name or not all("一" <= char <= "鿿" or char == "·" for char in name):
        return "您"
    surname = name[:2] if name[:2] in _TWO_CHARACTER and len(name) > 2 else name[0]
    match gender:
        case "女":
            return f"{surname}女士"
        case "男":
            return f"{surname}先生"
        case _:
            return f"{surname}您"


def facts(profile: Profile, now: datetime) -> tuple[str, ...]:
    """Plain zh-CN facts that an opener may cite at `now` (UTC), the most recent first, four at most.

    For packs with sensitive data they say only since when, and in which month last, the person was a customer:
    no treatment, product, amount or result (PIPL art. 28).
    """
    if profile.industry in _SENSITIVE:
        return tuple(_discreet(profile, now))
    dated: list[tuple[datetime, str]] = [
        (order.at, f"{_day(order.at, now)}购买了{order.item}") for order in _latest(profile.kept_orders)
    ]
    dated += [
        (each.at, f"{_month(each.at, now)}{_ACTS[each.kind].format(each.note)}")
        for each in _telling(profile.happenings)
    ]
    dated.sort(key=lambda pair: pair[0], reverse=True)
    told = list(dict.fromkeys(words for _, words in dated))[:_MOST]
    return tuple(told or _discreet(profile, now))


def products(profile: Profile) -> tuple[str, ...]:
    """What the person may name because they bought or looked at it, the same things that `facts` may tell."""
    if profile.industry in _SENSITIVE:
        return ()
    named = [order.item for order in _latest(profile.kept_orders)]
    named += [each.note for each in _telling(profile.happenings)]
    return tuple(dict.fromkeys(named))[:_MOST]


def _latest(orders: tuple[Order, ...]) -> tuple[Order, ...]:
    return orders[-2:]


def _telling(happenings: tuple[Happening, ...]) -> list[Happening]:
    """The latest of each kind that has an object to name."""
    latest = {each.kind: each for each in happenings if each.kind in _ACTS and each.note}
    return list(latest.values())


def _discreet(profile: Profile, now: datetime) -> Iterator[str]:
    since = profile.registered_at or (profile.orders[0].at if profile.orders else None)
    if since is not None:
        yield f"{since.astimezone(CHINA).year}年起是{profile.brand}的客户"
    else:
        yield f"是{profile.brand}的客户"
    last = max([each.at for each in profile.interactions] + [each.at for each in profile.orders], default=None)
    if last is not None:
        yield f"{_month(last, now)}与{profile.brand}有过联系"


def _day(at: datetime, now: datetime) -> str:
    """3月12日; in another year 去年3月12日 or 2023年3月12日."""
    then, today = at.astimezone(CHINA), now.astimezone(CHINA)
    return f"{_year(then.year, today.year)}{then.month}月{then.day}日"


def _month(at: datetime, now: datetime) -> str:
    """本月, 上个月, 3月, 去年3月 or 2023年3月."""
    then, today = at.astimezone(CHINA), now.astimezone(CHINA)
    match (today.year - then.year) * 12 + today.month - then.month:
        case 0:
            return "本月"
        case 1:
            return "上个月"
        case _:
            return f"{_year(then.year, today.year)}{then.month}月"


def _year(then: int, today: int) -> str:
    return {0: "", 1: "去年"}.get(today - then, f"{then}年")
