"""The outermost layer: a request id, headers that tell browsers what not to do, an answer to every bug."""

from __future__ import annotations

import re
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callbot.ids import new_id
from callbot.web.errors import refuse
from callbot.web.refusal import Refused, Why

_log = structlog.get_logger(__name__)

_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
_STYLED = "default-src 'self'; style-src 'self' 'unsafe-inline'; "
CSP = (
    f"{_STYLED}img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Scripts from here alone. Styles may stand in the page: the console's components write theirs at run time."""
_ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), microphone=(self)",
}
"""Under a referrer policy of `no-referrer` forms would be sent with the origin `null`, which is nobody's."""
_HSTS = "max-age=31536000"


class Frame:
    """ASGI. Sets `callbot.request_id` in the scope and `X-Request-Id` in the answer."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        """`https`: browsers reach us by https only, and are told to remember it."""
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["callbot.request_id"] = request_id

        started = False

        async def framed(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self._add(message, request_id)
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except Exception as error:
            # As text: what the logger would render itself holds the values of variables too.
            trace = "".join(traceback.format_exception(error))
            _log.error("web.failed", path=scope["path"], request_id=request_id, trace=trace)
            if started:
                raise
            await refuse(HTTPConnection(scope), Refused(Why.FAILED))(scope, receive, framed)

    def _add(self, message: MutableMapping[str, Any], request_id: str) -> None:
        headers = MutableHeaders(scope=message)
        headers["X-Request-Id"] = request_id
        for name, value in _ALWAYS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        if self._https:
            headers["Strict-Transport-Security"] = _HSTS


def _request_id(scope: Scope) -> str:
    """The one a proxy gave, if it is harmless in a log, else a fresh one."""
    for name, value in scope["headers"]:
        given = value.decode("latin-1") if name == b"x-request-id" else ""
        if _GIVEN.fullmatch(given):
            return str(given)
    return new_id()
