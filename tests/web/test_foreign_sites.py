"""Another site cannot act in the name of somebody who is signed in here, nor reach us by a name of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, WebSocket
from fresh_database import fresh_db
from starlette.types import Message, Scope
from web_house import a_browser, a_site, a_user, sign_in, signed_in, with_token

from callbot.web.access.admission import CSRF_HEADER, needs
from callbot.web.access.origin import known_host, same_origin
from callbot.web.access.permission import Permission, Role
from callbot.web.access.principal import Principal
from callbot.web.app import create_app
from callbot.web.site import Site

OURS = "callbot.example.com"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with fresh_db(tmp_path) as db:
        yield a_site(db, tmp_path, public_url=f"https://{OURS}")


@pytest.mark.parametrize(
    ("headers", "websocket", "with_cookie", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, False, True, True),
        ({"sec-fetch-site": "none"}, False, True, True),
        ({"sec-fetch-site": "cross-site"}, False, True, False),
        ({"sec-fetch-site": "same-site"}, False, True, False),
        ({"sec-fetch-site": "cross-site"}, False, False, False),
        ({"origin": f"https://{OURS}"}, False, True, True),
        ({"origin": f"https://{OURS.upper()}"}, False, True, True),
        ({"origin": f"http://{OURS}"}, False, True, False),
        ({"origin": f"https://{OURS}:444"}, False, True, False),
        ({"origin": f"https://{OURS}.evil.example"}, False, True, False),
        ({"origin": "null"}, False, True, False),
        ({"origin": ""}, False, True, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, False, True, False),
        ({}, False, True, True),
        ({"origin": f"https://{OURS}"}, True, True, True),
        ({"origin": "https://evil.example"}, True, True, False),
        ({"origin": "https://evil.example"}, True, False, False),
        ({"sec-fetch-site": "same-origin"}, True, True, False),
        ({}, True, True, False),
        ({}, True, False, True),
    ],
)
def test_where_a_change_may_come_from(
    headers: dict[str, str], websocket: bool, with_cookie: bool, ours: bool
) -> None:
    scheme = "wss" if websocket else "https"
    found = same_origin({**headers, "host": OURS}, scheme, websocket=websocket, with_cookie=with_cookie)
    assert found is ours


def test_behind_a_proxy_the_public_address_counts() -> None:
    headers = {"origin": f"https://{OURS}", "host": OURS}
    assert not same_origin(headers, "http", websocket=False, with_cookie=True)
    assert same_origin(headers, "http", websocket=False, with_cookie=True, public=f"https://{OURS}")


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8090", True),
        ("localhost", True),
        ("[::1]:8090", True),
        (OURS, True),
        (f"{OURS}:443", True),
        ("evil.example", False),
        ("10.0.0.7:8090", False),
        (f"{OURS}.evil.example", False),
        ("", False),
        ("[::1", False),
    ],
)
def test_by_which_names_we_may_be_called(host: str, known: bool) -> None:
    assert known_host(host, {OURS}) is known


async def test_a_name_that_points_at_this_machine_is_refused(site: Site) -> None:
    answer = await a_browser(site, base="http://rebound.example").get("/api/sign-in/demo-users")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-host")


async def test_a_form_on_another_site_is_refused_even_with_cookie_and_token(site: Site) -> None:
    client = await signed_in(site, Role.ADMIN)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await client.post("/api/users", json={"name": "eve", "roles": ["admin"]}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")
    assert [user["name"] for user in (await client.get("/api/users")).json()] == ["admin"]


@pytest.mark.parametrize("token", ["", "another", "错"])
async def test_a_change_needs_the_token_of_the_session(site: Site, token: str) -> None:
    client = await signed_in(site, Role.ADMIN)
    del client.headers[CSRF_HEADER]
    headers = [(CSRF_HEADER.encode(), token.encode())] if token else []
    answer = await client.post("/api/users", json={"name": "eve", "roles": ["admin"]}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


async def test_another_sessions_token_does_not_do(site: Site) -> None:
    mine, theirs = await signed_in(site, Role.ADMIN), await signed_in(site, Role.QA)
    mine.headers[CSRF_HEADER] = theirs.headers[CSRF_HEADER]
    assert (await mine.post("/api/sign-out")).json()["code"] == "csrf"


async def test_a_program_with_a_token_needs_neither(site: Site) -> None:
    client = await with_token(site, Permission.INTAKE_EVENTS)
    assert (await client.post("/api/events", json=[])).status_code == 200


def sockets() -> APIRouter:
    router = APIRouter()

    @router.websocket("/api/test-socket")
    async def socket(socket: WebSocket, who: Annotated[Principal, needs(Permission.DESK_WORK)]) -> None:
        await socket.accept()
        await socket.send_text(who.name)
        await socket.close()

    return router


async def opened(site: Site, headers: dict[str, str], *, host: str = "127.0.0.1") -> list[Message]:
    """What a websocket client gets back."""
    sent: list[Message] = []
    scope: Scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "scheme": "ws",
        "path": "/api/test-socket",
        "raw_path": b"/api/test-socket",
        "query_string": b"",
        "headers": [(b"host", host.encode()), *((k.lower().encode(), v.encode()) for k, v in headers.items())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "subprotocols": [],
        "state": {},
        "extensions": {},
    }
    arriving: list[Message] = [{"type": "websocket.connect"}]

    async def receive() -> Message:
        return arriving.pop(0) if arriving else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        sent.append(message)

    await create_app(site, routers=[sockets()])(scope, receive, send)
    return sent


async def test_a_websocket_of_another_site_is_refused_before_it_is_open(site: Site) -> None:
    client = a_browser(site)
    await sign_in(site, client, await a_user(site, "agent-1", Role.AGENT))
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    ours = await opened(site, {**cookie, "Origin": "http://127.0.0.1"})
    assert [each["type"] for each in ours] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert ours[1]["text"] == "agent-1"
    for headers in ({**cookie, "Origin": "https://evil.example"}, cookie):
        refused = await opened(site, headers)
        assert [(each["type"], each["reason"]) for each in refused] == [("websocket.close", "foreign-origin")]
    rebound = await opened(site, {**cookie, "Origin": "http://rebound.example"}, host="rebound.example")
    assert [each["reason"] for each in rebound] == ["unknown-host"]


async def test_a_websocket_asks_for_its_permission(site: Site) -> None:
    client = a_browser(site)
    await sign_in(site, client, await a_user(site, "qa", Role.QA))
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    for headers, why in ((cookie, "not-allowed"), ({}, "sign-in-first")):
        refused = await opened(site, {**headers, "Origin": "http://127.0.0.1"})
        assert [(each["type"], each["reason"]) for each in refused] == [("websocket.close", why)]


async def test_every_answer_tells_browsers_what_not_to_do(site: Site) -> None:
    client = a_browser(site)
    for path in ("/sign-in", "/api/me", "/static/callbot.css", "/nowhere", "/healthz"):
        headers = (await client.get(path)).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "script-src" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Strict-Transport-Security"]
        assert headers["X-Request-Id"]
        assert headers["Cache-Control"] == ("no-cache" if path.startswith("/static") else "no-store")


async def test_a_request_id_is_passed_on_unless_it_could_harm_a_log(site: Site) -> None:
    client: httpx.AsyncClient = a_browser(site)
    assert (await client.get("/healthz", headers={"X-Request-Id": "proxy-12345"})).headers[
        "X-Request-Id"
    ] == "proxy-12345"
    bad = await client.get("/healthz", headers={"X-Request-Id": "x y{}zzzzzzzz"})
    assert len(bad.headers["X-Request-Id"]) == 26
