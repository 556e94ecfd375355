"""`callbot audience assess`: judge the whole base now, and who went quiet and why."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from callbot.app import build_scorer, open_database
from callbot.audience.assessing import assess_base
from callbot.audience.reasons import Reason
from callbot.audience.silence import Stage
from callbot.cli.conditions import folding
from callbot.cli.output import err, explained, out, print_json, run
from callbot.clock import SystemClock
from callbot.settings import load_settings
from callbot.store.overview import quiet_counts


def assess_all(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False) -> None:
    """现在就评估整个客户库，和 callbot serve 每晚一样：谁沉默了，为什么。"""
    with explained():
        count, counts = run(_judge())
    if as_json:
        found = [
            {"stage": stage, "reason": reason, "customers": number}
            for (stage, reason), number in counts.items()
        ]
        print_json({"assessed": count, "groups": found})
        return
    reasons = [reason for reason in Reason if any(at[1] == reason for at in counts)]
    table = folding("沉默阶段", *reasons, "合计")
    for stage in Stage:
        row = [counts[stage, reason] for reason in reasons]
        if any(row):
            table.add_row(stage, *(f"{number:,}" for number in row), f"{sum(row):,}")
    if table.row_count:
        out.print(table)
    out.print(f"已评估 {count:,} 位客户；单独看一位：callbot customer show CUSTOMER")


async def _judge() -> tuple[int, Counter[tuple[str, str]]]:
    settings = load_settings()
    async with open_database(settings) as db:
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        ) as bar:
            task = bar.add_task("评估")
            count = await assess_base(
                db,
                SystemClock(),
                scorer=build_scorer(settings),
                progress=lambda done: bar.update(task, description=f"已评估 {done:,} 位"),
            )
        async with db.read() as session:
            return count, await quiet_counts(session)
