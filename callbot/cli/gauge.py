"""The disturbance budget as one line."""

from __future__ import annotations

from callbot.cli.moments import in_china
from callbot.outreach.budget import Budget


def gauge_line(budget: Budget) -> str:
    """What is left, the tightest cap first: what a person may still be disturbed, over all channels. zh-CN."""
    tightest = budget.tightest
    refresh = f"，{in_china(tightest.refreshes_at):%m-%d %H:%M} 恢复 1 次" if tightest.refreshes_at else ""
    caps = "，".join(
        f"{gauge.name} {'未知' if gauge.used is None else gauge.used}/{gauge.allowed}"
        for gauge in budget.gauges
    )
    return f"还可打扰 {budget.left} 次（最紧：{tightest.name}{refresh}）；{caps}"
