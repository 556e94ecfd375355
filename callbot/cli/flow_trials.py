"""`callbot flow test` and `transcript`: scripted callees beside a flow, and their conversations to be read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from callbot.cli.output import err, out
from callbot.conversation.reading import Reader
from callbot.conversation.trial import Held, NoReader, hold, untested
from callbot.conversation.trial_file import Trials, beside, read_trials, trial_files
from callbot.errors import BadInput
from callbot.resources import folder

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="流程文件、测试文件（*.test.yaml）或文件夹；不写就是自带的全部流程。"),
]


def run_tests(
    files: Files = None,
    *,
    reader: Annotated[
        bool, typer.Option("--reader", help="不看剧本里写的意思，每句话都让本地理解器真的去理解。")
    ] = False,
    complete: Annotated[bool, typer.Option("--complete", help="有处理没有测到时也算失败。")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="把每段对话都打印出来。")] = False,
) -> None:
    """用写好的客户测试流程；有一个不符合预期，退出码就是 1。"""
    failed = False
    for trials in _read(files):
        held = asyncio.run(_hold(trials, unpinned=reader))
        passed = sum(not one.wrong for one in held)
        out.print(f"[bold]{trials.flow.name}[/] v{trials.flow.version} · 通过 {passed}/{len(held)}")
        for one in held:
            _tell(one, verbose=verbose)
        missing = untested(trials, held)
        total = len(trials.flow.handlers)
        out.print(f"  测到的处理：{total - len(missing)}/{total}")
        for handler, where in missing.items():
            out.print(f"  [yellow]没有测试[/] {escape(handler)}  [dim]{escape(where)}[/]", soft_wrap=True)
        failed = failed or passed < len(held) or (complete and bool(missing))
    if failed:
        raise typer.Exit(1)


def transcript(
    files: Files = None,
    *,
    to: Annotated[Path | None, typer.Option("--out", help="写到这个 Markdown 文件；不写就打印。")] = None,
) -> None:
    """把标了 transcript 的测试写成可以读的对话（Markdown）。"""
    pages = [_page(trials, asyncio.run(_hold(trials, shown=True))) for trials in _read(files)]
    text = "\n".join((_HEAD, *(page for page in pages if page)))
    if to is None:
        typer.echo(text, nl=False)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        err.print(f"[red]✗[/] {escape(str(to))}: 写不了（{error.strerror}）→ 换一个能写的路径", soft_wrap=True)
        raise typer.Exit(1) from None


_HEAD = """# Transcripts

One conversation for each flow, written by `callbot flow transcript --out docs/transcripts.md` from the tests
beside the flows. The callees are scripted, their meaning stands in the script, and nobody was called; the guard
has let through all that the bot says. In brackets: how the callee was understood.
"""


def _read(files: list[Path] | None) -> list[Trials]:
    try:
        return [read_trials(file) for path in files or [folder("dialog_flows")] for file in _tests(path)]
    except BadInput as bad:
        for problem in bad.problems:
            err.print(f"[red]✗[/] {escape(str(problem))}", soft_wrap=True)
        raise typer.Exit(1) from None


def _tests(path: Path) -> list[Path]:
    if not path.exists():
        raise BadInput.one(str(path), "不存在", "核对路径")
    if path.is_file() and not path.name.endswith((".test.yaml", ".test.yml")):
        if not beside(path).is_file():
            raise BadInput.one(str(path), "旁边没有测试", f"写一个 {beside(path).name}")
        path = beside(path)
    found = trial_files(path)
    if not found:
        raise BadInput.one(str(path), "里面没有测试", "在 名称.yaml 旁边写 名称.test.yaml")
    return found


async def _hold(trials: Trials, *, unpinned: bool = False, shown: bool = False) -> list[Held]:
    chosen = [trial for trial in trials.trials if trial.transcript or not shown]
    needed = unpinned or any(deed.says and deed.meant is None for trial in chosen for deed in trial.callee)
    reader: Reader = NoReader()
    if needed:
        from callbot.conversation.understand.reader import LocalReader

        reader = LocalReader()
    try:
        return [await hold(trials, trial, reader=reader, unpinned=unpinned) for trial in chosen]
    finally:
        await reader.aclose()


def _tell(held: Held, *, verbose: bool) -> None:
    if held.wrong:
        out.print(f"  [red]✗[/] {escape(held.trial.title)}  [dim]{escape(held.trial.where)}[/]", soft_wrap=True)
        for wrong in held.wrong:
            out.print(f"      [red]{escape(wrong)}[/]", soft_wrap=True)
    else:
        out.print(f"  [green]✓[/] {escape(held.trial.title)}", soft_wrap=True)
    if held.wrong or verbose:
        for line in _lines(held):
            out.print(f"      [dim]{escape(line)}[/]", soft_wrap=True)


def _lines(held: Held) -> Iterable[str]:
    for exchange in held.exchanges:
        if exchange.reading is not None:
            yield f"客户：{exchange.heard}（{exchange.reading.intent}）"
        elif exchange.act.via and exchange.act.via[0].startswith("silence"):
            yield "客户：……"
        for words in exchange.said:
            yield f"机器人：{words.text}"


def _page(trials: Trials, held: list[Held]) -> str:
    if not held:
        return ""
    parts = [f"## {trials.flow.title} · `{trials.flow.name}` v{trials.flow.version}", ""]
    for one in held:
        person = one.trial.person
        offers = "、".join(offer.title for offer in one.trial.offers) or "无"
        parts += [f"### {one.trial.title}", ""]
        parts += [f"{person.salutation} · {person.brand} · 沉默原因：{person.reason} · 优惠表：{offers}", ""]
        parts += [*_table(one), ""]
        result = one.result
        told = f"结果 `{result.outcome}`，跟进 `{'`、`'.join(result.follow_ups)}`"
        if result.findings:
            told += "；记下：" + "，".join(f"{name} {value}" for name, value in result.findings.items())
        if result.unanswered:
            told += "；待答复：" + "、".join(result.unanswered)
        parts += [told + "。", ""]
    return "\n".join(parts)


def _table(held: Held) -> Iterable[str]:
    for exchange in held.exchanges:
        if exchange.reading is not None:
            feels = "" if exchange.reading.emotion == "neutral" else f"，{exchange.reading.emotion}"
            yield f"- **客户**：{exchange.heard}（{exchange.reading.intent}{feels}）"
        elif exchange.act.via and exchange.act.via[0].startswith("silence"):
            yield "- **客户**：（沉默）"
        for words in exchange.said:
            yield f"- 机器人：{words.text}"
        if exchange.act.transfer is not None:
            yield f"- （转人工：{exchange.act.transfer}）"
