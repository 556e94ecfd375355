"""`callbot customer import` and `callbot customer imports`: lists into the base, with progress, resumable."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from callbot.app import build_clock, build_scorer, open_database, open_vault
from callbot.audience.importing import Defaults, ImportReport, PartReport, Start, import_base
from callbot.audience.importing import Progress as Step
from callbot.audience.offer_sheet import import_offers
from callbot.audience.row_reading import Part
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china
from callbot.cli.output import err, explained, out, print_json, run
from callbot.errors import BadInput
from callbot.outreach.bulk_arrivals import conclude_arrivals
from callbot.settings import Settings, load_settings
from callbot.store import import_runs
from callbot.store.plain import plain
from callbot.store.tables import ImportRun

_SHOWN = 10
_STATES = {"running": "未完成", "done": "完成", "left": "已重来"}
_PARTS = {"customers": "客户", "orders": "订单", "events": "事件", "consents": "同意", "offers": "优惠"}


class Kind(StrEnum):
    """What a list holds."""

    CUSTOMERS = "customers"
    ORDERS = "orders"
    EVENTS = "events"
    CONSENTS = "consents"
    OFFERS = "offers"


def import_list(
    file: Annotated[Path, typer.Argument(help="CSV 或 JSONL，也可以是 .gz；或放这些名单的文件夹。")],
    kind: Annotated[
        Kind | None, typer.Option(help="名单里是什么；不写就是客户，或文件夹里的全部名单。")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="接着上次中断的地方导入。")] = False,
    again: Annotated[bool, typer.Option("--again", help="从头再读，即使导入过。")] = False,
    industry: Annotated[str, typer.Option(help="客户名单没有这一列时用。")] = "",
    brand: Annotated[str, typer.Option(help="客户名单没有这一列时用。")] = "",
    rejects: Annotated[
        Path | None, typer.Option(help="放被拒行的文件夹；不写就是数据文件夹里的 rejected。")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=0, help="除入库进程外，读名单的进程数。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """把名单导入客户库。好的行入库，坏的行逐行说明并写到文件里。

    退出码：0 全部导入，1 有被拒的行，2 名单不能用。
    """
    with explained():
        if resume and again:
            raise BadInput.one("--resume / --again", "一个是接着导，一个是从头导，不能同时用", "去掉其中一个")
        settings = load_settings()
        start = Start.RESUME if resume else Start.AGAIN if again else Start.FRESH
        if kind is Kind.OFFERS:
            count = run(_offers(settings, file))
            print_json({"offers": count}) if as_json else out.print(f"优惠 {count} 条")
            return
        report, concluded = run(
            _import(
                settings,
                file,
                Part(kind.value) if kind else None,
                start,
                Defaults(industry=industry, brand=brand),
                rejects or settings.data / "rejected",
                processes,
                quiet=as_json,
            )
        )
        if as_json:
            print_json({**_plain(report), "concluded": concluded})
        else:
            _show(report)
            if concluded:
                out.print(f"已按新的事件和订单更新 {concluded:,} 位客户的判断、标签、批次和跟进")
    if report.rejected:
        raise typer.Exit(1)


async def _offers(settings: Settings, file: Path) -> int:
    async with open_database(settings) as db:
        sheet = file / "offers.csv" if file.is_dir() else file
        return await import_offers(db, sheet, build_clock(settings).now())


async def _import(
    settings: Settings,
    file: Path,
    part: Part | None,
    start: Start,
    defaults: Defaults,
    rejects: Path,
    processes: int | None,
    *,
    quiet: bool,
) -> tuple[ImportReport, int]:
    """What became of the rows, and of how many customers the new events and orders were concluded from."""
    clock = build_clock(settings)
    async with open_database(settings) as db:
        with _bar(quiet) as bar:
            report = await import_base(
                db,
                open_vault(settings),
                file,
                clock.now(),
                part=part,
                defaults=defaults,
                rejects=rejects,
                start=start,
                processes=processes,
                progress=_advance(bar) if bar is not None else None,
            )
        with _spinner(quiet):
            concluded = await conclude_arrivals(db, clock, build_scorer(settings))
    return report, concluded


def _bar(quiet: bool) -> AbstractContextManager[Progress | None]:
    if quiet or not err.is_terminal:
        return nullcontext()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[rows]:,} 行"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )


def _spinner(quiet: bool) -> AbstractContextManager[object]:
    if quiet or not err.is_terminal:
        return nullcontext()
    return err.status("按新的事件和订单更新判断、标签、批次和跟进…")


def _advance(bar: Progress) -> Callable[[Step], None]:
    tasks: dict[Part, TaskID] = {}

    def advance(step: Step) -> None:
        if step.part not in tasks:
            tasks[step.part] = bar.add_task(_PARTS[step.part], total=step.size, rows=0)
        bar.update(tasks[step.part], completed=step.read, rows=step.rows)

    return advance


def _plain(report: ImportReport) -> dict[str, Any]:
    parts = {part.value: plain(summary) for part, summary in report.parts.items()}
    return {"parts": parts, "problems": [plain(problem) for problem in report.problems]}


def _show(report: ImportReport) -> None:
    for problem in report.problems[:_SHOWN]:
        err.print(f"[yellow]•[/] {escape(str(problem))}", soft_wrap=True)
    if len(report.problems) > _SHOWN:
        err.print("[dim]其余见被拒行的文件[/]")
    for part, summary in report.parts.items():
        out.print(_line(part, summary), soft_wrap=True)
        if summary.ignored_columns:
            out.print(f"  [dim]忽略的列：{escape('、'.join(summary.ignored_columns))}[/]", soft_wrap=True)
        if summary.rejected_file:
            out.print(f"  被拒的行：{escape(str(summary.rejected_file))}（改好后直接导入它）", soft_wrap=True)


def _line(part: Part, summary: PartReport) -> str:
    told = f"{_PARTS[part]} {escape(summary.source)}：{summary.rows:,} 行"
    told += (
        f"，新增 {summary.new:,}，更新 {summary.changed:,}"
        if part is Part.CUSTOMERS
        else f"，写入 {summary.new:,}"
    )
    told += f"，拒绝 {summary.rejected:,}"
    if summary.known_since:
        return f"{told}；这份文件已在 {_local(summary.known_since)} 导入，没有变化（--again 重读）"
    return f"{told}；从第 {summary.resumed_at} 行继续" if summary.resumed_at else told


def imports(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False) -> None:
    """列出导入过的名单，最新的在前。"""

    async def work() -> list[ImportRun]:
        async with open_database(load_settings()) as db, db.read() as session:
            return list(await import_runs.recent(session))

    with explained():
        found = run(work())
    if as_json:
        print_json([plain(each) for each in found])
        return
    if not found:
        out.print("还没有导入过。运行 callbot customer import FILE。")
        return
    table = folding("开始", "种类", "文件", "状态", "行", "新增", "更新", "拒绝")
    for each in found:
        table.add_row(
            f"{in_china(each.started_at):%m-%d %H:%M}",
            _PARTS[each.kind],
            escape(each.source),
            _STATES[each.state],
            *(f"{count:,}" for count in (each.rows, each.new, each.changed, each.rejected)),
        )
    out.print(table)
    for path in dict.fromkeys(each.rejects for each in found if each.rejects):
        out.print(f"被拒的行：{escape(path)}", soft_wrap=True)


def _local(at: datetime) -> str:
    return f"{in_china(at):%Y-%m-%d %H:%M}"
