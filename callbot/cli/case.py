"""`callbot case`: complaints, until somebody has answered them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
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
from callbot.store.database import Database
from callbot.store.offers import valid_offers
from callbot.store.plain import plain
from callbot.store.tables import ComplaintCase, OfferRow

app = typer.Typer(help="Complaint cases: list, show, answer, compensate, close.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Id of the case, or the end of it.")]
By = Annotated[str, typer.Option(help="Who does this; the name of the account without.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also the closed ones.")] = False,
    as_json: Json = False,
) -> None:
    """Complaints, the one whose answer is due first on top."""
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
    """One complaint, its call, its answer, and what may be given for it."""

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
    text: Annotated[str, typer.Option(help="What the customer was told.")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """Note the answer that the customer got."""
    _act(lambda db, now: complaints.answer(db, case, by=whoever(by), text=text, now=now), as_json)


@app.command()
def compensate(
    case: Id,
    code: Annotated[str, typer.Option(help="Code of an offer marked as compensation.")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """Give one row of the offer sheet for it; its stock goes down by one."""
    _act(lambda db, now: complaints.compensate(db, case, code=code, by=whoever(by), now=now), as_json)


@app.command()
def close(case: Id, by: By = "", as_json: Json = False) -> None:
    """Close a complaint that was answered."""
    _act(lambda db, now: complaints.close(db, case, by=whoever(by), now=now), as_json)


def state_of(case: ComplaintCase) -> str:
    """The state in a word; an open case waits for its answer."""
    return "待答复" if case.state == "open" else words.word(words.STATES, case.state)


def _act(work: Callable[[Database, datetime], Awaitable[ComplaintCase]], as_json: bool) -> None:
    async def act() -> ComplaintCase:
        async with open_database(load_settings()) as db:
            return await work(db, SystemClock().now())

    with explained():
        row = run(act())
    if as_json:
        print_json(plain(row))
    else:
        given = f"，已补偿 {row.compensation_code}" if row.compensation_code else ""
        out.print(f"工单 {row.id}：{state_of(row)}{given}")
