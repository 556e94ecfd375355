"""States of batches, tasks and cases in a word, zh-CN, for messages about what is not possible in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BATCHES: Final[Mapping[str, str]] = {
    "making": "正在创建",
    "draft": "尚未启动",
    "running": "进行中",
    "paused": "已暂停",
    "done": "已结束",
    "cancelled": "已取消",
}
TASKS: Final[Mapping[str, str]] = {
    "open": "待办",
    "claimed": "处理中",
    "sent": "已发送",
    "done": "已完成",
    "cancelled": "已取消",
}
CASES: Final[Mapping[str, str]] = {"open": "待答复", "answered": "已答复", "closed": "已关闭"}
