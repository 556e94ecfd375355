"""`callbot call`: list calls, read one as a script, hear it again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from callbot.app import open_database
from callbot.cli.call_script import print_script
from callbot.cli.moments import in_china
from callbot.cli.output import explained, out, print_json, run
from callbot.errors import BadInput
from callbot.insight import words
from callbot.insight.script import clock
from callbot.settings import load_settings
from callbot.store import overview
from callbot.store.plain import plain

app = typer.Typer(add_completion=False, help="通话：列出、查看、回放。", no_args_is_help=True)

# Programs that play a wav and end with it, in the order they are tried.
_PLAYERS = (
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("aplay", "-q"),
    ("afplay",),
    ("play", "-q"),
)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="多少条，最新的在前。")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """列出最近的通话。"""

    async def work() -> None:
        async with open_database(load_settings()) as db, db.read() as session:
            found = await overview.calls(session, limit=limit)
        if as_json:
            print_json([{"call": plain(call), "customer": plain(customer)} for call, customer in found])
            return
        if not found:
            out.print("还没有通话。运行 callbot demo 或 callbot batch run。")
            return
        table = Table("通话", "开始", "客户", "电话", "时长", "结果")
        for call, customer in found:
            table.add_row(
                call.id,
                f"{in_china(call.started_at):%m-%d %H:%M}",
                escape(customer.name),
                customer.phone_masked,
                clock(call.duration_ms),
                words.word(words.OUTCOMES, call.outcome),
            )
        out.print(table)

    with explained():
        run(work())


@app.command()
def show(
    call_id: Annotated[str, typer.Argument(help="通话编号，或它的开头几位。")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """像剧本一样显示一通电话，带时间，被打断的话只显示真正听到的部分。"""
    with explained():
        sheet = run(_sheet(call_id))
        if as_json:
            print_json(plain(sheet))
        else:
            print_script(sheet)


@app.command()
def replay(
    call_id: Annotated[str, typer.Argument(help="通话编号，或它的开头几位。")],
) -> None:
    """显示一通电话并播放录音（左声道客户，右声道机器人或坐席）。"""
    with explained():
        sheet = run(_sheet(call_id))
        print_script(sheet)
        path = load_settings().data / sheet.call.recording
        if not sheet.call.recording or not path.is_file():
            raise BadInput.one(f"通话 {sheet.call.id}", "没有录音", "接通的电话才有录音")
        play(path)


async def _sheet(call_id: str) -> overview.CallSheet:
    async with open_database(load_settings()) as db, db.read() as session:
        sheet = await overview.call_sheet(session, call_id)
    if sheet is None:
        raise BadInput.one(f"通话 {call_id}", "没有这通电话", "callbot call list 列出通话")
    return sheet


def play(path: Path) -> None:
    """Play a wav with the machine's own player. Raises `BadInput` when there is none."""
    if sys.platform == "win32":
        import winsound

        winsound.PlaySound(str(path), winsound.SND_FILENAME)
        return
    for player, *arguments in _PLAYERS:
        if found := shutil.which(player):
            subprocess.run([found, *arguments, str(path)], check=False)
            return
    raise BadInput.one(str(path), "这台机器没有播放声音的程序", "安装 ffmpeg 或 sox，或直接打开这个文件")
