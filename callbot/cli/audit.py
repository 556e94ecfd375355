"""`callbot audit`: who did what, and whether the log is whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape

from callbot.cli.access import open_access
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china, moment_of
from callbot.cli.output import err, explained, out, print_json, run
from callbot.cli.user import Json
from callbot.store import audit
from callbot.store.plain import plain
from callbot.store.tables import AuditEntry

app = typer.Typer(add_completion=False, help="审计日志：列出、核验。", no_args_is_help=True)


@app.command("list")
def list_(
    action: Annotated[str, typer.Option(help="完整的动作，或它的范围：user 能找到 user.add。")] = "",
    actor: Annotated[str, typer.Option(help="谁做的：名字或编号。")] = "",
    about: Annotated[str, typer.Option(help="对什么做的：编号。")] = "",
    since: Annotated[str, typer.Option(help="带时区的 ISO 时间，例如 2026-03-02T10:00+08:00。")] = "",
    limit: Annotated[int, typer.Option(min=1, help="多少条，最新的在前。")] = 100,
    as_json: Json = False,
) -> None:
    """谁、对什么、何时、从哪里做了什么，最新的在前。"""

    async def work() -> Sequence[AuditEntry]:
        wanted = audit.Wanted(
            action=action,
            actor=actor,
            about_id=about,
            since=moment_of(since, "--since") if since else None,
        )
        async with open_access() as access, access.db.read() as session:
            return (await audit.entries(session, wanted, limit=limit))[0]

    with explained():
        found = run(work())
    if as_json:
        print_json(plain(list(found)))
        return
    if not found:
        out.print("没有记录。")
        return
    table = folding("编号", "时间", "谁", "做了什么", "对象", "说明", "来自")
    for entry in found:
        table.add_row(
            str(entry.seq),
            f"{in_china(entry.at):%m-%d %H:%M:%S}",
            escape(entry.actor or entry.actor_kind),
            entry.action,
            escape(f"{entry.about_kind} {entry.about_id}".strip()),
            escape(json.dumps(entry.detail, ensure_ascii=False)) if entry.detail else "",
            entry.address,
        )
    out.print(table)


@app.command()
def verify(
    head: Annotated[str, typer.Option(help="以前显示过的链尾，必须仍在链上。")] = "",
    as_json: Json = False,
) -> None:
    """核验没有记录被改动、删除或插入；有则退出码为 1。"""

    async def work() -> audit.Verdict:
        async with open_access() as access, access.db.read() as session:
            return await access.audit.verify(session, kept_head=head)

    with explained():
        verdict = run(work())
    if as_json:
        print_json(plain(verdict))
    elif verdict.broken_at is None:
        out.print(f"完整：{verdict.entries} 条。链尾（另存一份，下次用 --head 核对）：")
        out.print(f"  {verdict.head}", soft_wrap=True)
    else:
        err.print(f"[bold red]✗[/] 日志被改动：{verdict.why}")
        err.print(f"  → 第 {verdict.broken_at} 条之前是完整的；从备份核对此后的记录，并查明谁能写数据库")
    if verdict.broken_at is not None:
        raise typer.Exit(1)
