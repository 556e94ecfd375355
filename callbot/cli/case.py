"""`callbot case`: complaints, until somebody has answered them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.acting import act
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china
from callbot.cli.output import explained, out, print_json, run
from callbot.cli.who import whoever
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.insight import words
from callbot.outreach import complaints
from callbot.settings import load_settings
from callbot.store import cases
from callbot.store.offers import valid_offers
from callbot.store.plain import plain
from callbot.store.tables import ComplaintCase, OfferRow

app = typer.Typer(add_completion=False, help="投诉工单：列出、查看、答复、补偿、关闭。", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="工单编号，或它的结尾几位。")]
By = Annotated[str, typer.Option(help="谁做的；不写就用系统账户名。")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON。")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="连已关闭的也列出。")] = False,
    as_json: Json = False,
) -> None:
    """列出投诉，最先到答复期限的在前。"""
    now = SystemClock().now()
    states = ("open", "answered", "closed") if everything else ("open", "answered")

    async def work() -> list[cases.ListedCase]:
        async with open_database(load_settings()) as db, db.read() as session:
            return await cases.listing(session, states=states)

    with explained():
        found = run(work())
    if as_json:
        print_json(plain(found))
        return
    if not found:
        out.print("没有投诉工单。")
        return
    table = folding("工单", "客户", "原话", "状态", "负责人", "答复期限", "补偿")
    for line in found:
        case = line.case
        late = case.state == "open" and case.answer_due_at <= now
        due = f"{in_china(case.answer_due_at):%m-%d %H:%M}"
        table.add_row(
            case.id,
            f"{escape(line.name)} {line.phone_masked}",
            escape(case.words),
            state_of(case),
            escape(words.word(words.OWNERS, case.owner)),
            f"[red]{due} 已超时[/]" if late else due,
            escape(case.compensation_code or "—"),
        )
    out.print(table)


@app.command()
def show(case: Id, as_json: Json = False) -> None:
    """查看一张投诉工单：通话、答复、可以给的补偿。"""

    async def work() -> tuple[cases.ListedCase, list[OfferRow]]:
        async with open_database(load_settings()) as db, db.read() as session:
            found = await cases.get(session, case)
            if found is None:
                raise BadInput.one(f"工单 {case}", "没有这张工单，或不止一张", "callbot case list 列出工单")
            offers = await valid_offers(session, found.industry, SystemClock().now(), compensation=True)
            return found, offers

    with explained():
        found, offers = run(work())
    if as_json:
        print_json({**plain(found), "may_be_given": plain(offers)})
        return
    row = found.case
    out.print(f"[bold]{escape(found.name)}[/] {found.phone_masked}  {state_of(row)}  [dim]{row.id}[/]")
    out.print(f"  原话  “{escape(row.words)}”")
    out.print(f"  通话  {row.call_id or '—'}（callbot call show）")
    out.print(
        f"  开立  {in_china(row.opened_at):%Y-%m-%d %H:%M}，"
        f"答复期限 {in_china(row.answer_due_at):%Y-%m-%d %H:%M}"
    )
    out.print(f"  负责人  {escape(words.word(words.OWNERS, row.owner))}")
    if row.escalated_at:
        out.print(f"  [red]{in_china(row.escalated_at):%Y-%m-%d %H:%M} 因超时未答复转主管[/]")
    if row.answered_at:
        out.print(
            f"  答复  {escape(row.answer)}（{escape(row.answered_by)}，"
            f"{in_china(row.answered_at):%m-%d %H:%M}）"
        )
    if row.compensation_code:
        given = f"{row.compensation_code} 第 {row.compensation_version} 版（{row.compensated_by}）"
        out.print(f"  补偿  {escape(given)}")
    elif row.state != "closed":
        codes = "、".join(f"{offer.code}（{offer.title}）" for offer in offers)
        out.print(f"  可补偿  {escape(codes) or '优惠表里没有可用的补偿'}")


@app.command()
def answer(
    case: Id,
    text: Annotated[str, typer.Option(help="告诉了客户什么。")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """记下给客户的答复。"""
    act(lambda db, now: complaints.answer(db, case, by=whoever(by), text=text, now=now), as_json, _told)


@app.command()
def compensate(
    case: Id,
    code: Annotated[str, typer.Option(help="标为补偿的优惠编号。")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """给优惠表里的一条补偿，库存减一。"""
    act(lambda db, now: complaints.compensate(db, case, code=code, by=whoever(by), now=now), as_json, _told)


@app.command()
def close(case: Id, by: By = "", as_json: Json = False) -> None:
    """关闭已答复的投诉。"""
    act(lambda db, now: complaints.close(db, case, by=whoever(by), now=now), as_json, _told)


def state_of(case: ComplaintCase) -> str:
    """The state in a word; an open case waits for its answer."""
    return "待答复" if case.state == "open" else words.word(words.STATES, case.state)


def _told(row: ComplaintCase) -> str:
    given = f"，已补偿 {row.compensation_code}" if row.compensation_code else ""
    return f"工单 {row.id}：{state_of(row)}{given}"
