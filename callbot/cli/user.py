"""`callbot user`: who may sign in to the pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.markup import escape

from callbot.cli.access import Access, commanding, open_access
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china
from callbot.cli.output import explained, out, print_json, run, tell
from callbot.settings import load_settings
from callbot.store import users
from callbot.store.tables import User
from callbot.web.access.permission import Role
from callbot.web.shapes.account import UserOut
from callbot.web.templates_of import ROLES
from handoff.server import shown

T = TypeVar("T")
app = typer.Typer(
    add_completion=False, help="页面的用户：添加、列出、改角色、停用、发链接。", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="登录用的名字，例如 zhao 或 赵主管。")]
By = Annotated[str, typer.Option(help="谁下的命令；不写就用系统账户名。")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON。")]
_STATES = {"active": "可登录", "disabled": "已停用"}


@app.command()
def add(
    name: Name,
    role: Annotated[list[Role], typer.Option(help="supervisor、agent、qa 或 admin，可以几个。")],
    display_name: Annotated[str, typer.Option("--display-name", help="页面上显示的名字。")] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """添加用户，并显示设置密码的链接。"""

    async def work(access: Access) -> tuple[User, str]:
        who, accounts = commanding(by), access.accounts
        user = await accounts.add(name, role, display_name=display_name, by=who, now=access.now)
        return user, await accounts.link(user.id, by=who, now=access.now)

    user, secret = _act(work)
    if as_json:
        print_json({"user": _plain(user), "link": _url(secret)})
        return
    out.print(f"已添加 [bold]{escape(user.name)}[/]（{_roles(user)}）")
    _print_link(secret)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """列出所有用户，包括停用的。"""

    async def work() -> list[User]:
        async with open_access() as access, access.db.read() as session:
            return list(await users.listing(session))

    with explained():
        found = run(work())
    if as_json:
        print_json([_plain(user) for user in found])
        return
    if not found:
        out.print(
            "还没有用户。callbot user add 名字 --role admin 添加，或启动 callbot serve 得到首个管理员的链接。"
        )
        return
    table = folding("用户名", "姓名", "角色", "状态", "接听", "密码", "上次登录")
    for user in found:
        table.add_row(
            escape(user.name),
            escape(user.display_name),
            _roles(user),
            _STATES.get(user.state, user.state),
            shown(user.telephone) or "浏览器",
            "已设置" if user.password_hash else "未设置",
            f"{in_china(user.signed_in_at):%Y-%m-%d %H:%M}" if user.signed_in_at else "—",
        )
    out.print(table)


@app.command()
def role(
    name: Name,
    roles: Annotated[list[Role], typer.Argument(help="从现在起的全部角色。")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """改用户的角色，从他的下一次请求起生效。"""
    user = _act(lambda access: access.accounts.set_roles(name, roles, by=commanding(by), now=access.now))
    tell(as_json, _plain(user), f"{escape(user.name)} 现在是：{_roles(user)}")


@app.command()
def telephone(
    name: Name,
    number: Annotated[str, typer.Argument(help="+86… 或 sip:分机@主机；不写表示在浏览器里接听。")] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """设置坐席用哪部电话与客户通话，从他下次登录工作台起生效。"""
    user = _act(lambda access: access.accounts.set_telephone(name, number, by=commanding(by), now=access.now))
    where = f"用电话 {shown(user.telephone)} 接听" if user.telephone else "在浏览器里接听"
    tell(as_json, _plain(user), f"{escape(user.name)} 现在{where}。")


@app.command()
def disable(name: Name, by: By = "", as_json: Json = False) -> None:
    """停用用户，他的会话立即结束。"""
    user = _act(lambda access: access.accounts.set_state(name, "disabled", by=commanding(by), now=access.now))
    tell(as_json, _plain(user), f"{escape(user.name)} 已停用，所有登录已退出。")


@app.command()
def enable(name: Name, by: By = "", as_json: Json = False) -> None:
    """恢复停用的用户。"""
    user = _act(lambda access: access.accounts.set_state(name, "active", by=commanding(by), now=access.now))
    tell(as_json, _plain(user), f"{escape(user.name)} 可以登录。")


@app.command()
def link(name: Name, by: By = "", as_json: Json = False) -> None:
    """显示设置密码的链接，一次有效，30 分钟内。"""
    secret = _act(lambda access: access.accounts.link(name, by=commanding(by), now=access.now))
    if as_json:
        print_json({"link": _url(secret)})
    else:
        _print_link(secret)


def _act(work: Callable[[Access], Awaitable[T]]) -> T:
    async def act() -> T:
        async with open_access() as access:
            return await work(access)

    with explained():
        return run(act())


def _print_link(secret: str) -> None:
    out.print("30 分钟内打开下面的链接设置密码（只能用一次）：")
    out.print(f"  {_url(secret)}", soft_wrap=True)


def _url(secret: str) -> str:
    with explained():
        web = load_settings().web
    return f"{web.public_url or f'http://{web.host}:{web.port}'}/link/{secret}"


def _plain(user: User) -> dict[str, Any]:
    return UserOut.of(user).model_dump(mode="json")


def _roles(user: User) -> str:
    return "、".join(ROLES.get(each, each) for each in user.roles)
