"""`callbot serve`: pages, desk and calls of every running batch, until stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer

from callbot.app import Service, build_service, carrier_status
from callbot.cli.output import explained, out, run
from callbot.control import open_engine
from callbot.screen import Screen
from callbot.settings import Settings, load_settings
from callbot.store import overview
from callbot.web.serving import serving

_LOOK_S = 5.0


def serve(
    quiet: Annotated[bool, typer.Option("--quiet", help="Only results, not every sentence.")] = True,
) -> None:
    """Serve the pages and the desk, and work through every running batch in its windows, until Ctrl-C."""
    with explained():
        run(_serve(load_settings(), quiet))


async def _serve(settings: Settings, quiet: bool) -> None:
    screen = Screen(out, quiet=quiet)
    async with build_service(settings, on_call_event=screen.call_event) as service:

        async def on_status(path: str, form: Mapping[str, str], signature: str) -> bool:
            return carrier_status(service, path, form, signature)

        async with serving(service.db, settings.data, settings.web, on_status) as address:
            out.print(f"网页 [bold]{address}[/]（Ctrl-C 结束）")
            out.print(f"媒体 {service.media.url}  坐席 {service.desk_server.url}")
            async with open_engine(
                settings, service.db, service.clock, control=service.control, own=service.worker.id
            ):
                while True:
                    for batch_id in await _running(service):
                        await service.batch_run(screen.progress).run(batch_id)
                    await asyncio.sleep(_LOOK_S)


async def _running(service: Service) -> list[str]:
    """Running batches, the oldest first."""
    async with service.db.read() as session:
        lines = await overview.batches(session)
    return [line.batch.id for line in reversed(lines) if line.batch.state == "running"]
