"""`callbot audience warnings`: customers who are still with us and about to go quiet."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.audience.columns import INDUSTRIES
from callbot.audience.silence import Stage
from callbot.cli.conditions import figures, folding
from callbot.cli.output import explained, out, print_json, run
from callbot.errors import BadInput
from callbot.settings import load_settings
from callbot.store.plain import plain
from callbot.store.warned import Warned, warned

WARNINGS = ("流失预警", "流失风险", "行为中断", "活跃转低频")
"""Tags of the assessment that speak of a silence to come (R007, R087, R093, R099)."""


def warnings(
    industry: Annotated[str, typer.Option(help="只看这个行业，例如 电商 或 ecommerce。")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="显示多少位。")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """列出有流失预警的活跃客户和依据的数字，预警最多的在前。"""
    with explained():
        line = INDUSTRIES.get(industry, industry)
        if line and line not in INDUSTRIES.values():
            raise BadInput.one(f"--industry {industry}", "没有这个行业", f"可以写：{'、'.join(INDUSTRIES)}")

        async def work() -> tuple[int, list[Warned]]:
            async with open_database(load_settings()) as db, db.read() as session:
                return await warned(session, WARNINGS, Stage.ACTIVE, industry=line, limit=limit)

        total, found = run(work())
    if as_json:
        print_json({"total": total, "customers": plain(found)})
        return
    if not found:
        out.print("没有将要沉默的客户；预警随每晚的评估更新，或现在运行 callbot audience assess")
        return
    table = folding("客户", "电话", "预警", "依据", lines=True)
    for each in found:
        table.add_row(
            escape(each.customer.name),
            each.customer.phone_masked,
            escape("\n".join(f"{tag.name}{f' {tag.value}' if tag.value else ''}" for tag in each.tags)),
            escape("\n".join(figures(tag.evidence) for tag in each.tags)),
        )
    out.print(table)
    out.print(f"共 {total:,} 位，显示 {len(found):,} 位；给他们建批次：callbot segment list 中的“流失预警”人群")
