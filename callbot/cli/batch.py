"""`callbot batch`: call a list of customers, go on with one that was stopped, see what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from callbot.app import (
    Service,
    build_control,
    build_flows,
    build_scorer,
    build_service,
    open_database,
    open_vault,
)
from callbot.audience.assessing import assess_base
from callbot.audience.importing import Defaults, check_base, import_base
from callbot.audience.offer_sheet import import_offers
from callbot.cli.output import explained, out, print_json, run
from callbot.clock import SystemClock
from callbot.errors import BadInput
from callbot.insight import words
from callbot.outreach import batch as batches
from callbot.outreach.dossier import flow_for
from callbot.screen import Screen, blocked_table, called_table
from callbot.settings import Settings, load_settings
from callbot.store import overview
from callbot.store.customers import CustomerFilter, list_customers
from callbot.store.plain import plain

app = typer.Typer(help="Batches: call a list, go on, look.", no_args_is_help=True)

_SHOWN_PROBLEMS = 50


@app.command("run")
def run_list(
    file: Annotated[Path, typer.Argument(help="CSV of customers, or a folder with their history too.")],
    flow: Annotated[str, typer.Option(help="Flow, e.g. winback/ecommerce, or a pack's folder: winback.")],
    name: Annotated[str, typer.Option(help="Name of the batch; the file's name without.")] = "",
    offers: Annotated[Path | None, typer.Option(help="Offer sheet to import first.")] = None,
    industry: Annotated[str, typer.Option(help="For lists without that column.")] = "",
    brand: Annotated[str, typer.Option(help="For lists without that column.")] = "",
    purpose: Annotated[str, typer.Option(help="marketing or service_followup.")] = "marketing",
    lines: Annotated[int, typer.Option(min=1, help="Calls at the same time.")] = 1,
    hold_out: Annotated[float, typer.Option(help="Percent kept uncalled, to measure what calls change.")] = 5.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only results, not every sentence.")] = False,
) -> None:
    """Check a list, say who may be called, and call them.

    A list with a bad row is refused, row and column named, before anything is stored or dialled.
    """
    with explained():
        settings = load_settings()
        build_control(settings)
        defaults = Defaults(industry=industry, brand=brand)
        check_list(file, flow, defaults)

        async def work() -> None:
            async with open_database(settings) as db:
                now = SystemClock().now()
                vault = open_vault(settings)
                if offers is not None:
                    await import_offers(db, offers, now)
                report = await import_base(db, vault, file, now, defaults=defaults, keep_ids=True)
                if report.problems:
                    raise BadInput(report.problems)
                ids = tuple(dict.fromkeys(report.customer_ids))
                await assess_base(db, SystemClock(), CustomerFilter(ids=ids), build_scorer(settings))
                async with db.read() as session:
                    found = await list_customers(session, CustomerFilter(ids=ids))
                for customer in found:
                    flow_for(flow, customer.industry, build_flows())
                batch_id = await batches.create(
                    db,
                    vault,
                    batches.NewBatch(
                        name=name or file.stem,
                        flow=flow,
                        customer_ids=ids,
                        purpose=purpose,
                        lines=lines,
                        hold_out_percent=hold_out,
                        source=str(file),
                        created_by="cli",
                    ),
                    now,
                )
            out.print(f"批次 {batch_id}")
            await call_batch(settings, batch_id, quiet=quiet)

        run(work())


@app.command()
def resume(
    batch_id: Annotated[str, typer.Argument(help="The batch's id, see `callbot batch list`.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Only results, not every sentence.")] = False,
) -> None:
    """Go on with a batch that was stopped or paused, or whose retries are due."""
    with explained():
        run(call_batch(load_settings(), batch_id, quiet=quiet))


@app.command()
def pause(batch_id: Annotated[str, typer.Argument(help="The batch's id.")]) -> None:
    """Place no further call of a running batch; calls under way go on."""

    async def work() -> None:
        async with open_database(load_settings()) as db:
            await batches.pause(db, batch_id)

    with explained():
        run(work())


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """All batches, newest first."""

    async def work() -> list[overview.BatchLine]:
        async with open_database(load_settings()) as db, db.read() as session:
            return await overview.batches(session)

    with explained():
        found = run(work())
    if as_json:
        print_json(plain(found))
        return
    if not found:
        out.print("还没有批次。运行 callbot batch run 或 callbot demo。")
        return
    table = Table("批次", "名称", "流程", "状态", "客户", "结果")
    for line in found:
        outcomes = "，".join(f"{words.word(words.OUTCOMES, key)} {n}" for key, n in line.outcomes.items())
        table.add_row(
            line.batch.id,
            line.batch.name,
            line.batch.flow,
            words.word(words.STATES, line.batch.state),
            str(line.members),
            outcomes,
        )
    out.print(table)


@app.command()
def show(
    batch_id: Annotated[str, typer.Argument(help="The batch's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Who was called and what follows, who was not and why."""
    with explained():
        members = run(_members(batch_id))
        if as_json:
            print_json(plain(members))
        else:
            show_members(members)


def check_list(file: Path, flow: str, defaults: Defaults) -> None:
    """Raise `BadInput` for an unknown flow and for every bad cell of the list; stores nothing."""
    flows = build_flows()
    if flow not in flows and not any(known.startswith(f"{flow}/") for known in flows):
        flow_for(flow, "*", flows)
    rejections, _ = check_base(file, SystemClock().now(), defaults=defaults)
    if rejections:
        raise BadInput([rejection.problem for rejection in rejections[:_SHOWN_PROBLEMS]])


async def call_batch(settings: Settings, batch_id: str, *, quiet: bool) -> None:
    """Say who may be called and call them; Ctrl-C settles what is under way and leaves the rest."""
    screen = Screen(out, quiet=quiet)
    async with build_service(settings, on_call_event=screen.call_event) as service:
        async with service.db.read() as session:
            line = await overview.batch(session, batch_id)
        if line is None:
            raise BadInput.one(f"batch {batch_id}", "no such batch", "see `callbot batch list`")
        if line.batch.state != "running":
            await batches.launch(service.db, batch_id, service.clock.now())
        await _preview(service, batch_id, screen)
        try:
            end = await service.batch_run(screen.progress).run(batch_id)
        except asyncio.CancelledError:
            screen.say(f"[yellow]已停止，通话都已结清。继续：callbot batch resume {batch_id}[/]")
            raise
    show_members(await _members(batch_id))
    if end.waiting and end.until:
        out.print(
            f"另有 {end.waiting} 位要等到 {end.until:%Y-%m-%d %H:%M} UTC 以后：callbot batch resume {batch_id}"
        )


async def _preview(service: Service, batch_id: str, screen: Screen) -> None:
    preview = await batches.preview(service.db, batch_id, service.clock.now())
    screen.say(
        f"现在可拨打 {len(preview.now)} 位，稍后 {preview.later_count} 位，不可拨打 {preview.never_count} 位"
    )
    for group in (*preview.later, *preview.never):
        screen.say(f"  [dim]{group.count} 位：{group.because}[/]")


async def _members(batch_id: str) -> list[overview.MemberLine]:
    async with open_database(load_settings()) as db, db.read() as session:
        if await overview.batch(session, batch_id) is None:
            raise BadInput.one(f"batch {batch_id}", "no such batch", "see `callbot batch list`")
        return await overview.members(session, batch_id)


def show_members(members: Sequence[overview.MemberLine]) -> None:
    """The two tables of a batch."""
    for table in (called_table(members), blocked_table(members)):
        if table.row_count:
            out.print(table)
