"""Numbers, money, discounts and dates in words that a voice reads as people say them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

_DIGITS = "零一二三四五六七八九"
_WEEKDAYS = "一二三四五六日"


def number(value: int) -> str:
    """0 ≤ value < 10^12 in Chinese: 20 → 二十, 200 → 两百, 10050 → 一万零五十."""
    if value < 0:
        raise ValueError(f"{value} is negative")
    for unit, name in ((10**8, "亿"), (10**4, "万")):
        if value >= unit:
            head, rest = divmod(value, unit)
            gap = "零" if 0 < rest < unit // 10 else ""
            return f"{_counted(number(head))}{name}{gap}{_rest(rest)}"
    return _below_ten_thousand(value)


def _below_ten_thousand(value: int) -> str:
    if value < 10:
        return _DIGITS[value]
    if value < 20:
        return "十" + (_DIGITS[value % 10] if value % 10 else "")
    for unit, name in ((1000, "千"), (100, "百")):
        if value >= unit:
            head, rest = divmod(value, unit)
            gap = "零" if 0 < rest < unit // 10 else ""
            tail = ("一" if 10 <= rest < 20 else "") + _below_ten_thousand(rest) if rest else ""
            return f"{'两' if head == 2 else _DIGITS[head]}{name}{gap}{tail}"
    tens, ones = divmod(value, 10)
    return f"{_DIGITS[tens]}十{_DIGITS[ones] if ones else ''}"


def _rest(rest: int) -> str:
    return (("一" if 10 <= rest < 20 else "") + number(rest)) if rest else ""


def _counted(words: str) -> str:
    return "两" if words == "二" else words


def yuan(fen: int) -> str:
    """Money: 2000 → 二十元, 9950 → 九十九元五角, 200 → 两元."""
    whole, rest = divmod(fen, 100)
    jiao, cent = divmod(rest, 10)
    words = f"{_counted(number(whole))}元" if whole or not rest else ""
    if jiao:
        words += f"{_counted(_DIGITS[jiao]) if not words else _DIGITS[jiao]}角"
    if cent:
        words += ("零" if words and not jiao else "") + f"{_DIGITS[cent]}分"
    return words


def discount(percent_off: int) -> str:
    """Percent taken off, 1..99: 20 → 八折, 15 → 八五折, 50 → 五折."""
    if not 0 < percent_off < 100:
        raise ValueError(f"{percent_off} percent off is no discount")
    tens, ones = divmod(100 - percent_off, 10)
    if not tens:
        return f"零点{_DIGITS[ones]}折"
    return f"{_DIGITS[tens]}{_DIGITS[ones] if ones else ''}折"


def day(value: date) -> str:
    """2026-11-30 → 十一月三十号."""
    return f"{number(value.month)}月{number(value.day)}号"


def moment(when: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """A point in time as one says it to somebody in `zone`: 明天下午三点, 周五上午十点半."""
    local, today = when.astimezone(zone), now.astimezone(zone).date()
    ahead = (local.date() - today).days
    if ahead in (0, 1, 2):
        which = ("今天", "明天", "后天")[ahead]
    elif 2 < ahead < 7:
        which = f"{day(local.date())}星期{_WEEKDAYS[local.weekday()]}"
    else:
        which = day(local.date())
    hour, minute = local.hour, local.minute
    part = "上午" if hour < 12 else "中午" if hour == 12 else "下午" if hour < 18 else "晚上"
    clock = _counted(number(hour if hour <= 12 else hour - 12)) + "点"
    if minute == 30:
        clock += "半"
    elif minute:
        clock += f"{'零' if minute < 10 else ''}{number(minute)}分"
    return f"{which}{part}{clock}"
