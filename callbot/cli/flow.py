"""`callbot flow`: check flows, talk to one by typing, test them with scripted callees, and draw them."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from callbot.cli.output import err, out
from callbot.clock import SystemClock
from callbot.conversation.facts import Offer, Person
from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flow, load_flows
from callbot.conversation.plan import CallPlan
from callbot.conversation.reading import Reader
from callbot.conversation.rehearsal import Exchange, Rehearsal
from callbot.conversation.scripted_writer import ScriptedWriter, scripted_opener
from callbot.errors import BadInput
from callbot.resources import folder

app = typer.Typer(add_completion=False, help="对话流程：检查、试聊、测试、画图。", no_args_is_help=True)


class Drawing(StrEnum):
    """How a flow is drawn."""

    MERMAID = "mermaid"
    DOT = "dot"


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="流程文件或文件夹；不写就检查自带的全部流程。")
    ] = None,
) -> None:
    """检查流程文件，每个错误都给出文件和行号；有错误时退出码为 1。"""
    wrong = False
    for path in files or [folder("dialog_flows")]:
        try:
            flows = list(load_flows(path).values()) if path.is_dir() else [load_flow(path)]
        except BadInput as bad:
            complain(bad)
            wrong = True
            continue
        if not flows:
            err.print(f"[red]✗[/] {escape(str(path))}: 里面没有流程", soft_wrap=True)
            wrong = True
        for flow in flows:
            told = f"{len(flow.steps)} 步"
            if flow.knowledge:
                told += f" · {len(flow.knowledge)} 条知识"
            out.print(f"[green]✓[/] {flow.name} v{flow.version} · {escape(flow.title)} · {told}")
    if wrong:
        raise typer.Exit(1)


def complain(bad: BadInput) -> None:
    """Show every problem with its place and cure."""
    for problem in bad.problems:
        err.print(f"[red]✗[/] {escape(str(problem))}", soft_wrap=True)


def find(flow: str) -> Flow:
    """A flow by file or by name. Raises `BadInput`."""
    path = Path(flow)
    if path.suffix in (".yaml", ".yml"):
        return load_flow(path)
    flows = load_flows(folder("dialog_flows"))
    if flow not in flows:
        raise BadInput.one(flow, "没有这个流程", f"可用：{'、'.join(sorted(flows))}，或者一个文件")
    return flows[flow]


def _found(flow: str) -> Flow:
    try:
        return find(flow)
    except BadInput as bad:
        complain(bad)
        raise typer.Exit(1) from None


@app.command()
def graph(
    flow: Annotated[str, typer.Argument(help="流程名（winback/ecommerce）或流程文件。")],
    drawing: Annotated[Drawing, typer.Option("--format", help="mermaid 或 dot。")] = Drawing.MERMAID,
) -> None:
    """把流程画成图：Mermaid 可直接放进网页，DOT 给 Graphviz。"""
    from callbot.conversation.flow_graph import dot, mermaid

    found = _found(flow)
    typer.echo(mermaid(found) if drawing is Drawing.MERMAID else dot(found), nl=False)


@app.command()
def index(
    where: Annotated[Path | None, typer.Argument(help="流程文件夹；不写就是自带的。")] = None,
) -> None:
    """把知识里的问法算成向量存好，通话进程启动时就不用再算；问法改了要重做。"""
    from callbot.conversation.lookup import FILE, write_vectors

    root = where or folder("dialog_flows")
    try:
        count = write_vectors(load_flows(root).values(), root / FILE)
    except BadInput as bad:
        complain(bad)
        raise typer.Exit(1) from None
    out.print(f"{count} 种问法 → {root / FILE}", soft_wrap=True)


@app.command()
def chat(
    flow: Annotated[str, typer.Argument(help="流程名（winback/ecommerce）或流程文件。")],
    name: Annotated[str, typer.Option(help="怎么称呼对方。")] = "王女士",
    brand: Annotated[str, typer.Option(help="品牌。")] = "悦选商城",
    reason: Annotated[str, typer.Option(help="沉默原因，如 自然流失、体验受损。")] = "自然流失",
) -> None:
    """打字和一个流程对话；空行表示沉默，按键写成 #1，Ctrl-D 挂断。"""
    from callbot.conversation.understand.reader import LocalReader

    asyncio.run(_chat(_found(flow), LocalReader(), name, brand, reason))


async def _chat(flow: Flow, reader: Reader, name: str, brand: str, reason: str) -> None:
    clock = SystemClock()
    person = Person(
        customer_id="chat",
        name=name,
        salutation=name,
        industry=flow.industry,
        brand=brand,
        facts=("上个月有过联系",),
        reason=reason,
        strategy="优惠补偿",
    )
    offers = (Offer(code="CHAT", version=1, title="老客户专属八折券", discount_percent=20),)
    today = clock.now().date()
    rehearsal = Rehearsal(
        CallPlan(
            call_id="chat",
            attempt_id="chat",
            person=person,
            offers=offers,
            opener=scripted_opener(person, offers, today),
            flow=flow,
        ),
        clock=clock,
        reader=reader,
        writer=ScriptedWriter(),
        agent=False,
    )
    _show(await rehearsal.open())
    while not rehearsal.over:
        try:
            text = out.input("[cyan]客户：[/]").strip()
        except (EOFError, KeyboardInterrupt):
            rehearsal.leave()
            out.print("（挂断）")
            break
        if text.startswith("#") and len(text) == 2:
            pressed = await rehearsal.press(text[1])
            if pressed is None:
                out.print("[dim]  （这个按键在这里没有意思）[/]")
            else:
                _show(pressed)
        else:
            _show(await rehearsal.hear(text) if text else await rehearsal.silence())
    result = rehearsal.result()
    out.print(f"[dim]结果：{result.outcome} → {'、'.join(result.follow_ups)} {dict(result.findings) or ''}[/]")
    await reader.aclose()


def _show(exchange: Exchange) -> None:
    """Print how the callee was understood and what the bot says."""
    reading = exchange.reading
    if reading is not None:
        out.print(
            f"[dim]  {reading.intent} {reading.confidence:.2f} · {reading.emotion} {dict(reading.slots)}"
            f" · {'，'.join(exchange.act.via) or exchange.act.name}[/]"
        )
    for words in exchange.said:
        out.print(f"[green]机器人：[/]{escape(words.text)}")
    for text in exchange.blocked:
        out.print(f"[red]  被拦下：[/]{escape(text)}")
    for draft in exchange.act.drafts:
        out.print(f"[dim]  记下：{draft.kind} {dict(draft.data)}[/]")
    if exchange.act.transfer is not None:
        out.print("[dim]  （没有人工在线）[/]")
    if exchange.act.hang_up:
        out.print("[dim]  （直接挂断）[/]")


from callbot.cli import flow_trials  # noqa: E402  its commands belong to `app`

app.command("test")(flow_trials.run_tests)
app.command("transcript")(flow_trials.transcript)
