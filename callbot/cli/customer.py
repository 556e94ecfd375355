"""`callbot customer`: what is known of a person, and what a call changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.audience.segments import memberships
from callbot.audience.terms import Membership
from callbot.cli.conditions import figures, folding
from callbot.cli.customer_import import import_list, imports
from callbot.cli.gauge import gauge_line
from callbot.cli.moments import in_china
from callbot.cli.output import explained, out, print_json, run
from callbot.cli.promise import promise_rows
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.insight import words
from callbot.insight.script import clock
from callbot.outreach.ask import budget_of
from callbot.outreach.budget import Budget
from callbot.settings import load_settings
from callbot.store import overview
from callbot.store.customers import load_history
from callbot.store.plain import plain

app = typer.Typer(add_completion=False, help="客户：导入、画像、标签、跟进。", no_args_is_help=True)


app.command("import")(import_list)
app.command("imports")(imports)


@app.callback()
def group() -> None:
    """客户和关于他们的已知情况。"""


@app.command()
def show(
    customer: Annotated[str, typer.Argument(help="客户的编号、外部编号，或没有重名的姓名。")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """查看一位客户：评估、标签、同意记录、通话、跟进、勿扰。"""
    with explained():
        sheet, left, groups = run(_sheet(customer))
        if as_json:
            print_json({**plain(sheet), "budget": plain(left), "segments": plain(groups)})
        else:
            print_sheet(sheet, left, groups)


async def _sheet(key: str) -> tuple[overview.CustomerSheet, Budget, tuple[Membership, ...]]:
    async with open_database(load_settings()) as db:
        async with db.read() as session:
            sheet = await overview.customer_sheet(session, key)
        if sheet is None:
            raise BadInput.one(f"客户 {key}", "没有这位客户，或同名的不止一位", "写客户编号")
        person, now = sheet.customer, SystemClock().now()
        async with db.read() as session:
            history = await load_history(session, person.id, tags=True)
            groups = await memberships(session, history, now) if history else ()
        return sheet, await budget_of(db, person.id, person.industry, now), groups


def print_sheet(sheet: overview.CustomerSheet, left: Budget, groups: Sequence[Membership]) -> None:
    """The customer's sheet on standard output."""
    person = sheet.customer
    out.print(
        f"[bold]{escape(person.name)}[/] {person.phone_masked}  {escape(person.brand)}  [dim]{person.id}[/]"
    )
    facts = {
        "沉默阶段": person.stage,
        "沉默原因": person.reason,
        "分层": person.segment,
        "策略": person.strategy,
        "评估": ""
        if person.assessed_at
        else "尚未评估：callbot serve 每晚评估，或现在运行 callbot audience assess",
        "优先级": f"{person.priority}（{person.assessment.get('priority', '')}）" if person.assessed_at else "",
        "号码": "" if person.number_valid else f"无效：{person.number_note}",
        "低优先级": "是" if person.low_priority else "",
        "下次触达": f"{in_china(person.next_touch_at):%Y-%m-%d %H:%M}" if person.next_touch_at else "",
        "不打扰至": f"{in_china(person.no_touch_until):%Y-%m-%d %H:%M}" if person.no_touch_until else "",
        "投诉暂停至": f"{in_china(person.complaint_pause_until):%Y-%m-%d %H:%M}"
        if person.complaint_pause_until
        else "",
        "同意": "" if sheet.consents else "没有同意记录，不能做营销联系",
        "打扰额度": gauge_line(left),
        "勿扰": "；".join(
            f"{words.word(words.SCOPES, row.scope)}：“{row.words}”" for row in sheet.do_not_contact
        ),
    }
    for name, value in facts.items():
        if value:
            out.print(f"  {name}  {escape(value)}", soft_wrap=True)
    _table(
        "标签",
        ("标签", "值", "规则", "依据"),
        [(tag.name, tag.value, tag.rule, figures(tag.evidence)) for tag in sheet.tags],
    )
    _table(
        "人群",
        ("人群", "策略", "依据"),
        [(each.segment, each.terms.name if each.terms else "", figures(each.figures)) for each in groups],
    )
    _table(
        "同意记录",
        ("用途", "同意", "时间", "文本版本", "渠道", "凭证"),
        [
            (
                words.word(words.PURPOSES, row.purpose),
                "是" if row.granted else "已撤回",
                f"{in_china(row.at):%Y-%m-%d}",
                row.text_version or "—",
                row.channel or "—",
                row.evidence or "无凭证，营销不算数",
            )
            for row in sheet.consents
        ],
    )
    _table(
        "通话",
        ("通话", "开始", "时长", "结果"),
        [
            (
                call.id,
                f"{in_china(call.started_at):%m-%d %H:%M}",
                clock(call.duration_ms),
                words.word(words.OUTCOMES, call.outcome),
            )
            for call in sheet.calls
        ],
    )
    _table(
        "拨打",
        ("序号", "状态", "结果", "原因"),
        [
            (
                str(attempt.seq),
                words.word(words.STATES, attempt.state),
                words.word(words.OUTCOMES, attempt.outcome),
                words.word(words.CAUSES, attempt.cause),
            )
            for attempt in sheet.attempts
        ],
    )
    _table(
        "待办",
        ("编号", "事项", "负责人", "期限", "状态", "说明"),
        [
            (
                item.id,
                words.word(words.FOLLOW_UPS, item.kind),
                item.claimed_by or words.word(words.OWNERS, item.owner),
                f"{in_china(item.due_at):%m-%d %H:%M}",
                words.word(words.STATES, item.state)
                + (f"（{words.FAILED[item.failed]}）" if item.failed else ""),
                item.note,
            )
            for item in sheet.follow_ups
        ],
    )
    _table("承诺", ("承诺", "原话", "负责人", "期限", "状态"), promise_rows(sheet.promises))
    _table(
        "投诉",
        ("工单", "状态", "答复期限", "原话", "答复", "补偿"),
        [
            (
                case.id,
                "待答复" if case.state == "open" else words.word(words.STATES, case.state),
                f"{in_china(case.answer_due_at):%m-%d %H:%M}",
                case.words,
                case.answer or "—",
                case.compensation_code or "—",
            )
            for case in sheet.cases
        ],
    )
    _table(
        "触达序列",
        ("序列", "版本", "状态", "下一步"),
        [
            (
                run_.name,
                str(run_.version),
                words.word(words.STATES, run_.state)
                + (f"（{words.word(words.STOPS, run_.stopped_by)}）" if run_.stopped_by else ""),
                f"{in_china(run_.next_touch_at):%m-%d %H:%M}" if run_.next_touch_at else "—",
            )
            for run_ in sheet.sequences
        ],
    )
    _table(
        "激活",
        ("时间", "行为", "此前触达"),
        [
            (
                f"{in_china(one.at):%m-%d %H:%M}",
                words.word(words.EVENTS, one.kind),
                f"{in_china(one.contact_at):%m-%d %H:%M}",
            )
            for one in sheet.activations
        ],
    )
    _table(
        "当场记录",
        ("类别", "原话"),
        [(words.word(words.JOURNAL, row.kind), row.words) for row in sheet.journal],
    )


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    table = folding(*columns)
    table.title, table.title_justify = title, "left"
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)
