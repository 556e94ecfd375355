"""Names that staff give to tags and segments."""

from __future__ import annotations

from typing import Final

from callbot.errors import BadInput

LONGEST_NAME: Final = 40

JUDGED_TAGS: Final = frozenset(
    (
        "沉默阶段",
        "沉默原因",
        "用户分群",
        "价值",
        "生命周期",
        "流失风险",
        "流失预警",
        "负面预警",
        "渠道偏好",
        "加购未结算",
        "表单未提交",
        "到店未体验",
        "浏览未下单",
        "价格敏感",
        "内容点击高",
        "权益将到期",
        "权益刚到期",
        "生日临近",
        "入会纪念日临近",
        "行为中断",
        "活跃转低频",
        "大额购买升级",
        "触达结果",
        "意向反馈",
        "投诉",
    )
)
"""Tags that the assessment, an event or a call's outcome gives, whether or not somebody carries one now."""


def check_name(name: str, kind: str) -> None:
    """On one line and short. Raises `BadInput`; `kind` is zh-CN."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise BadInput.one(
            f"{kind} {name!r}",
            "名字是空的、太长或带有控制字符",
            f"用 1 到 {LONGEST_NAME} 个字符，前后不留空格",
        )
