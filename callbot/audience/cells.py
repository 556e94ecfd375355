"""What one cell of a list means: times, dates, money, yes and no, and the words with a fixed meaning.

Times may be relative to the moment of the import: `-35d` is 35 days before it, `+30d` after, `-6h` hours.
Times without a zone are China's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

CHINA = ZoneInfo("Asia/Shanghai")

Read: TypeAlias = Callable[[str, datetime], Any]
"""A cell's text and the moment of the import (UTC) in, its value out; raises `BadCell`."""

_RELATIVE = re.compile(r"([+-])(\d{1,5})([dh天时])")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_MOST_DAYS = 40_000


class BadCell(Exception):
    """A cell that cannot be read: what is wrong and what to write instead, both zh-CN."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


def text(limit: int) -> Read:
    """Plain text of at most `limit` characters."""

    def read(cell: str, _now: datetime) -> str:
        if len(cell) > limit:
            raise BadCell(f"有 {len(cell)} 个字，太长", f"缩短到 {limit} 个字以内")
        if not cell.isprintable():
            raise BadCell("含有换行或不可见字符", "删除这些字符")
        return cell

    return read


def day(cell: str, now: datetime) -> date:
    """A calendar day in China."""
    if relative := _relative(cell, now):
        return relative.astimezone(CHINA).date()
    if found := _DAY.fullmatch(cell):
        return _day(found)
    raise BadCell(f"“{cell}”不是日期", "写成 2026-03-12，或相对导入日的 -35d")


def moment(cell: str, now: datetime) -> datetime:
    """A time in UTC; a day without a clock time means its noon in China."""
    if relative := _relative(cell, now):
        return relative
    found = _DAY.match(cell)
    if found is None:
        raise BadCell(f"“{cell}”不是时间", "写成 2026-03-12 15:30，或相对导入时刻的 -35d")
    rest = cell[found.end() :].strip().lstrip("T")
    if not rest:
        return datetime.combine(_day(found), time(12), CHINA).astimezone(UTC)
    if clock := _CLOCK.fullmatch(rest):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        try:
            return datetime.combine(_day(found), time(hour, minute, second), CHINA).astimezone(UTC)
        except ValueError:
            raise BadCell(f"“{rest}”不是钟点", "写成 15:30") from None
    try:
        value = datetime.fromisoformat(cell)
    except ValueError:
        raise BadCell(f"“{cell}”不是时间", "写成 2026-03-12 15:30，或相对导入时刻的 -35d") from None
    return value.replace(tzinfo=value.tzinfo or CHINA).astimezone(UTC)


def past(cell: str, now: datetime) -> datetime:
    """A time that must not lie in the future."""
    value = moment(cell, now)
    if value > now + timedelta(days=1):
        raise BadCell(f"“{cell}”在将来", "写已经发生的时间")
    return min(value, now)


def yuan(cell: str, _now: datetime) -> int:
    """Money in yuan, returned in fen."""
    try:
        amount = Decimal(cell.strip().lstrip("¥￥").removesuffix("元").replace(",", ""))
        fen = amount * 100
        if not amount.is_finite() or amount < 0 or fen != fen.to_integral_value() or fen >= 2**31:
            raise BadCell(f"“{cell}”不是可用的金额", "写成不小于 0、最多两位小数的元数，例如 199.00")
    except InvalidOperation:
        raise BadCell(f"“{cell}”不是金额", "写成元，例如 199.00") from None
    return int(fen)


def whole(low: int, high: int) -> Read:
    """A whole number from `low` to `high`."""

    def read(cell: str, _now: datetime) -> int:
        if not re.fullmatch(r"[+-]?\d{1,10}", cell) or not low <= int(cell) <= high:
            raise BadCell(f"“{cell}”不是 {low} 到 {high} 之间的整数", f"写 {low} 到 {high} 之间的整数")
        return int(cell)

    return read


def yes(cell: str, _now: datetime) -> bool:
    """是/否."""
    match cell.lower():
        case "是" | "有" | "1" | "true" | "yes" | "y":
            return True
        case "否" | "无" | "0" | "false" | "no" | "n":
            return False
        case _:
            raise BadCell(f"“{cell}”不是“是”或“否”", "写“是”或“否”")


def one_of(words: Mapping[str, str]) -> Read:
    """One of the words of a table, in either language."""
    known = {word.lower(): value for word, value in words.items()} | {v.lower(): v for v in words.values() if v}

    def read(cell: str, _now: datetime) -> str:
        value = known.get(cell.lower())
        if value is None:
            raise BadCell(f"不认识“{cell}”", f"写其中之一：{'、'.join(words)}")
        return value

    return read


def many(cell: str, _now: datetime) -> list[str]:
    """Several words, separated by ; 、 or |."""
    if not cell.isprintable():
        raise BadCell("含有换行或不可见字符", "删除这些字符")
    return [word for part in re.split(r"[;；、|]", cell) if (word := part.strip())]


def zone(cell: str, _now: datetime) -> str:
    """An IANA zone; 未知 means that nobody knows it, and is returned as the empty text."""
    if cell in ("未知", "unknown"):
        return ""
    if cell not in available_timezones():
        raise BadCell(f"没有时区“{cell}”", "写 IANA 名称，例如 Asia/Shanghai，或写“未知”")
    return cell


def json_object(cell: str, _now: datetime) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(cell)
        if isinstance(value, dict):
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
            return value
    except (ValueError, RecursionError):
        pass
    raise BadCell("不是可以保存的 JSON 对象", '写成 {"rating": 2}')


def _relative(cell: str, now: datetime) -> datetime | None:
    found = _RELATIVE.fullmatch(cell)
    if found is None:
        return None
    amount = int(found[2]) * (1 if found[1] == "+" else -1)
    if abs(amount) > _MOST_DAYS:
        raise BadCell(f"“{cell}”太远", "写较近的时间")
    return now + (timedelta(days=amount) if found[3] in "d天" else timedelta(hours=amount))


def _day(found: re.Match[str]) -> date:
    try:
        value = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise BadCell(f"没有“{found[0]}”这一天", "写真实的日期") from None
    if value.year < 1900:
        raise BadCell(f"“{found[0]}”太早", "写 1900 年以后的日期")
    return value
