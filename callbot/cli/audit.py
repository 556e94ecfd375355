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

app = typer.Typer(help="Audit log: list, verify.", no_args_is_help=True)


@app.command("list")
def list_(
    action: Annotated[str, typer.Option(help="A whole action or its area: `user` finds `user.add`.")] = "",
    actor: Annotated[str, typer.Option(help="Name or id of who did it.")] = "",
    about: Annotated[str, typer.Option(help="Id of what it was done to.")] = "",
    since: Annotated[str, typer.Option(help="ISO time with zone, e.g. 2026-03-02T10:00+08:00.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest first.")] = 100,
    as_json: Json = False,
) -> None:
    """Who did what, on what, when and from where; the latest first."""

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
    head: Annotated[
        str, typer.Option(help="An end of the chain printed earlier, which must be part of it.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Check that no entry was changed, removed or put in. Exit status 1 when one was."""

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
