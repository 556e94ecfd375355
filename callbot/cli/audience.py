"""`callbot audience`: how likely customers are to come back, why, and whether a model says it better."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from callbot.app import build_scorer, open_database, score_folder
from callbot.audience.assess import Assessment, assess
from callbot.audience.profile import profile_of
from callbot.audience.score.gathering import gather, question
from callbot.audience.score.model import save_model
from callbot.audience.score.report import CAME, TITLES, LineReport, Report, name_of, save_report
from callbot.audience.score.snapshots import Asked, Examples, Question, Returns
from callbot.cli.audience_assess import assess_all
from callbot.cli.audience_warnings import warnings
from callbot.cli.output import err, explained, out, print_json, run
from callbot.clock import SystemClock
from callbot.errors import BadInput, Problem
from callbot.settings import load_settings
from callbot.store import overview
from callbot.store.customers import load_history

app = typer.Typer(add_completion=False, help="人群：谁可能回来，谁将要流失。", no_args_is_help=True)


app.command("assess")(assess_all)
app.command("warnings")(warnings)


@app.callback()
def group() -> None:
    """谁可能回来，谁将要流失。"""


@app.command()
def train(
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="不看这一天之后的记录；不写就看到最后一条。"),
    ] = None,
    horizon_days: Annotated[int, typer.Option(min=7, max=180, help="多少天内回来算回来。")] = 30,
    returns: Annotated[Returns, typer.Option(help="什么算回来：使用服务，或下单。")] = Returns.ANY,
    customers: Annotated[int, typer.Option(min=100, help="每个行业最多用多少客户训练。")] = 20_000,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="放模型和报告的文件夹；不写就用数据文件夹里的。")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出报告。")] = False,
) -> None:
    """用客户库自己的历史训练模型；模型只在胜过打分卡的行业里启用。"""
    with explained():
        settings = load_settings()
        folder = out_dir or score_folder(settings)

        async def read() -> tuple[Asked, datetime, dict[Question, dict[str, Examples]]]:
            async with open_database(settings) as db:
                asked, last = await question(
                    db, until=until.date() if until else None, horizon_days=horizon_days, returns=returns
                )
                with Progress(console=err, transient=True, disable=as_json) as progress:
                    task = progress.add_task("读取历史", total=None)
                    found = await gather(
                        db,
                        asked,
                        most=customers,
                        on_progress=lambda done, total: progress.update(task, completed=done, total=total),
                    )
            return asked, last, found

        asked, last, base = run(read())
        # scikit-learn is slow to import and needed nowhere else.
        from callbot.audience.score.training import train as learn

        model, report = learn(base, asked, last)
        if not any(line.enough for line in report.lines):
            cure = "导入更多客户或更长的历史；在此之前由规则评分，原有模型没有改动"
            raise BadInput(
                [
                    Problem(where=f"{TITLES[line.about]}，{name_of(line.industry)}", what=line.why, cure=cure)
                    for line in report.lines
                    if line.about == Question.WAKE
                ]
            )
        file = save_model(model, folder)
        page, _ = save_report(report, folder)
    if as_json:
        print_json({**asdict(report), "files": {"model": file, "report": page}})
        return
    _print(report)
    out.print(f"模型 {escape(str(file))}\n报告 {escape(str(page))}", soft_wrap=True)
    if folder == score_folder(settings):
        out.print("从下一次评估起生效。")


@app.command()
def score(
    customer: Annotated[str, typer.Argument(help="客户的编号、外部编号，或没有重名的姓名。")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """解释一位客户：唤回概率、排队位置、流失风险。"""
    with explained():
        found, name = run(_assessed(customer))
    if as_json:
        print_json(
            {
                "customer": found.customer_id,
                "at": found.at.isoformat(),
                "stage": found.stage,
                "probability": found.score.probability,
                "model": found.score.model,
                "because": found.score.because,
                "priority": found.priority.score,
                "risk": asdict(found.risk) if found.risk else None,
            }
        )
        return
    out.print(f"[bold]{escape(name)}[/]  {found.stage}：{escape(found.silence.rule)}", soft_wrap=True)
    out.print(f"  唤回  {escape(found.score.because)}", soft_wrap=True)
    out.print(f"  评分  {found.score.model}；优先级 {found.priority.score} / 1000")
    if found.risk:
        warning = "，早期预警" if found.risk.early_warning else ""
        out.print(f"  流失  {found.risk.level}{warning}：{escape(found.risk.because)}", soft_wrap=True)


async def _assessed(key: str) -> tuple[Assessment, str]:
    settings = load_settings()
    async with open_database(settings) as db, db.read() as session:
        sheet = await overview.customer_sheet(session, key)
        history = await load_history(session, sheet.customer.id) if sheet else None
    if history is None:
        raise BadInput.one(f"客户 {key}", "没有这位客户，或同名的不止一位", "写客户编号")
    judged = assess(profile_of(history), SystemClock().now().astimezone(UTC), build_scorer(settings))
    return judged, history.customer.name


def _print(report: Report) -> None:
    moments = f"{report.moments[0]} 至 {report.moments[-1]}"
    out.print(f"{len(report.moments)} 个时点（{moments}），各看此后 {report.horizon_days} 天", soft_wrap=True)
    table = Table("问题", "业务线", "比较例数", "发生", "规则 AUC", "模型 AUC", "由谁评分")
    for line in report.lines:
        table.add_row(*_row(line))
    out.print(table)
    for line in report.lines:
        out.print(f"  {TITLES[line.about]}，{name_of(line.industry)}：{escape(line.why)}", soft_wrap=True)


def _row(line: LineReport) -> tuple[str, ...]:
    head = (TITLES[line.about], name_of(line.industry), str(line.test.rows))
    who = "[green]模型[/]" if line.takes_over else "规则评分"
    if line.duel is None:
        return *head, "—", "—", "—", who
    return (
        *head,
        f"{line.test.came / line.test.rows:.0%} {CAME[line.about]}",
        f"{line.duel.points.auc.value:.3f}",
        f"{line.duel.learned.auc.value:.3f}",
        who,
    )
