"""Every route declares exactly one permission, and what it declares is what it asks for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.staticfiles import StaticFiles
from fresh_database import fresh_db
from web_house import a_browser, a_site, signed_in

from callbot.store.database import Database
from callbot.web.access.admission import Public, needs, public
from callbot.web.access.permission import ROLES, SCOPES, Permission, Role, sees_all
from callbot.web.access.principal import Principal
from callbot.web.app import build_api
from callbot.web.routes import Declared, check, routes

PUBLIC = {
    ("GET", "/api/sign-in/demo-users", Public.SIGN_IN),
    ("POST", "/api/sign-in", Public.SIGN_IN),
    ("GET", "/sign-in", Public.SIGN_IN),
    ("POST", "/sign-in", Public.SIGN_IN),
    ("GET", "/api/sign-in/link/{link}", Public.LINK),
    ("POST", "/api/sign-in/link", Public.LINK),
    ("GET", "/link/{link}", Public.LINK),
    ("POST", "/link/{link}", Public.LINK),
    ("GET", "/healthz", Public.HEALTH),
    ("MOUNT", "/static", Public.STATIC),
    ("GET", "/{path:path}", Public.CONSOLE),
}
"""All that opens without signing in. An addition here is a decision."""
FOUND = tuple(routes(build_api()))
GUARDED = [route for route in FOUND if isinstance(route.asks[0], Permission)]


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_db(tmp_path) as db:
        yield db


def named(route: Declared) -> str:
    return f"{'/'.join(route.methods)} {route.path}"


def test_every_route_declares_exactly_one_permission() -> None:
    assert len(FOUND) > 40
    assert [named(route) for route in FOUND if len(route.asks) != 1] == []


def test_nothing_is_public_but_what_is_listed() -> None:
    found = {(route.methods[0], route.path, route.asks[0]) for route in FOUND}
    assert {each for each in found if isinstance(each[2], Public)} == PUBLIC


async def test_nobody_gets_through_a_guarded_route_without_signing_in(db: Database, tmp_path: Path) -> None:
    client = a_browser(a_site(db, tmp_path))
    for route in GUARDED:
        path = re.sub(r"\{[^}]*\}", "x", route.path)
        for method in route.methods:
            if method != "WEBSOCKET":
                answer = await client.request(method, path)
                assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-first"), named(route)


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_is_refused_what_it_lacks(db: Database, tmp_path: Path, role: Role) -> None:
    client = await signed_in(a_site(db, tmp_path), role)
    for route in GUARDED:
        asked = route.asks[0]
        if asked in ROLES[role] or "WEBSOCKET" in route.methods:
            continue
        answer = await client.request(route.methods[0], re.sub(r"\{[^}]*\}", "x", route.path))
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed"), named(route)


def a_router(kind: str) -> APIRouter:
    router = APIRouter()

    @router.get("/forgotten")
    async def forgotten() -> str:
        return ""

    @router.websocket("/forgotten")
    async def forgotten_socket(socket: WebSocket) -> None:
        return None

    @router.get("/twice", dependencies=[public(Public.SIGN_IN)])
    async def twice(who: Annotated[Principal, needs(Permission.OWN)]) -> str:
        return ""

    kept = {"route": 0, "websocket": 1, "twice": 2}[kind]
    router.routes[:] = [router.routes[kept]]
    return router


@pytest.mark.parametrize("kind", ["route", "websocket", "twice"])
def test_an_application_with_a_route_that_declares_none_or_two_does_not_start(kind: str) -> None:
    with pytest.raises(RuntimeError, match=r"/forgotten: nothing|/twice: sign-in, own|/twice: own, sign-in"):
        build_api([a_router(kind)])


def test_a_folder_that_declares_nothing_is_found(tmp_path: Path) -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/files", StaticFiles(directory=tmp_path))
    with pytest.raises(RuntimeError, match="MOUNT /files: nothing"):
        check(app)


def test_tokens_open_nothing_that_shows_a_number_or_manages_an_account() -> None:
    forbidden = {"customer.reveal", "user.manage", "token.manage", "audit.read", "policy.write", "own"}
    assert {scope.value for scope in SCOPES} & forbidden == set()


def test_every_permission_is_held_by_somebody() -> None:
    held = set().union(*ROLES.values()) | SCOPES
    assert set(Permission) - held == set()


def test_an_agent_sees_all_rows_only_by_another_role() -> None:
    assert not sees_all({Role.AGENT}, Permission.CALL_READ)
    assert sees_all({Role.AGENT, Role.QA}, Permission.CALL_READ)
    assert not sees_all({Role.AGENT, Role.QA}, Permission.CUSTOMER_READ)
