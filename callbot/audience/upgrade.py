"""What an event changes at once: a large purchase upgrades the customer; whoever came back is not silent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from callbot.audience.assess import Assessment
from callbot.audience.cells import CHINA
from callbot.audience.profile import Order
from callbot.audience.silence import Stage
from callbot.store.customers import TagValue

LARGE_FEN: Final = 1_000_00
"""A purchase is large when it alone reaches what R129 asks of the best customers' whole spending."""
TAG: Final = "大额购买升级"


def upgrade(orders: Iterable[Order], tier_before: str, after: Assessment) -> TagValue | None:
    """The tag for a customer with a large purchase among these new orders; None when there is none (R134).

    `tier_before` is the tier of the last assessment, empty when there was none.
    """
    large = max(
        (order for order in orders if not order.refunded and order.amount_fen >= LARGE_FEN),
        key=lambda order: order.amount_fen,
        default=None,
    )
    if large is None:
        return None
    return TagValue(
        name=TAG,
        value=after.tier.value,
        rule=f"单笔不少于{LARGE_FEN // 100}元，当即升级（R134）",
        evidence={
            "商品": large.item,
            "金额": f"{large.amount_fen / 100:.2f}元",
            "下单时间": f"{large.at.astimezone(CHINA):%Y-%m-%d %H:%M}",
            "此前": tier_before or "未评估",
            "现在": after.tier.value,
            "RFM": after.figures.figures,
        },
    )


def no_longer_silent(stage_before: str, after: Assessment) -> bool:
    """Was the customer silent when last judged, and is active now?"""
    return after.stage is Stage.ACTIVE and stage_before in (Stage.FIRST, Stage.CONTINUED, Stage.DEEP)
