"""`callbot serve`: the control process with pages, desk and duties, and the media processes with the calls."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Any

import structlog
import typer

from callbot.app import build_clock, build_site, open_database, open_vault
from callbot.carrier import build_control, is_connected
from callbot.cli.children import Child
from callbot.cli.output import explained, out, run
from callbot.cli.stopping import Stopping, listening
from callbot.control import open_engine
from callbot.desk import build_desk, build_far_office, joins_office
from callbot.errors import BadInput
from callbot.minds import check_minds
from callbot.settings import Settings, load_settings
from callbot.store import workers
from callbot.store.database import Database
from callbot.telephony.unconnected import Unconnected
from callbot.web.access.accounts import FIRST, Accounts
from callbot.web.serving import serving
from callbot.web.site import Site
from handoff.far_office import FarOffice

_log = structlog.get_logger(__name__)
_JOIN_S = 3.0
"""What the office of another host gets to let us in before the screen says that it is away."""


def serve(
    media: Annotated[int | None, typer.Option(min=0, help="本机的媒体进程数，代替 media.processes。")] = None,
    quiet: Annotated[bool, typer.Option("--quiet/--all", help="只看结果，或看每句话。")] = True,
) -> None:
    """提供页面和坐席台，并在时段内拨打所有进行中的批次，直到 Ctrl-C。

    按一次 Ctrl-C 等通话打完，再按一次立即结束；两种都会结清。
    --media 0 只运行控制进程，媒体进程在别的主机上；没有设置线路时，可以先用它看网页、导入客户、准备批次。
    设置了 desk.url 时，客户转到那台主机的坐席台，本机不再开坐席台。
    """
    with explained():
        settings = load_settings()
        count = settings.media.processes if media is None else media
        _check(settings, count)
        stopping = run(_serve(settings, count, quiet))
    if stopping.interrupted:
        raise KeyboardInterrupt


def _check(settings: Settings, count: int) -> None:
    address = settings.carrier.public_media_url
    if count > 1 and address and "{port}" not in address:
        raise BadInput.one(
            "设置 carrier.public_media_url",
            f"{count} 个媒体进程只有一个地址，运营商要能到达每一个",
            "在地址里写 {port}，例如 wss://calls.example.com/{port}，并分别转到各进程",
        )
    # What a media process needs, and a carrier that is not complete, are named before anything is started.
    if count:
        run(check_minds(settings))
    if count or is_connected(settings):
        build_control(settings)


async def _serve(settings: Settings, count: int, quiet: bool) -> Stopping:
    token = settings.desk.line_token.get_secret_value() or secrets.token_urlsafe(32)
    clock = build_clock(settings)
    vault = open_vault(settings)  # makes the keys once, before several processes look for them
    with listening() as stopping:
        async with open_database(settings) as db, AsyncExitStack() as stack:
            office = far = None
            if joins_office(settings):
                far = await stack.enter_async_context(build_far_office(settings))
                desk_url = far.url
            else:
                office = await stack.enter_async_context(build_desk(settings, db, clock, line_token=token))
                desk_url = office.server.line_url
            control = build_control(settings) if is_connected(settings) else Unconnected()
            try:
                site = build_site(settings, db, vault, clock, office=office, far_office=far)
                async with (
                    serving(site) as address,
                    open_engine(settings, db, clock, control=control),
                ):
                    out.print(f"网页 [bold]{address}[/]（Ctrl-C 结束）")
                    await _first_start(site, address)
                    if not is_connected(settings):
                        out.print(
                            "[yellow]没有设置线路，不会拨打[/]：在 callbot.toml 里填好 carrier，再启动一次"
                        )
                    out.print(
                        f"坐席 {office.server.url if office else await _joined(far)}，媒体进程 {count} 个"
                    )
                    children = _children(settings, db, desk_url, token, count=count, quiet=quiet)
                    await _keep(children, stopping)
            finally:
                await control.aclose()
    return stopping


async def _first_start(site: Site, address: str) -> None:
    """Where nobody can sign in yet, print how the first administrator can."""
    link = await Accounts(site.db, site.audit, site.passwords).first_admin(site.clock.now())
    if link is not None:
        out.print(f"首次启动：30 分钟内打开下面的链接，为管理员 {FIRST} 设置密码（只能用一次）", soft_wrap=True)
        out.print(f"  {address}link/{link}", soft_wrap=True)


async def _joined(far: FarOffice | None) -> str:
    """Where the customers of this host ring, and whether anybody is there."""
    if far is None:
        return ""
    try:
        async with asyncio.timeout(_JOIN_S):
            await far.link.wait_joined()
    except TimeoutError:
        return f"{far.url}（[yellow]连接不上：{far.link.why}；客户暂时由机器人约定回电，恢复后自动接上[/]）"
    return f"{far.url}（已加入）"


def _children(
    settings: Settings, db: Database, desk_url: str, token: str, *, count: int, quiet: bool
) -> list[Child]:
    async def died(worker: str) -> None:
        """Its calls ended with its sockets; nobody needs to wait for its heartbeat to be missed."""
        try:
            async with db.write() as session:
                await workers.retire(session, worker)
        except Exception as error:
            _log.warning("worker.retire_failed", worker_id=worker, error=type(error).__name__)

    environment = {"CALLBOT_DESK__URL": desk_url, "CALLBOT_DESK__LINE_TOKEN": token}
    first = settings.media.port
    return [
        Child(
            [
                *("-m", "callbot", "media", "--port", str(first + index if first else 0)),
                "--quiet" if quiet else "--all",
            ],
            environment,
            died,
        )
        for index in range(count)
    ]


async def _keep(children: Sequence[Child], stopping: Stopping) -> None:
    """Until somebody asks for the end and every media process has settled its calls."""
    keeping = [asyncio.create_task(child.keep()) for child in children]
    asked = asyncio.create_task(stopping.asked.wait())
    at_once = asyncio.create_task(stopping.now.wait())
    try:
        await asyncio.wait({asked, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.asked.is_set():
            out.print("[yellow]正在停止：不再拨号，等进行中的电话结束（再按一次 Ctrl-C 立即挂断）[/]")
        for child in children:
            child.end()
        ended = asyncio.gather(*keeping, return_exceptions=True)
        last: set[asyncio.Future[Any]] = {ended, at_once}
        await asyncio.wait(last, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            for child in children:
                child.end()
        for result in await ended:
            if isinstance(result, BaseException):
                raise result
    finally:
        for task in (asked, at_once, *keeping):
            task.cancel()
