"""`callbot token`: what other systems sign in with."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape

from callbot.cli.access import commanding, open_access
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china
from callbot.cli.output import explained, out, print_json, run, tell
from callbot.cli.user import By, Json
from callbot.store import api_tokens
from callbot.store.tables import ApiToken
from callbot.web.access.permission import SCOPES, Permission
from callbot.web.shapes.account import TokenOut

app = typer.Typer(add_completion=False, help="其他系统的令牌：添加、列出、吊销。", no_args_is_help=True)
_SCOPES = ", ".join(sorted(SCOPES))


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="哪个系统用，例如 crm。")],
    scope: Annotated[list[Permission], typer.Option(help=f"可以做什么：{_SCOPES}。", metavar="SCOPE")],
    days: Annotated[int, typer.Option(min=0, help="有效多少天；0 为直到吊销。")] = 0,
    by: By = "",
    as_json: Json = False,
) -> None:
    """生成令牌并显示，只此一次。"""

    async def work() -> tuple[ApiToken, str]:
        async with open_access() as access:
            return await access.tokens.add(
                name,
                scope,
                by=commanding(by),
                now=access.now,
                lives=timedelta(days=days) if days else None,
            )

    with explained():
        row, token = run(work())
    if as_json:
        print_json({**_plain(row), "token": token})
        return
    out.print(f"{escape(row.name)}：{'、'.join(row.scopes)}")
    out.print(f"  {token}", soft_wrap=True)
    out.print("[dim]只显示这一次，请立即保存。请求头：Authorization: Bearer <令牌>[/]", soft_wrap=True)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """列出全部令牌，包括已吊销的；令牌原文不保存。"""

    async def work() -> list[ApiToken]:
        async with open_access() as access, access.db.read() as session:
            return list(await api_tokens.listing(session))

    with explained():
        found = run(work())
    if as_json:
        print_json([_plain(row) for row in found])
        return
    if not found:
        out.print("还没有令牌。")
        return
    table = folding("开头", "名字", "范围", "创建", "上次使用", "状态")
    for row in found:
        table.add_row(
            row.prefix,
            escape(row.name),
            "、".join(row.scopes),
            f"{in_china(row.made_at):%Y-%m-%d} {escape(row.made_by)}",
            f"{in_china(row.used_at):%Y-%m-%d %H:%M}" if row.used_at else "—",
            f"已由 {escape(row.revoked_by)} 吊销"
            if row.revoked_at
            else f"有效至 {in_china(row.expires_at):%Y-%m-%d}"
            if row.expires_at
            else "有效",
        )
    out.print(table)


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="令牌编号，或列表里的开头几位。")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """立即吊销令牌。"""

    async def work() -> ApiToken:
        async with open_access() as access:
            return await access.tokens.revoke(token, by=commanding(by), now=access.now)

    with explained():
        row = run(work())
    tell(as_json, _plain(row), f"{escape(row.name)} 的令牌 {row.prefix}… 已吊销。")


def _plain(row: ApiToken) -> dict[str, Any]:
    return TokenOut.model_validate(row).model_dump(mode="json")
