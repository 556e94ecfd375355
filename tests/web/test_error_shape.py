"""Whatever goes wrong is told in one shape: code, what, where, what to do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Body
from fresh_database import fresh_db
from web_house import NOW, a_browser, a_site, a_user, sign_in, signed_in, with_token

from callbot.errors import BadInput, CallbotError, Problem
from callbot.store.database import Database
from callbot.web.access.admission import Public, public
from callbot.web.access.permission import Permission, Role
from callbot.web.access.rates import PERSON
from callbot.web.app import create_app
from callbot.web.refusal import SAID, Refused, Why, wording
from callbot.web.site import Site


class Unreachable(CallbotError):
    code = "carrier-unreachable"
    retryable = True


def troubles() -> APIRouter:
    router = APIRouter(dependencies=[public(Public.HEALTH)])

    @router.get("/api/test/bad-input")
    async def bad_input() -> None:
        raise BadInput(
            [
                Problem(where="名单第 3 行", what="13800138000 不是号码", cure="改正"),
                Problem(where="名单第 9 行", what="没有姓名", cure="补上"),
            ]
        )

    @router.get("/api/test/later")
    async def later() -> None:
        raise Unreachable("运营商没有应答")

    @router.get("/api/test/bug")
    async def bug() -> None:
        raise ZeroDivisionError("secret detail")

    @router.post("/api/test/body")
    async def body(value: Annotated[dict[str, int], Body()]) -> int:
        return len(value)

    return router


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with fresh_db(tmp_path) as db:
        yield a_site(db, tmp_path, upload_mb=9)


def troubled(site: Site) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=create_app(site, routers=[troubles()]))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def test_what_a_room_says_is_wrong_arrives_whole(site: Site) -> None:
    answer = await troubled(site).get("/api/test/bad-input")
    error = answer.json()
    assert (answer.status_code, error["code"], error["where"]) == (422, "bad-input", "名单第 3 行")
    assert error["message"] == "138****8000 不是号码"
    assert [(each["where"], each["hint"]) for each in error["problems"]] == [
        ("名单第 3 行", "改正"),
        ("名单第 9 行", "补上"),
    ]


async def test_what_may_succeed_later_says_so_by_its_status(site: Site) -> None:
    answer = await troubled(site).get("/api/test/later")
    assert (answer.status_code, answer.json()["code"]) == (503, "carrier-unreachable")


async def test_a_bug_shows_its_request_id_and_nothing_else(site: Site) -> None:
    answer = await troubled(site).get("/api/test/bug")
    error = answer.json()
    assert (answer.status_code, error["code"]) == (500, "failed")
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert error["request_id"] in error["hint"]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/api/nothing", 404, "not-found"), ("/api", 404, "not-found"), ("/static/nothing.js", 404, "not-found")],
)
async def test_an_address_that_is_none(site: Site, path: str, status: int, code: str) -> None:
    answer = await a_browser(site).get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await a_browser(site).request("DELETE", "/api/me")).json()["code"] == "method-not-allowed"


async def test_a_request_that_is_not_as_described_says_where(site: Site) -> None:
    client = await signed_in(site, Role.ADMIN)
    answer = await client.post("/api/users", json={"name": "x", "roles": ["king"], "more": 1})
    error = answer.json()
    assert (answer.status_code, error["code"]) == (422, "bad-request")
    assert {each["where"] for each in error["problems"]} == {"body.roles.0", "body.more"}


@pytest.mark.parametrize("said", [True, False], ids=["said", "found while reading"])
async def test_a_body_that_is_too_large(site: Site, said: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b" " * (1 << 20)

    client = troubled(site)
    body = b" " * (9 << 20) if said else chunks()
    answer = await client.post("/api/test/body", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert "8 MiB" in answer.json()["message"]


async def test_an_upload_may_be_larger_than_another_body(site: Site) -> None:
    body = b" " * ((8 << 20) + 1)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await troubled(site).post("/api/test/body", content=body, headers=headers)
    assert answer.json()["code"] != "too-large"
    answer = await troubled(site).post("/api/test/body", content=body + b" " * (1 << 20), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_whoever_asks_too_often_is_told_how_long_to_wait(site: Site) -> None:
    client = a_browser(site)
    user = await a_user(site, "zhao", Role.QA)
    await sign_in(site, client, user)
    for _ in range(PERSON.times - 1):
        site.rates.wait(f"user:{user.id}", PERSON, NOW)
    last, refused = [await client.get("/api/me") for _ in range(2)]
    assert last.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many")
    assert int(refused.headers["Retry-After"]) >= 1
    system = await with_token(site, Permission.BATCH_READ)
    assert (await system.get("/api/batches")).status_code == 200


UNSTORABLE: list[tuple[str, str, bytes | None, int]] = [
    ("GET", "/api/customers?q=%00", None, 400),
    ("GET", "/api/customers/%00", None, 400),
    ("GET", "/api/calls?since=0001-01-01T00:00:00%2B14:00", None, 422),
    ("GET", "/api/calls?until=9999-12-31T23:59:59-12:00", None, 422),
    ("GET", "/api/calls?longer_s=nan", None, 422),
    ("GET", "/api/customers?q=%ff%fe", None, 200),
    ("POST", "/api/customers/x/reveal", b'{"reason": "\\ud800"}', 422),
    ("POST", "/api/customers/x/reveal", b'{"reason": "\\u0000"}', 422),
    ("POST", "/api/customers/x/permit", b'{"at": "0001-01-01T00:00:00+14:00"}', 422),
    ("POST", "/api/customers", b'[{"name": "\\u0000"}]', 400),
    ("POST", "/api/customers", b'[{"\\ud800": 1}]', 400),
]


async def test_text_and_times_that_no_database_takes(database: Database, tmp_path: Path) -> None:
    client = await signed_in(a_site(database, tmp_path), Role.SUPERVISOR)
    client.headers["Content-Type"] = "application/json"
    for method, path, body, status in UNSTORABLE:
        answer = await client.request(method, path, content=body)
        assert answer.status_code == status, (path, body, answer.text)


@pytest.mark.parametrize("why", list(Why))
@pytest.mark.parametrize("english", [False, True])
def test_every_refusal_has_words_in_both_languages(why: Why, english: bool) -> None:
    values: dict[str, Any] = {"what": "call", "permission": "x", "reason": "short", "limit": 8, "name": "zhao"}
    values["wait"] = timedelta(seconds=90)
    message, hint = wording(Refused(why, **values), english=english, request_id="r1")
    assert message
    assert hint
    assert "{" not in message + hint
    assert bool(re.search("[\u4e00-\u9fff]", message + hint)) is not english
    assert SAID[why].status >= 400
