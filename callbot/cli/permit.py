"""`callbot permit`: may this person be called, and if not, which one rule objects and until when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.output import explained, out, print_json, run
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.outreach.ask import Asked, may_contact
from callbot.settings import load_settings


def permit(
    customer: Annotated[str, typer.Argument(help="Id, external id, or name when only one person has it.")],
    at: Annotated[str, typer.Option(help="ISO time with zone, e.g. 2026-03-02T10:00+08:00; now without.")] = "",
    purpose: Annotated[str, typer.Option(help="marketing or service_followup.")] = "marketing",
    batch: Annotated[str, typer.Option(help="Ask as this batch would; else as a running one would.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask the one door. Changes nothing. Exit status 0 when allowed, 3 when not."""
    with explained():
        moment = _moment(at)

        async def work() -> Asked:
            async with open_database(load_settings()) as db:
                return await may_contact(db, customer, purpose=purpose, at=moment, batch_id=batch)

        asked = run(work())
    block = asked.block
    if as_json:
        print_json(
            {
                "customer": asked.name,
                "at": moment.isoformat(),
                "allowed": block is None,
                "rule": block.rule if block else None,
                "until": block.until.isoformat() if block and block.until else None,
                "because": block.because if block else None,
                "policy": asked.policy,
            }
        )
    elif block is None:
        out.print(f"[green]可以拨打[/] {escape(asked.name)}（规则 {asked.policy}）")
    else:
        until = f"，{block.until:%Y-%m-%d %H:%M} UTC 之后再问" if block.until else "，除非有人改变它"
        out.print(f"[red]不可拨打[/] {escape(asked.name)}：{escape(block.because)}（{block.rule}）{until}")
    raise typer.Exit(0 if block is None else 3)


def _moment(text: str) -> datetime:
    if not text:
        return SystemClock().now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput.one("--at", f"{text!r} is not an ISO time", "write 2026-03-02T10:00+08:00") from None
    if moment.tzinfo is None:
        raise BadInput.one("--at", f"{text} has no time zone", "add one, e.g. +08:00")
    return moment
