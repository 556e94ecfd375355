"""`callbot demo`: the whole of it, on simulated customers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callbot.cli.output import explained, out, run
from callbot.demo.run import SEED, Wish, run_demo
from callbot.settings import load_settings


def demo(
    seed: Annotated[int, typer.Option(help="决定说法、停顿和噪声的种子。")] = SEED,
    personas: Annotated[Path | None, typer.Option(help="自己的被叫人物文件夹，见 docs/personas.md。")] = None,
    lines: Annotated[int, typer.Option(min=1, max=20, help="同时通话数。")] = 4,
    exit_: Annotated[bool, typer.Option("--exit", help="批次打完就结束，不留页面。")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="忘掉上次停下的演示。")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="只看结果，不看每句话。")] = False,
    data: Annotated[Path | None, typer.Option(help="数据放在哪里。")] = None,
    report: Annotated[Path | None, typer.Option(help="把结果和延迟写到这个 JSON 文件。")] = None,
) -> None:
    """通过真实的电话 websocket 拨打一批模拟客户，双向说话。

    漏掉勿扰或投诉、有通话没有结果，或（用演示自己的种子时）结果与客户本意不同，退出码为 1。
    """
    wish = Wish(
        seed=seed,
        personas=personas,
        lines=lines,
        exit=exit_,
        fresh=fresh,
        quiet=quiet,
        data=data,
        report=report,
    )
    with explained():
        status = run(run_demo(load_settings(), wish, out))
    raise typer.Exit(status)
