"""`callbot media`: one media process. `callbot serve` starts its own; a cluster runs it on further hosts."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from callbot.app import build_clock, build_flows, open_database, open_vault
from callbot.cli.output import explained, out
from callbot.cli.stopping import Stopping, listening
from callbot.desk import build_far_office, joins_office
from callbot.errors import BadInput
from callbot.event_loop import loop_factory
from callbot.media import build_media
from callbot.screen import Screen
from callbot.settings import Settings, load_settings


def media(
    port: Annotated[int | None, typer.Option(help="通话端口，代替 media.port；0 为自动选择。")] = None,
    quiet: Annotated[bool, typer.Option("--quiet/--all", help="只看结果，或看每句话。")] = True,
    boot: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """运行一个媒体进程：拨打所有进行中的批次，直到 Ctrl-C。

    设置里要写共享的数据库，以及控制进程的坐席台（desk.url 和 desk.line_token）。
    """
    with explained():
        settings = load_settings()
        if port is not None:
            settings = settings.model_copy(update={"media": settings.media.model_copy(update={"port": port})})
        if not joins_office(settings):
            raise BadInput.one(
                "设置 desk.url、desk.line_token",
                "没有填：这个进程的客户将转不到人工",
                "填控制进程的坐席台地址和它的令牌，或改用 callbot serve",
            )
        with asyncio.Runner(loop_factory=loop_factory(None)) as runner:
            runner.run(_media(settings, quiet, boot))


async def _media(settings: Settings, quiet: bool, boot: str) -> None:
    screen = Screen(out, quiet=quiet)
    with listening() as stopping:
        # With `boot` somebody started this process, and its standard input ends when they are gone.
        watch = asyncio.create_task(_orphaned(stopping)) if boot else None
        async with (
            open_database(settings) as db,
            build_far_office(settings) as office,
            build_media(
                settings,
                db=db,
                vault=open_vault(settings),
                flows=build_flows(),
                desk=office.desk,
                clock=build_clock(settings),
                boot=boot,
                on_call_event=screen.call_event,
                calls=office.calls,
            ) as one,
        ):
            out.print(f"媒体进程就绪 {one.server.url}，最多同时 {settings.media.max_calls} 通")
            dialler = one.dialler(screen.progress)

            async def obey() -> None:
                await stopping.asked.wait()
                await one.server.close_door()
                dialler.stop()
                await stopping.now.wait()
                dialler.stop(cut=True)

            obeying = asyncio.create_task(obey())
            try:
                await dialler.run()
            finally:
                for task in (obeying, watch):
                    if task is not None:
                        task.cancel()
        if one.worker.lost.is_set():
            raise typer.Exit(3)


async def _orphaned(stopping: Stopping) -> None:
    """Ask for a clean end once the process that started this one is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stopping.ask()
