"""`callbot outbox`: what was told outside, what was not, and sending it again."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china
from callbot.cli.output import explained, out, print_json, run, tell
from callbot.clock import SystemClock
from callbot.control import build_receivers
from callbot.errors import BadInput
from callbot.outreach.delivery import Courier, Turn, spread
from callbot.settings import load_settings
from callbot.store import delivery_rows, outbox
from callbot.store.outbox import Kind, Letter
from callbot.store.plain import plain

app = typer.Typer(add_completion=False, help="对外消息：列出、查看、投递、重发。", no_args_is_help=True)

_STATES = {
    "new": "待分发",
    "sending": "投递中",
    "done": "已送达",
    "dead": "死信",
    "unwanted": "无人接收",
    "withdrawn": "已撤回",
    "pending": "等待投递",
    "delivered": "已送达",
}
_COLOURS = {"done": "green", "delivered": "green", "dead": "red", "sending": "yellow", "pending": "yellow"}
_MESSAGE_STATES = ("new", "sending", "done", "dead", "unwanted", "withdrawn")


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help=f"只看一种状态：{'、'.join(_MESSAGE_STATES)}。")] = "",
    kind: Annotated[str, typer.Option(help="只看一种，例如 attempt.settled。")] = "",
    limit: Annotated[int, typer.Option(help="多少条，最新的在前。", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """列出最近的消息和投递情况。"""
    with explained():
        _one_of("--state", state, _MESSAGE_STATES)
        _one_of("--kind", kind, tuple(Kind))

        async def work() -> tuple[list[Letter], dict[str, int]]:
            async with open_database(load_settings()) as db, db.read() as session:
                found = await outbox.letters(session, state=state, kind=kind, limit=limit)
                return found, await outbox.counts(session)

        letters, counts = run(work())
    if as_json:
        print_json({"counts": counts, "messages": [_as_json(letter) for letter in letters]})
        return
    if not letters:
        out.print(
            "没有符合条件的消息。" if state or kind else "发件箱是空的：还没有通话结算，也没有要发的消息。"
        )
        return
    table = folding("消息", "写入", "类型", "状态", "接收方", "说明")
    for letter in letters:
        message = letter.message
        table.add_row(
            message.id,
            f"{in_china(message.created_at):%m-%d %H:%M}",
            message.kind,
            _state(message.state),
            "、".join(f"{row.endpoint} {_state(row.state)}" for row in letter.deliveries) or "—",
            escape(message.note or next((row.last_error for row in letter.deliveries if row.last_error), "")),
        )
    out.print(table)
    out.print("  ".join(f"{_STATES[name]} {count}" for name, count in sorted(counts.items())))
    if counts.get("dead"):
        out.print("死信可重新投递：callbot outbox replay 消息号，或 callbot outbox replay --all-dead")


@app.command()
def show(
    message: Annotated[str, typer.Argument(help="消息编号、它的开头几位，或幂等键。")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """查看一条消息：内容和各接收方的答复。"""
    with explained():
        letter = run(_letter(message))
    if as_json:
        print_json(_as_json(letter))
        return
    row = letter.message
    out.print(f"[bold]{row.kind}[/] {row.id}  {_state(row.state)}  {escape(row.note)}")
    out.print(
        f"[dim]写入 {in_china(row.created_at):%Y-%m-%d %H:%M:%S}  幂等键 {escape(row.idempotency_key)}[/]"
    )
    if row.expires_at is not None:
        out.print(f"[dim]{in_china(row.expires_at):%Y-%m-%d %H:%M:%S} 之后不再发送[/]")
    out.print(escape(json.dumps(row.payload, ensure_ascii=False, indent=2)), soft_wrap=True)
    for delivery in letter.deliveries:
        answer = "" if delivery.status_code is None else f"  HTTP {delivery.status_code}"
        following = (
            f"，下次 {in_china(delivery.next_try_at):%m-%d %H:%M:%S}" if delivery.state == "pending" else ""
        )
        tried = f"已试 {delivery.tries} 次{following}{answer}  {escape(delivery.last_error)}"
        out.print(f"→ {escape(delivery.endpoint)}  {_state(delivery.state)}  {tried}", soft_wrap=True)


@app.command()
def replay(
    message: Annotated[str, typer.Argument(help="消息编号、它的开头几位，或幂等键。")] = "",
    all_dead: Annotated[bool, typer.Option("--all-dead", help="全部投递失败的消息。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """重发投递失败的消息，幂等键不变；由 callbot serve 投递。"""
    with explained():
        if bool(message) == all_dead:
            raise BadInput.one("callbot outbox replay", "消息和 --all-dead 要写其中之一", "只写一个")

        async def work() -> int:
            chosen = (await _letter(message)).message.id if message else None
            async with open_database(load_settings()) as db, db.write() as session:
                return await delivery_rows.replay(session, SystemClock().now(), outbox_id=chosen)

        count = run(work())
        if message and not count:
            raise BadInput.one(
                f"消息 {message}",
                "没有可以重发的：已送达、已撤回，或已过时效",
                "callbot outbox show 查看",
            )
    tell(as_json, {"replayed": count}, f"{count} 条消息将重新投递")


@app.command()
def deliver(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False) -> None:
    """投递现在到期的消息后结束；callbot serve 会一直做这件事。"""
    with explained():
        turns = run(_deliver())
    if as_json:
        print_json(plain(turns))
        return
    for name, turn in turns.items():
        out.print(f"{escape(name)}  送达 {turn.delivered}  推迟 {turn.postponed}  死信 {turn.dead}")
    if not turns:
        out.print("没有配置接收方：在 callbot.toml 里加一个 [[webhooks]]。", markup=False)


async def _deliver() -> dict[str, Turn]:
    settings, clock = load_settings(), SystemClock()
    receivers = build_receivers(settings)
    turns: dict[str, Turn] = {}
    if not receivers:
        return turns
    async with open_database(settings) as db:
        await spread(db, receivers, clock)
        for receiver in receivers:
            courier = Courier(db, receiver, clock)
            try:
                turns[receiver.name] = await courier.deliver()
            finally:
                await courier.aclose()
    return turns


async def _letter(key: str) -> Letter:
    async with open_database(load_settings()) as db, db.read() as session:
        found = await outbox.letter(session, key)
    if found is None:
        raise BadInput.one(f"消息 {key}", "没有这条消息，或不止一条", "callbot outbox list 列出消息")
    return found


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value and value not in allowed:
        raise BadInput.one(option, f"没有 {value} 这一种", f"可用：{'、'.join(allowed)}")


def _state(name: str) -> str:
    colour = _COLOURS.get(name, "white")
    return f"[{colour}]{_STATES.get(name, name)}[/]"


def _as_json(letter: Letter) -> dict[str, Any]:
    return {
        **plain(letter.message),
        "deliveries": [
            {name: value for name, value in plain(row).items() if name not in ("claim", "outbox_id")}
            for row in letter.deliveries
        ],
    }
