"""Working through a batch on a terminal: who may be called, each call, and what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from callbot.app import Service, build_service, open_database
from callbot.cli.moments import in_china
from callbot.cli.output import out
from callbot.errors import BadInput
from callbot.outreach import batch as batches
from callbot.screen import Screen, blocked_table, called_table
from callbot.settings import Settings
from callbot.store import overview


async def call_batch(settings: Settings, batch_id: str, *, quiet: bool, reason: str = "") -> None:
    """Say who may be called and call them; Ctrl-C settles what is under way and leaves the rest."""
    screen = Screen(out, quiet=quiet)
    async with build_service(settings, on_call_event=screen.call_event) as service:
        async with service.db.read() as session:
            line = await overview.batch(session, batch_id)
        if line is None:
            raise no_such(batch_id)
        if line.batch.state != "running":
            await batches.launch(service.db, batch_id, service.clock.now(), reason=reason)
        await _preview(service, batch_id, screen)
        try:
            end = await service.batch_run(screen.progress).run(batch_id)
        except asyncio.CancelledError:
            screen.say(f"[yellow]已停止，通话都已结清。继续：callbot batch resume {batch_id} --here[/]")
            raise
    show_members(await members(settings, batch_id))
    if end.waiting and end.until:
        out.print(
            f"另有 {end.waiting} 位要等到 {in_china(end.until):%Y-%m-%d %H:%M} 以后："
            f"callbot batch resume {batch_id} --here",
            soft_wrap=True,
        )
    if end.stopped:
        await _why_stopped(settings, batch_id)


async def members(settings: Settings, batch_id: str) -> list[overview.MemberLine]:
    """Everybody in the batch. Raises `BadInput` when there is no such batch."""
    async with open_database(settings) as db, db.read() as session:
        if await overview.batch(session, batch_id) is None:
            raise no_such(batch_id)
        return await overview.members(session, batch_id)


def show_members(lines: Sequence[overview.MemberLine]) -> None:
    """The two tables of a batch."""
    for table in (called_table(lines), blocked_table(lines)):
        if table.row_count:
            out.print(table)


def no_such(batch_id: str) -> BadInput:
    return BadInput.one(f"批次 {batch_id}", "没有这个批次", "callbot batch list 列出全部批次")


async def _preview(service: Service, batch_id: str, screen: Screen) -> None:
    preview = await batches.preview(service.db, batch_id, service.clock.now())
    screen.say(
        f"现在可拨打 {len(preview.now)} 位，稍后 {preview.later_count} 位，不可拨打 {preview.never_count} 位"
    )
    for group in (*preview.later, *preview.never):
        screen.say(f"  [dim]{group.count} 位：{group.because}[/]")


async def _why_stopped(settings: Settings, batch_id: str) -> None:
    async with open_database(settings) as db, db.read() as session:
        line = await overview.batch(session, batch_id)
    if line is not None and line.batch.paused_because:
        out.print(
            f"[red]熔断暂停[/]：{line.batch.paused_because}\n"
            f'  排除原因后：callbot batch resume {batch_id} --here --reason "…"',
            soft_wrap=True,
        )
