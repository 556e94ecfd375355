"""The pages served beside other work of the same process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import APIRouter

from callbot.errors import BadInput
from callbot.settings import WebSettings
from callbot.web.app import create_app
from callbot.web.site import Site

_LINGER_S = 3
"""What requests under way get when the server is asked to end."""


@asynccontextmanager
async def serving(site: Site, routers: Sequence[APIRouter] = ()) -> AsyncIterator[str]:
    """Serve while the block runs; the address. Raises `BadInput` when the port is in use."""
    settings = site.settings
    listener = _listen(settings)
    config = uvicorn.Config(
        create_app(site, routers=routers),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=_LINGER_S,
    )
    server = _Beside(config)
    task = asyncio.create_task(server.serve([listener]), name="web")
    try:
        host, port = listener.getsockname()[:2]
        yield f"{site.public_origin or f'http://{_in_address(host)}:{port}'}/"
    finally:
        site.live.close()
        server.should_exit = True
        await task


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _Beside(uvicorn.Server):
    """A server that leaves Ctrl-C to the process, whose calls have to be settled first."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(settings: WebSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise BadInput.one(
            f"网页地址 {settings.host}:{settings.port}",
            f"用不了：{error.strerror}；可能另一个 callbot 正在运行",
            "停掉它，或换一个端口：CALLBOT_WEB__PORT=…",
        ) from None
    return listener
