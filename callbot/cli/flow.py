"""`callbot flow`: check flows, and talk to one by typing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from callbot.conversation.act import Act
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flow, load_flows
from callbot.conversation.plan import SHANGHAI, CallPlan
from callbot.conversation.reading import Context, Reader
from callbot.conversation.transfer import Said, need
from callbot.conversation.understand import spoken_time
from callbot.errors import BadInput
from callbot.resources import folder

app = typer.Typer(help="对话流程：检查、试聊。", no_args_is_help=True)
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="流程文件或文件夹；不写就检查自带的全部流程。")
    ] = None,
) -> None:
    """检查流程文件，每个错误都给出文件和行号；有错误时退出码为 1。"""
    try:
        problems = 0
        for path in files or [folder("dialog_flows")]:
            try:
                flows = list(load_flows(path).values()) if path.is_dir() else [load_flow(path)]
            except BadInput as bad:
                problems += len(bad.problems)
                for problem in bad.problems:
                    _err.print(f"[red]✗[/] {problem}", soft_wrap=True)
                continue
            for flow in flows:
                _out.print(f"[green]✓[/] {flow.name} v{flow.version} · {flow.title} · {len(flow.steps)} 步")
    except BadInput as bad:
        _err.print(f"[red]✗[/] {bad}", soft_wrap=True)
        raise typer.Exit(1) from None
    if problems:
        raise typer.Exit(1)


@app.command()
def chat(
    flow: Annotated[str, typer.Argument(help="流程名（winback/ecommerce）或流程文件。")],
    name: Annotated[str, typer.Option(help="怎么称呼对方。")] = "王女士",
    brand: Annotated[str, typer.Option(help="品牌。")] = "悦选商城",
) -> None:
    """打字和一个流程对话；空行表示沉默，Ctrl-D 挂断。"""
    import asyncio

    try:
        found = find(flow)
    except BadInput as bad:
        _err.print(f"[red]✗[/] {bad}", soft_wrap=True)
        raise typer.Exit(1) from None
    asyncio.run(_chat(found, name, brand))


def find(flow: str) -> Flow:
    """A flow by file or by name. Raises `BadInput`."""
    path = Path(flow)
    if path.suffix in (".yaml", ".yml"):
        return load_flow(path)
    flows = load_flows(folder("dialog_flows"))
    if flow not in flows:
        raise BadInput.one(flow, "no such flow", f"use one of: {', '.join(sorted(flows))}, or a file")
    return flows[flow]


async def _chat(flow: Flow, name: str, brand: str) -> None:
    from callbot.conversation.understand.reader import LocalReader

    reader: Reader = LocalReader()
    plan = CallPlan(
        call_id="chat",
        attempt_id="chat",
        person=Person(customer_id="chat", name=name, salutation=name, industry=flow.industry, brand=brand),
        offers=(Offer(code="CHAT", version=1, title="老客户专属八折券", discount_percent=20),),
        opener=Opener(text=f"{name}您好，好久没联系了，想跟您做个回访。", writer="scripted/chat"),
        flow=flow,
    )
    now = datetime.now(UTC)
    dialogue = Dialogue(plan, now=now, parse_time=lambda text, at: spoken_time.when(text, at, SHANGHAI))
    state, act = dialogue.open()
    said: list[Said] = []
    level = 0
    over = _show(act)
    while not over:
        try:
            text = _out.input("[cyan]客户：[/]").strip()
        except (EOFError, KeyboardInterrupt):
            _out.print("（挂断）")
            break
        if not text:
            state, act = dialogue.silence(state, level)
            level += 1
            over = _show(act)
            continue
        level = 0
        heard = "".join(words.text for words in state.last)
        context = Context(bot_said=heard, step=state.step, asks=state.asks, choices=state.choices)
        reading = await reader.read(text, context)
        said.append(Said(turn=len(said), text=text, reading=reading, bot_said=heard, asks=state.asks))
        needed = need(said, since=len(said) - 1)
        _out.print(
            f"[dim]  {reading.intent} {reading.confidence:.2f} · {reading.emotion} {dict(reading.slots)}[/]"
        )
        state, act = dialogue.respond(state, reading, datetime.now(UTC), need=needed.reason if needed else None)
        over = _show(act)
        if act.transfer is not None:
            _out.print("[dim]  （没有人工在线）[/]")
            state, act = dialogue.transfer_failed(state)
            over = _show(act)
    await reader.aclose()


def _show(act: Act) -> bool:
    """Print what the bot says; True when that was the end."""
    for words in act.utterances:
        _out.print(f"[green]机器人：[/]{words.text}")
    for draft in act.drafts:
        _out.print(f"[dim]  记下：{draft.kind} {dict(draft.data)}[/]")
    if act.hang_up:
        _out.print("[dim]  （直接挂断）[/]")
    return act.hang_up or any(words.final for words in act.utterances)
