"""`callbot tag`: conditions under which customers carry a tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.audience import segments
from callbot.audience.tags import apply, rules
from callbot.audience.tags.explain import explain as in_chinese
from callbot.audience.tags.parse import parse
from callbot.audience.tags.words import NUMBERS, TESTS, TRAITS
from callbot.cli.conditions import folding, pointed, preview_json, print_preview
from callbot.cli.moments import in_china
from callbot.cli.named_conditions import list_conditions, show_condition
from callbot.cli.output import explained, out, print_json, run, tell
from callbot.cli.who import whoever
from callbot.clock import SystemClock
from callbot.settings import load_settings
from callbot.store import segments as rows
from callbot.store.plain import plain
from callbot.store.tables import TagRule

app = typer.Typer(add_completion=False, help="标签工厂：用自己写的条件给客户打标签。", no_args_is_help=True)

Condition = Annotated[str, typer.Argument(help='例如：logins(6m) < 3 and holds("金融产品")')]
Which = Annotated[str, typer.Argument(help="规则名称，或一个条件。")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="标签名称。")],
    condition: Condition,
    by: Annotated[str, typer.Option(help="谁创建的；不写就用系统账户名。")] = "",
    as_json: AsJson = False,
) -> None:
    """创建或修改标签规则并立即应用；以后每晚再应用。"""
    with explained(), pointed(condition):
        parse(condition)
        now = SystemClock().now()

        async def work() -> apply.Applied:
            async with open_database(load_settings()) as db:
                rule = await rules.save(db, name, condition, now, by=whoever(by))
                return await apply.apply_rule(db, rule, now)

        done = run(work())
    if as_json:
        print_json(plain(done))
        return
    out.print(f"标签 [bold]{escape(name)}[/]：{escape(in_chinese(parse(condition)))}", soft_wrap=True)
    out.print(f"{done.matched:,} 位客户带有此标签")


@app.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """列出标签规则和各有多少客户。"""
    list_conditions(
        rows.tag_rules,
        title="标签",
        none="还没有标签规则：callbot tag create 名称 '条件'，或 callbot pack install",
        more={
            "人数": lambda rule: "—" if rule.matched is None else f"{rule.matched:,}",
            "最近应用": lambda rule: f"{in_china(rule.applied_at):%m-%d %H:%M}" if rule.applied_at else "—",
        },
        as_json=as_json,
    )


@app.command()
def show(name: Annotated[str, typer.Argument(help="规则名称。")], as_json: AsJson = False) -> None:
    """查看一条规则：条件、解释、版本、谁写的。"""
    show_condition(lambda session: rules.find(session, name), more=_applied, as_json=as_json)


def _applied(rule: TagRule) -> Iterator[tuple[str, str]]:
    if rule.applied_at:
        yield "人数", f"{rule.matched:,}（{in_china(rule.applied_at):%Y-%m-%d %H:%M}）"


@app.command()
def explain(which: Which, as_json: AsJson = False) -> None:
    """用中文说明条件的意思，或指出哪里写错。"""
    with explained():
        expression = run(_expression(which))
        with pointed(expression):
            meaning = in_chinese(parse(expression))
        if as_json:
            print_json({"expression": expression, "meaning": meaning})
        else:
            out.print(escape(meaning), soft_wrap=True)


@app.command()
def preview(
    which: Which,
    examples: Annotated[int, typer.Option(min=0, max=100, help="举多少例。")] = 5,
    as_json: AsJson = False,
) -> None:
    """数一数现在谁符合条件，并举例说明数字；什么都不改变。"""

    async def work() -> segments.Preview:
        async with open_database(load_settings()) as db:
            return await segments.preview(db, parse(expression), SystemClock().now(), examples=examples)

    with explained():
        expression = run(_expression(which))
        with pointed(expression):
            found = run(work())
    if as_json:
        print_json(preview_json(found))
    else:
        print_preview(found)


@app.command("apply")
def apply_rules(
    name: Annotated[str, typer.Argument(help="只应用这条规则；不写就是全部。")] = "",
    as_json: AsJson = False,
) -> None:
    """现在就应用规则，和每晚一样。"""

    async def work() -> list[apply.Applied]:
        now = SystemClock().now()
        async with open_database(load_settings()) as db:
            if not name:
                return await apply.apply_all(db, now)
            async with db.read() as session:
                rule = await rules.find(session, name)
            return [await apply.apply_rule(db, rule, now)]

    with explained():
        done = run(work())
    if as_json:
        print_json(plain(done))
        return
    for each in done:
        out.print(
            f"{escape(each.name)}：{each.matched:,} 位，新增或更新 {each.changed:,}，移除 {each.dropped:,}"
        )
    if not done:
        out.print("没有标签规则")


@app.command()
def delete(name: Annotated[str, typer.Argument(help="规则名称。")], as_json: AsJson = False) -> None:
    """删除规则，并取下所有客户的这个标签。"""

    async def work() -> int:
        async with open_database(load_settings()) as db:
            return await rules.delete(db, name)

    with explained():
        carried = run(work())
    done = f"已删除标签 {escape(name)}，从 {carried:,} 位客户身上移除"
    tell(as_json, {"deleted": name, "carried": carried}, done)


@app.command()
def words(as_json: AsJson = False) -> None:
    """列出条件里可以用的词。"""
    lines = [
        *(
            (f"{each.name}{'(6m)' if each.counts else ''} < 3", each.title, each.also, each.unit)
            for each in NUMBERS
        ),
        *((f'{each.name} == "{next(iter(each.choices), "…")}"', each.title, each.also, "") for each in TRAITS),
        *(
            (f'{each.name}("{next(iter(each.choices), "…")}")', each.yes.format("…"), each.also, "")
            for each in TESTS
        ),
    ]
    if as_json:
        print_json([dict(zip(("example", "meaning", "also", "unit"), line, strict=True)) for line in lines])
        return
    table = folding("写法", "含义", "也可写", "单位")
    for example, meaning, also, unit in lines:
        table.add_row(escape(example), meaning, "、".join(also), unit)
    out.print(table)


async def _expression(which: str) -> str:
    """The condition of the rule of this name, or the text itself."""
    async with open_database(load_settings()) as db, db.read() as session:
        rule = await rows.tag_rule(session, which)
    return rule.expression if rule else which
