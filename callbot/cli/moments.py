"""Moments as people write and read them on the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from callbot.clock import SystemClock
from callbot.errors import BadInput

_CHINA: Final = ZoneInfo("Asia/Shanghai")


def in_china(moment: datetime) -> datetime:
    """The same moment by China's clocks: what tables and sentences show, as the pages do. JSON keeps UTC."""
    return moment.astimezone(_CHINA)


def moment_of(text: str, option: str = "--at") -> datetime:
    """An ISO time with zone; now for an empty one. Raises `BadInput` that names the option."""
    if not text:
        return SystemClock().now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput.one(option, f"“{text}”不是时间", "写成 2026-03-02T10:00+08:00") from None
    if moment.tzinfo is None:
        raise BadInput.one(option, f"{text} 没有时区", "在末尾写上时区，例如 +08:00")
    return moment
