"""`callbot segment`: named groups of customers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.audience import segments
from callbot.audience.tags.parse import parse
from callbot.cli.conditions import pointed, preview_json, print_preview
from callbot.cli.named_conditions import list_conditions, show_condition
from callbot.cli.output import explained, out, print_json, run, tell
from callbot.cli.who import whoever
from callbot.clock import SystemClock
from callbot.settings import load_settings
from callbot.store import segments as rows
from callbot.store.tables import Segment

app = typer.Typer(add_completion=False, help="人群：有名字的一群客户，用来做批次。", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="人群名称。")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。")]
_TERMS = {
    "name": "策略",
    "whom": "对谁",
    "when": "何时",
    "what": "给什么",
    "channel": "渠道",
    "wording": "怎么说",
    "offers": "优惠",
}


@app.command()
def create(
    name: Name,
    condition: Annotated[str, typer.Argument(help='例如：last_order_days in 90..180 and tier == "高价值"')],
    by: Annotated[str, typer.Option(help="谁创建的；不写就用系统账户名。")] = "",
    as_json: AsJson = False,
) -> None:
    """创建或修改人群，并说明现在有多少人。"""
    with explained(), pointed(condition):
        parse(condition)
        now = SystemClock().now()

        async def work() -> segments.Preview:
            async with open_database(load_settings()) as db:
                await segments.save(db, name, condition, now, by=whoever(by))
                return await segments.preview(db, parse(condition), now, examples=0)

        found = run(work())
    if as_json:
        print_json(preview_json(found))
        return
    out.print(f"人群 [bold]{escape(name)}[/]")
    print_preview(found)


@app.command("list")
def list_segments(as_json: AsJson = False) -> None:
    """列出人群，策略优先的在前。"""
    list_conditions(
        rows.segments,
        title="人群",
        none="还没有人群：callbot segment create 名称 '条件'，或 callbot pack install",
        more={
            "策略": lambda segment: str(segment.strategy.get("name", "—")),
            "优先": lambda segment: str(segment.priority),
        },
        as_json=as_json,
    )


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """查看一个人群：条件、解释和策略的每一项。"""
    show_condition(lambda session: segments.find(session, name), more=_strategy, as_json=as_json)


def _strategy(segment: Segment) -> Iterator[tuple[str, str]]:
    for key, title in _TERMS.items():
        if value := segment.strategy.get(key):
            yield title, "、".join(value) if isinstance(value, list) else str(value)


@app.command()
def preview(
    name: Name,
    examples: Annotated[int, typer.Option(min=0, max=100, help="举多少例。")] = 5,
    as_json: AsJson = False,
) -> None:
    """数一数人群里现在有谁，并举例说明依据的数字。"""

    async def work() -> segments.Preview:
        async with open_database(load_settings()) as db:
            async with db.read() as session:
                found = await segments.find(session, name)
            return await segments.preview(db, parse(found.expression), SystemClock().now(), examples=examples)

    with explained():
        found = run(work())
    if as_json:
        print_json(preview_json(found))
    else:
        print_preview(found)


@app.command()
def delete(name: Name, as_json: AsJson = False) -> None:
    """删除人群；用它做过的批次保留客户。"""

    async def work() -> None:
        async with open_database(load_settings()) as db, db.write() as session:
            await session.delete(await segments.find(session, name))

    with explained():
        run(work())
    tell(as_json, {"deleted": name}, f"已删除人群 {escape(name)}")
