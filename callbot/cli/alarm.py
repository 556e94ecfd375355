"""`callbot alarm`: what was promised and not done in time, and what stopped by itself."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china
from callbot.cli.output import explained, out, print_json, run, tell
from callbot.cli.who import whoever
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.insight import words
from callbot.settings import load_settings
from callbot.store import cases
from callbot.store.plain import plain

app = typer.Typer(add_completion=False, help="告警：列出、确认。", no_args_is_help=True)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="连已确认的也列出。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """列出还没有人确认的告警，最新的在前。"""

    async def work() -> list[cases.ListedAlarm]:
        async with open_database(load_settings()) as db, db.read() as session:
            return await cases.alarms(session, acknowledged=everything)

    with explained():
        found = run(work())
    if as_json:
        print_json(plain(found))
        return
    if not found:
        out.print("没有未确认的告警。")
        return
    table = folding("告警", "事项", "客户或批次", "负责人", "期限", "告警时间", "关于", "确认")
    for line in found:
        alarm = line.alarm
        table.add_row(
            alarm.id,
            "：".join(filter(None, (words.word(words.ALARMS, alarm.kind), escape(alarm.note)))),
            f"{escape(line.name)} {line.phone_masked}".rstrip(),
            escape(words.word(words.OWNERS, alarm.owner)),
            f"{in_china(alarm.due_at):%m-%d %H:%M}",
            f"{in_china(alarm.raised_at):%m-%d %H:%M}",
            alarm.about,
            escape(alarm.acknowledged_by or "—"),
        )
    out.print(table)


@app.command()
def ack(
    alarm: Annotated[str, typer.Argument(help="告警编号，或它的结尾几位。")],
    by: Annotated[str, typer.Option(help="谁看到的；不写就用系统账户名。")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """确认已看到告警；告警说的事仍要去做。"""

    async def work() -> None:
        async with open_database(load_settings()) as db, db.write() as session:
            if not await cases.acknowledge(session, alarm, by=whoever(by), now=SystemClock().now()):
                raise BadInput.one(f"告警 {alarm}", "没有这条待确认的告警", "callbot alarm list 列出全部")

    with explained():
        run(work())
    tell(as_json, {"alarm": alarm, "acknowledged": True}, "已确认。")
