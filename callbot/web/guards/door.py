"""Before any route: the host we are called by, the site a change comes from, the pace, the size of the body."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callbot.web.access.admission import address_of, session_secret
from callbot.web.access.origin import SAFE, known_host, same_origin
from callbot.web.access.rates import ADDRESS
from callbot.web.errors import refuse
from callbot.web.refusal import Refused, Why
from callbot.web.site import Site

MOST_MIB = 8
"""Of a body that is not an upload."""
_UNPACED = ("/static/", "/healthz")


class Door:
    """ASGI. Refuses with the JSON of `ErrorOut`; a websocket is refused before it is accepted."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            self._check(connection)
            limit = self._limit(connection.headers)
        except Refused as refused:
            await refuse(connection, refused)(scope, receive, send)
            return
        if scope["type"] == "http":
            receive = _counted(receive, limit)
        await self._app(scope, receive, send)

    def _check(self, connection: HTTPConnection) -> None:
        site, headers = self._site, connection.headers
        websocket = connection.scope["type"] == "websocket"
        if "\0" in connection.url.path or b"%00" in connection.scope["query_string"]:
            raise Refused(Why.BAD_REQUEST, status=400, what="NUL")
        if not known_host(headers.get("host", ""), site.hosts):
            raise Refused(Why.UNKNOWN_HOST)
        if (websocket or connection.scope["method"] not in SAFE) and not same_origin(
            headers,
            connection.url.scheme,
            websocket=websocket,
            with_cookie=bool(session_secret(connection.cookies)),
            public=site.public_origin,
        ):
            raise Refused(Why.FOREIGN_ORIGIN)
        if not connection.url.path.startswith(_UNPACED) and (
            wait := site.rates.wait(f"address:{address_of(connection)}", ADDRESS, site.clock.now())
        ):
            raise Refused(Why.TOO_MANY, wait=wait)

    def _limit(self, headers: Mapping[str, str]) -> int:
        """MiB. Raises `Refused` where the body says itself that it is larger."""
        upload = headers.get("content-type", "").lower().startswith("multipart/")
        limit = max(self._site.settings.upload_mb, MOST_MIB) if upload else MOST_MIB
        said = headers.get("content-length", "")
        if said.isascii() and said.isdigit() and int(said) > limit << 20:
            raise Refused(Why.TOO_LARGE, limit=limit)
        return limit


def _counted(receive: Receive, limit: int) -> Receive:
    """A body that turns out longer than it may be is refused where it is read."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit << 20:
                raise Refused(Why.TOO_LARGE, limit=limit)
        return message

    return counted
