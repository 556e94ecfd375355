"""`callbot followup`: what has to happen after a contact, and who does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from callbot.app import open_database
from callbot.cli.conditions import folding
from callbot.cli.moments import in_china, moment_of
from callbot.cli.output import explained, out, print_json, run
from callbot.cli.who import whoever
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.insight import words
from callbot.outreach import tasks
from callbot.outreach.message_rules import Failed
from callbot.settings import load_settings
from callbot.store import follow_ups
from callbot.store.database import Database
from callbot.store.plain import plain
from callbot.store.tables import FollowUp

app = typer.Typer(help="Follow-ups: list, claim, finish, cancel, postpone.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Id of the follow-up, or the end of it.")]
By = Annotated[str, typer.Option(help="Who does this; the name of the account without.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    owner: Annotated[str, typer.Option(help="Only of this owner or claimer, e.g. sales-desk.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is late.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what is done or cancelled.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many, the longest due first.")] = 200,
    as_json: Json = False,
) -> None:
    """What is still to happen, the longest due first."""
    now = SystemClock().now()

    async def work() -> list[follow_ups.Listed]:
        async with open_database(load_settings()) as db, db.read() as session:
            return await follow_ups.listing(
                session,
                states=(*follow_ups.WAITING, "done", "cancelled") if everything else follow_ups.WAITING,
                owner=owner,
                overdue_at=now if overdue else None,
                limit=limit,
            )

    with explained():
        found = run(work())
    if as_json:
        print_json(plain(found))
        return
    if not found:
        out.print("没有待办。")
        return
    table = folding("编号", "事项", "客户", "负责人", "期限", "状态", "说明")
    for line in found:
        item = line.follow_up
        waits = item.state in ("open", "claimed")
        late = waits and item.due_at <= now and item.owner != follow_ups.SYSTEM
        table.add_row(
            item.id,
            words.word(words.FOLLOW_UPS, item.kind),
            f"{escape(line.name)} {line.phone_masked}",
            escape(item.claimed_by or words.word(words.OWNERS, item.owner)),
            f"[red]{in_china(item.due_at):%m-%d %H:%M} 已超期[/]"
            if late
            else f"{in_china(item.due_at):%m-%d %H:%M}",
            words.word(words.STATES, item.state) + (f"（{words.FAILED[item.failed]}）" if item.failed else ""),
            escape(item.note or str(item.detail.get("why", ""))),
        )
    out.print(table)


@app.command()
def claim(follow_up: Id, by: By = "", as_json: Json = False) -> None:
    """Take a task; touch sequences of the customer end."""
    _act(
        lambda db, now: tasks.claim(db, follow_up, by=whoever(by), now=now),
        as_json,
    )


@app.command()
def done(
    follow_up: Id,
    by: By = "",
    note: Annotated[str, typer.Option(help="What came of it.")] = "",
    called: Annotated[bool, typer.Option("--called", help="You spoke with the customer by phone.")] = False,
    failed: Annotated[
        Failed | None, typer.Option(help="It moved nobody: content, timing or channel was wrong.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Finish a task."""
    _act(
        lambda db, now: tasks.done(
            db, follow_up, by=whoever(by), note=note, now=now, called=called, failed=failed
        ),
        as_json,
    )


@app.command()
def cancel(
    follow_up: Id,
    note: Annotated[str, typer.Option(help="Why it must not happen.")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """Give up a task, or stop what callbot would do itself."""
    _act(lambda db, now: tasks.cancel(db, follow_up, by=whoever(by), note=note, now=now), as_json)


@app.command()
def postpone(
    follow_up: Id,
    to: Annotated[str, typer.Option(help="ISO time with zone, e.g. 2026-03-02T10:00+08:00.")],
    note: Annotated[str, typer.Option(help="Why.")] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Put a task off; its first due time is kept."""
    with explained():
        if not to:
            raise BadInput.one("--to", "是空的", "写成 2026-03-02T10:00+08:00")
        until = moment_of(to, "--to").astimezone(UTC)
    _act(
        lambda db, now: tasks.postpone(db, follow_up, by=whoever(by), to=until, note=note, now=now),
        as_json,
    )


def _act(work: Callable[[Database, datetime], Awaitable[FollowUp]], as_json: bool) -> None:
    async def act() -> FollowUp:
        async with open_database(load_settings()) as db:
            return await work(db, SystemClock().now())

    with explained():
        row = run(act())
    if as_json:
        print_json(plain(row))
    else:
        owner = row.claimed_by or words.word(words.OWNERS, row.owner)
        out.print(
            f"{words.word(words.FOLLOW_UPS, row.kind)}：{words.word(words.STATES, row.state)}，"
            f"负责人 {escape(owner)}，期限 {in_china(row.due_at):%m-%d %H:%M}"
        )
