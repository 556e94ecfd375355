"""`callbot followup`: what has to happen after a contact, and who does it."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.acting import act
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china, moment_of
from callbot.cli.output import explained, out, print_json, run
from callbot.cli.who import whoever
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.insight import words
from callbot.outreach import tasks
from callbot.outreach.message_rules import Failed
from callbot.settings import load_settings
from callbot.store import follow_ups
from callbot.store.plain import plain
from callbot.store.tables import FollowUp

app = typer.Typer(add_completion=False, help="待办：列出、接手、完成、取消、推迟。", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="待办编号，或它的结尾几位。")]
By = Annotated[str, typer.Option(help="谁做的；不写就用系统账户名。")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON。")]


@app.command("list")
def list_(
    owner: Annotated[str, typer.Option(help="只看这位负责人或接手人的，例如 sales-desk。")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="只看超期的。")] = False,
    everything: Annotated[bool, typer.Option("--all", help="连已完成和已取消的也列出。")] = False,
    limit: Annotated[int, typer.Option(min=1, help="多少条，到期最久的在前。")] = 200,
    as_json: Json = False,
) -> None:
    """列出还要做的事，到期最久的在前。"""
    now = SystemClock().now()

    async def work() -> list[follow_ups.Listed]:
        async with open_database(load_settings()) as db, db.read() as session:
            return await follow_ups.listing(
                session,
                states=(*follow_ups.WAITING, "done", "cancelled") if everything else follow_ups.WAITING,
                owner=owner,
                overdue_at=now if overdue else None,
                limit=limit,
            )

    with explained():
        found = run(work())
    if as_json:
        print_json(plain(found))
        return
    if not found:
        out.print("没有待办。")
        return
    table = folding("编号", "事项", "客户", "负责人", "期限", "状态", "说明")
    for line in found:
        item = line.follow_up
        waits = item.state in ("open", "claimed")
        late = waits and item.due_at <= now and item.owner != follow_ups.SYSTEM
        table.add_row(
            item.id,
            words.word(words.FOLLOW_UPS, item.kind),
            f"{escape(line.name)} {line.phone_masked}",
            escape(item.claimed_by or words.word(words.OWNERS, item.owner)),
            f"[red]{in_china(item.due_at):%m-%d %H:%M} 已超期[/]"
            if late
            else f"{in_china(item.due_at):%m-%d %H:%M}",
            words.word(words.STATES, item.state) + (f"（{words.FAILED[item.failed]}）" if item.failed else ""),
            escape(item.note or str(item.detail.get("why", ""))),
        )
    out.print(table)


@app.command()
def claim(follow_up: Id, by: By = "", as_json: Json = False) -> None:
    """接手一件待办；这位客户的触达序列随之结束。"""
    act(
        lambda db, now: tasks.claim(db, follow_up, by=whoever(by), now=now),
        as_json,
        _told,
    )


@app.command()
def done(
    follow_up: Id,
    by: By = "",
    note: Annotated[str, typer.Option(help="结果如何。")] = "",
    called: Annotated[bool, typer.Option("--called", help="你与客户通过电话。")] = False,
    failed: Annotated[Failed | None, typer.Option(help="没有效果：内容、时机或通道不对。")] = None,
    as_json: Json = False,
) -> None:
    """完成一件待办。"""
    act(
        lambda db, now: tasks.done(
            db, follow_up, by=whoever(by), note=note, now=now, called=called, failed=failed
        ),
        as_json,
        _told,
    )


@app.command()
def cancel(
    follow_up: Id,
    note: Annotated[str, typer.Option(help="为什么不该做。")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """放弃一件待办，或不让系统自己做。"""
    act(lambda db, now: tasks.cancel(db, follow_up, by=whoever(by), note=note, now=now), as_json, _told)


@app.command()
def postpone(
    follow_up: Id,
    to: Annotated[str, typer.Option(help="带时区的 ISO 时间，例如 2026-03-02T10:00+08:00。")],
    note: Annotated[str, typer.Option(help="理由。")] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """推迟一件待办；最初的期限仍保留。"""
    with explained():
        if not to:
            raise BadInput.one("--to", "是空的", "写成 2026-03-02T10:00+08:00")
        until = moment_of(to, "--to").astimezone(UTC)
    act(
        lambda db, now: tasks.postpone(db, follow_up, by=whoever(by), to=until, note=note, now=now),
        as_json,
        _told,
    )


def _told(row: FollowUp) -> str:
    owner = row.claimed_by or words.word(words.OWNERS, row.owner)
    return (
        f"{words.word(words.FOLLOW_UPS, row.kind)}：{words.word(words.STATES, row.state)}，"
        f"负责人 {escape(owner)}，期限 {in_china(row.due_at):%m-%d %H:%M}"
    )
