"""`callbot promise`: what was promised on the phone, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china
from callbot.cli.output import explained, out, print_json, run
from callbot.clock import SystemClock
from callbot.insight import words
from callbot.settings import load_settings
from callbot.store import promises
from callbot.store.plain import plain
from callbot.store.tables import Promise

app = typer.Typer(add_completion=False, help="电话里的承诺：列出。", no_args_is_help=True)


@app.callback()
def group() -> None:
    """电话里的承诺。"""


@app.command("list")
def list_(
    overdue: Annotated[bool, typer.Option("--overdue", help="只看已超期的。")] = False,
    everything: Annotated[bool, typer.Option("--all", help="连已兑现和作废的也列出。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """列出还没兑现的承诺，到期最久的在前。"""

    async def work(now: datetime) -> list[promises.ListedPromise]:
        async with open_database(load_settings()) as db, db.read() as session:
            return await promises.listing(session, overdue_at=now if overdue else None, everything=everything)

    with explained():
        found = run(work(SystemClock().now()))
    if as_json:
        print_json(plain(found))
        return
    if not found:
        out.print("没有超期的承诺。" if overdue else "没有待兑现的承诺。")
        return
    table = folding("客户", "承诺", "原话", "负责人", "期限", "状态")
    for line in found:
        cells = promise_cells(line.promise)
        table.add_row(f"{escape(line.name)} {line.phone_masked}", *map(escape, cells))
    out.print(table)


def promise_cells(promise: Promise) -> tuple[str, str, str, str, str]:
    """Kind, words, owner, due time and state of a promise, for a table."""
    late = "（已补）" if promise.state == "broken" and promise.kept_by else ""
    return (
        words.word(words.PROMISES, promise.kind),
        promise.words,
        words.word(words.OWNERS, promise.owner),
        f"{in_china(promise.due_at):%m-%d %H:%M}",
        words.word(words.PROMISE_STATES, promise.state) + late + (f"：{promise.note}" if promise.note else ""),
    )


def promise_rows(found: Iterable[Promise]) -> list[tuple[str, ...]]:
    """The rows of a table of promises."""
    return [promise_cells(promise) for promise in found]
