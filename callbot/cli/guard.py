"""`callbot guard`: measure on any file what the guard stops and what it lets through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from callbot.cli.output import explained, out
from callbot.conversation.guard_case import Verdict, judge, read
from callbot.errors import BadInput

app = typer.Typer(add_completion=False, help="说出口之前的检查：量一量它拦住了什么。", no_args_is_help=True)


@app.callback()
def guard() -> None:
    """说出口之前的检查：量一量它拦住了什么。"""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="JSONL，每行一句话和它的优惠表；格式见 docs/guard.md。")],
    to: Annotated[Path, typer.Option("--out", help="结果写到这个 JSONL 文件。")],
) -> None:
    """逐句检查，写出每句能不能说；文件里有标注时给出拦截率和误拦率。输入有错时退出码为 2。"""
    with explained():
        try:
            lines = file.read_bytes().decode("utf-8").split("\n")
        except OSError as error:
            raise BadInput.one(str(file), f"读不了（{error.strerror}）", "检查路径和权限") from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise BadInput.one(f"{file}:{line}", "不是 UTF-8 文字", "把文件另存为 UTF-8") from None
        cases = read(lines, str(file))
        if not cases:
            raise BadInput.one(str(file), "一行内容也没有", "每行写一个 JSON 对象")
        verdicts = tuple(judge(cases))
        rows = "".join(json.dumps(verdict.row(), ensure_ascii=False) + "\n" for verdict in verdicts)
        try:
            to.write_text(rows, "utf-8")
        except OSError as error:
            raise BadInput.one(str(to), f"写不了（{error.strerror}）", "换一个能写的路径") from None
    out.print(f"{len(verdicts)} 句，拦下 {sum(not verdict.allowed for verdict in verdicts)} 句 → {to}")
    _rate(verdicts, should_pass=False, name="不该说的拦住了")
    _rate(verdicts, should_pass=True, name="该放行的误拦了")


def _rate(verdicts: tuple[Verdict, ...], *, should_pass: bool, name: str) -> None:
    judged = [verdict for verdict in verdicts if verdict.case.allowed_expected is should_pass]
    if not judged:
        return
    stopped = sum(not verdict.allowed for verdict in judged)
    out.print(f"{name} {stopped}/{len(judged)} = {stopped / len(judged):.4f}")
    for verdict in judged:
        if verdict.allowed is not should_pass:
            spans = "、".join(found.span for found in verdict.violations) or "（没有拦）"
            out.print(f"  ✗ {verdict.case.id} {verdict.case.text} ← {spans}", markup=False, soft_wrap=True)
