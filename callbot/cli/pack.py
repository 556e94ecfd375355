"""`callbot pack`: scenario packs: what is known of an industry as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from callbot.app import build_flows, open_database
from callbot.audience.packs.install import Installed, install
from callbot.audience.packs.loading import load_pack, load_packs, shipped
from callbot.audience.packs.pack import Pack
from callbot.audience.tags.explain import explain
from callbot.audience.tags.parse import parse
from callbot.cli.conditions import folding
from callbot.cli.output import explained, out, print_json, run
from callbot.cli.who import whoever
from callbot.clock import SystemClock
from callbot.errors import BadInput, Problem
from callbot.outreach.sequence_file import read_touches
from callbot.outreach.sequences import touches_as_plain
from callbot.settings import Settings, load_settings
from callbot.store.packs import all_installed
from callbot.store.plain import plain
from callbot.store.tables import ScenarioPack

app = typer.Typer(add_completion=False, help="行业包：一个行业的人群、策略、优惠和规则。", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。")]
Industry = Annotated[str, typer.Argument(help="ecommerce、aesthetics、education 或 finance。")]


@app.command("list")
def list_packs(as_json: AsJson = False) -> None:
    """列出行业包和已安装的版本。"""

    async def installed() -> dict[str, ScenarioPack]:
        async with open_database(settings) as db, db.read() as session:
            return {each.industry: each for each in await all_installed(session)}

    with explained():
        settings = load_settings()
        packs = _packs(settings)
        known = run(installed())
    if as_json:
        print_json(
            [
                {
                    "industry": pack.industry,
                    "title": pack.title,
                    "version": pack.version,
                    "installed": known[name].version if name in known else None,
                    "source": str(pack.source),
                }
                for name, pack in packs.items()
            ]
        )
        return
    table = Table("行业包", "名称", "版本", "已安装", "人群", "标签", "优惠", "文件")
    for name, pack in packs.items():
        table.add_row(
            name,
            escape(pack.title),
            str(pack.version),
            str(known[name].version) if name in known else "—",
            str(len(pack.segments)),
            str(len(pack.tags)),
            str(len(pack.offers)),
            escape(pack.source.name),
        )
    out.print(table)


@app.command()
def show(industry: Industry, as_json: AsJson = False) -> None:
    """查看一个行业包：每个人群的条件和策略。"""
    with explained():
        pack = _pack(load_settings(), industry)
    if as_json:
        print_json(plain(pack))
        return
    line = pack.silence
    out.print(f"[bold]{escape(pack.title)}[/] {pack.industry} 第 {pack.version} 版  流程 {escape(pack.flow)}")
    out.print(
        f"  沉默：{line.purchase_days} 天未购买或 {line.interaction_days} 天无互动；"
        f"再过 {line.continued_after} 天为连续沉默，{line.deep_after} 天为深度沉默",
        soft_wrap=True,
    )
    table = folding("人群", "条件", "策略", "给什么", "怎么说", lines=True)
    for each in sorted(pack.segments, key=lambda each: -each.priority):
        terms = each.strategy
        table.add_row(
            escape(each.name),
            escape(explain(parse(each.condition))),
            f"{terms.name}\n{terms.channel}",
            escape("\n".join([terms.what, *terms.offers])),
            escape(terms.wording),
        )
    out.print(table)
    for tag in pack.tags:
        out.print(f"  标签 {escape(tag.name)}：{escape(explain(parse(tag.condition)))}", soft_wrap=True)


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="行业包文件或文件夹；不写就检查全部生效的。")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """检查行业包文件：格式、条件、优惠、流程和序列，每个错误都给出行号。"""
    with explained():
        settings = load_settings()
        found: list[Pack] = []
        problems: list[Problem] = []
        for path in files or [*_folders(settings)]:
            try:
                found += load_packs(path).values() if path.is_dir() else [load_pack(path)]
                for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
                    read_touches(file)
            except BadInput as bad:
                problems += bad.problems
        try:
            for pack in found:
                _check_flow(pack)
        except BadInput as bad:
            problems += bad.problems
        if problems:
            raise BadInput(list(dict.fromkeys(problems)))
    if as_json:
        print_json([{"industry": pack.industry, "version": pack.version} for pack in found])
        return
    for pack in found:
        out.print(
            f"[green]✓[/] {pack.industry} v{pack.version} · {escape(pack.title)} · "
            f"{len(pack.segments)} 个人群 · {len(pack.tags)} 条标签规则 · {len(pack.offers)} 个优惠"
        )


@app.command("install")
def install_packs(
    industries: Annotated[list[str], typer.Argument(help="行业，或 all。")],
    by: Annotated[str, typer.Option(help="谁安装的；不写就用系统账户名。")] = "",
    as_json: AsJson = False,
) -> None:
    """安装行业包：人群、标签规则、优惠、沉默规则、触达序列。同一版本不作改动。"""

    async def work() -> list[Installed]:
        now = SystemClock().now()
        async with open_database(settings) as db:
            return [
                await install(db, pack, now, by=whoever(by), touches=touches_as_plain(sequences[pack.industry]))
                for pack in wanted
            ]

    with explained():
        settings = load_settings()
        names = list(_packs(settings)) if industries == ["all"] else industries
        wanted = [_pack(settings, name) for name in names]
        for pack in wanted:
            _check_flow(pack)
        sequences = {pack.industry: read_touches(pack.source) for pack in wanted}
        done = run(work())
    if as_json:
        print_json(plain(done))
        return
    for each in done:
        if each.changed:
            out.print(
                f"[green]✓[/] {each.industry} v{each.version}：{each.segments} 个人群，"
                f"{each.tags} 条标签规则，{each.offers} 个优惠"
            )
        else:
            out.print(f"{each.industry} v{each.version} 已安装，没有改动")
    if any(each.changed for each in done):
        out.print("新的沉默规则与标签从下一次评估起生效；马上应用标签：callbot tag apply")


def _folders(settings: Settings) -> tuple[Path, ...]:
    return (shipped(), settings.packs) if settings.packs else (shipped(),)


def _packs(settings: Settings) -> dict[str, Pack]:
    return load_packs(*_folders(settings))


def _pack(settings: Settings, industry: str) -> Pack:
    packs = _packs(settings)
    if industry not in packs:
        raise BadInput.one(f"行业包 {industry}", "没有这个行业包", f"可以写：{'、'.join(packs)}")
    return packs[industry]


def _check_flow(pack: Pack) -> None:
    flows = build_flows()
    if pack.flow not in flows:
        raise BadInput.one(
            f"{pack.source} flow", f"没有流程 {pack.flow}", f"可以写：{'、'.join(sorted(flows))}"
        )
