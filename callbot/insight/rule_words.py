"""Rules that keep somebody from being contacted, in the words of a call centre, and what ends each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RULES: Final[Mapping[str, str]] = {
    "number_valid": "号码有效性",
    "do_not_contact": "勿扰名单",
    "batch_running": "批次状态",
    "batch_days": "批次日期",
    "hold_out": "对照组",
    "consent": "联系同意",
    "complaint_pause": "投诉暂停",
    "refusal_pause": "拒绝冷静期",
    "time_zone": "客户时区",
    "calendar": "节假日",
    "window": "可联系时段",
    "answered_per_day": "每天接通上限",
    "answered_per_week": "7 天接通上限",
    "attempts_per_day": "24 小时触达上限",
    "attempts_per_month": "30 天触达上限",
    "activated": "已下单",
    "no_longer_silent": "不再沉默",
    "error": "出错暂缓",
}
"""The name of a rule by its code, as attempts, members and follow-ups store it."""

ENDS: Final[Mapping[str, str]] = {
    "number_valid": "更正号码后",
    "do_not_contact": "双人审批解除后",
    "batch_running": "批次启动或恢复后",
    "batch_days": "批次改期后",
    "hold_out": "这个批次内不解除",
    "consent": "取得有凭证的同意后",
    "complaint_pause": "暂停期满后",
    "refusal_pause": "冷静期满后",
    "time_zone": "补充时区后",
    "calendar": "更新节假日表后",
    "window": "政策开放时段后",
    "answered_per_day": "查清近期联系记录或放宽政策后",
    "answered_per_week": "查清近期联系记录或放宽政策后",
    "attempts_per_day": "查清近期联系记录或放宽政策后",
    "attempts_per_month": "查清近期联系记录或放宽政策后",
    "activated": "这个批次内不解除",
    "no_longer_silent": "这个批次内不解除",
    "error": "下一轮再试",
}
"""What ends a block that has no date."""


def rule_name(code: str) -> str:
    """The name with the code behind it: 可联系时段（window）; the code alone where no name is known."""
    return f"{RULES[code]}（{code}）" if code in RULES else code or "—"


def rule_ends(code: str, until: str) -> str:
    """When a block ends: `until`, a moment as people read it, or what has to change where there is none."""
    return until or ENDS.get(code, "有人改变它之后")
