"""Signing in: once with the right password, slower with every wrong one, out at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fresh_database import fresh_db
from web_house import NOW, HandClock, a_browser, a_site, a_user, sign_in

from callbot.store.audit import Actor, ActorKind, Wanted, entries
from callbot.store.tables import SignIn
from callbot.web.access.accounts import Accounts
from callbot.web.access.permission import Role
from callbot.web.site import ReadyUser, Site

BY = Actor(kind=ActorKind.COMMAND, name="test")
GOOD = "一句很好记的长密码"
RIGHT = {"name": "zhao", "password": GOOD + "123"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with fresh_db(tmp_path) as db:
        site = a_site(db, tmp_path, HandClock(NOW))
        user = await a_user(site, "zhao", Role.SUPERVISOR)
        await accounts(site).give_password(user, RIGHT["password"], NOW)
        yield site


def accounts(site: Site) -> Accounts:
    return Accounts(site.db, site.audit, site.passwords)


def hand(site: Site) -> HandClock:
    assert isinstance(site.clock, HandClock)
    return site.clock


async def actions(site: Site) -> list[str]:
    async with site.db.read() as session:
        rows, _ = await entries(session, Wanted())
    return [row.action for row in reversed(rows)]


async def test_signing_in_gives_a_cookie_that_no_script_can_read(site: Site) -> None:
    client = a_browser(site)
    answer = await client.post("/api/sign-in", json={**RIGHT, "name": " ZHAO "})
    assert answer.status_code == 200
    assert answer.json()["roles"] == ["supervisor"]
    cookies = answer.headers.get_list("set-cookie")
    session, csrf = sorted(cookies, key=lambda each: "csrf" in each)
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "HttpOnly" not in csrf
    assert (await client.get("/api/me")).json()["name"] == "zhao"
    async with site.db.read() as db:
        stored = (await db.execute(SignIn.__table__.select())).first()  # type: ignore[attr-defined]
    assert stored is not None
    assert client.cookies["callbot"] not in str(stored)


async def test_over_https_the_cookie_is_for_this_host_alone(site: Site) -> None:
    client = a_browser(site, base="https://127.0.0.1")
    answer = await client.post("/api/sign-in", json=RIGHT)
    cookies = answer.headers.get_list("set-cookie")
    assert all("Secure" in each for each in cookies)
    assert any(each.startswith("__Host-callbot=") and "Path=/" in each for each in cookies)


@pytest.mark.parametrize(
    ("name", "password"), [("zhao", "wrong password"), ("nobody", RIGHT["password"]), ("zhao", "")]
)
async def test_nobody_learns_what_was_wrong(site: Site, name: str, password: str) -> None:
    answer = await a_browser(site).post("/api/sign-in", json={"name": name, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong-sign-in")
    assert answer.json()["message"] == "用户名或密码不对"
    assert "set-cookie" not in answer.headers


async def test_refusals_are_in_english_for_those_who_ask(site: Site) -> None:
    answer = await a_browser(site).post(
        "/api/sign-in", json={"name": "zhao", "password": "no"}, headers={"Accept-Language": "en-GB,zh;q=0.5"}
    )
    assert answer.json()["message"] == "The name or the password is wrong"


async def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(site: Site) -> None:
    client = a_browser(site)
    for _ in range(5):
        assert (await client.post("/api/sign-in", json={**RIGHT, "password": "x"})).status_code == 401
    locked = await client.post("/api/sign-in", json=RIGHT)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked")
    assert 0 < int(locked.headers["Retry-After"]) <= 60
    hand(site).pass_(seconds=61)
    assert (await client.post("/api/sign-in", json=RIGHT)).status_code == 200
    assert (await client.post("/api/sign-in", json={**RIGHT, "password": "x"})).status_code == 401


async def test_an_address_that_tries_many_names_is_stopped(site: Site) -> None:
    client = a_browser(site)
    codes = []
    for number in range(31):
        hand(site).pass_(seconds=15)
        answer = await client.post("/api/sign-in", json={"name": f"user{number}", "password": "x"})
        codes.append(answer.json()["code"])
    assert codes[:30] == ["wrong-sign-in"] * 30
    assert codes[30] == "locked"


async def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    client = a_browser(site)
    me = (await client.post("/api/sign-in", json=RIGHT)).json()
    kept = dict(client.cookies)
    assert (await client.post("/api/sign-out", headers={"X-CSRF-Token": me["csrf"]})).status_code == 200
    thief = a_browser(site)
    thief.cookies.update(kept)
    assert (await thief.get("/api/me")).status_code == 401


async def everywhere(site: Site) -> list[httpx.AsyncClient]:
    found = []
    for _ in range(2):
        client = a_browser(site)
        me = (await client.post("/api/sign-in", json=RIGHT)).json()
        client.headers["X-CSRF-Token"] = me["csrf"]
        found.append(client)
    return found


async def test_signing_out_everywhere_ends_all_sessions(site: Site) -> None:
    here, there = await everywhere(site)
    assert (await here.post("/api/sign-out/everywhere")).status_code == 200
    assert [(await each.get("/api/me")).status_code for each in (here, there)] == [401, 401]


async def test_another_password_ends_the_other_sessions(site: Site) -> None:
    here, there = await everywhere(site)
    changed = {"current": RIGHT["password"], "password": "另一句更好记的长密码"}
    wrong = await here.post("/api/me/password", json={**changed, "current": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-password")
    weak = await here.post("/api/me/password", json={**changed, "password": "short"})
    assert (weak.status_code, weak.json()["code"]) == (422, "weak-password")
    assert "不足 10 个字符" in weak.json()["message"]
    assert (await here.post("/api/me/password", json=changed)).status_code == 200
    assert [(await each.get("/api/me")).status_code for each in (here, there)] == [200, 401]
    again = a_browser(site)
    assert (await again.post("/api/sign-in", json=RIGHT)).status_code == 401
    assert (await again.post("/api/sign-in", json={"name": "zhao", "password": changed["password"]})).is_success


@pytest.mark.parametrize(
    ("passes", "status"),
    [
        ([{"minutes": 719}, {"minutes": 719}], [200, 200]),
        ([{"minutes": 720}], [401]),
        ([{"hours": 11}] * 16, [200] * 15 + [401]),
    ],
    ids=["in use", "idle for 12 hours", "in use for a week"],
)
async def test_a_session_ends_by_itself(site: Site, passes: list[dict[str, float]], status: list[int]) -> None:
    client = a_browser(site)
    await client.post("/api/sign-in", json=RIGHT)
    found = []
    for time in passes:
        hand(site).pass_(**time)
        found.append((await client.get("/api/me")).status_code)
    assert found == status


async def test_another_role_counts_with_the_next_request(site: Site) -> None:
    client = a_browser(site)
    await client.post("/api/sign-in", json=RIGHT)
    assert (await client.get("/api/board")).status_code == 200
    await accounts(site).set_roles("zhao", [Role.QA], by=BY, now=NOW)
    assert (await client.get("/api/board")).status_code == 403


async def test_who_is_disabled_is_out_at_once(site: Site) -> None:
    client = a_browser(site)
    await client.post("/api/sign-in", json=RIGHT)
    await accounts(site).set_state("zhao", "disabled", by=BY, now=NOW)
    assert (await client.get("/api/me")).status_code == 401
    assert (await a_browser(site).post("/api/sign-in", json=RIGHT)).status_code == 401


async def test_a_link_is_good_once(site: Site) -> None:
    secret = await accounts(site).link("zhao", by=BY, now=NOW)
    client = a_browser(site)
    for _ in range(2):  # a mail scanner that looks does not spend it
        assert (await client.get(f"/api/sign-in/link/{secret}")).json()["name"] == "zhao"
    entered = {"link": secret, "password": "通过链接设置的新密码"}
    weak = await client.post("/api/sign-in/link", json={**entered, "password": "zhao"})
    assert weak.json()["code"] == "weak-password"
    assert (await client.post("/api/sign-in/link", json=entered)).status_code == 200
    assert (await client.get("/api/me")).json()["name"] == "zhao"
    spent = await a_browser(site).post("/api/sign-in/link", json=entered)
    assert (spent.status_code, spent.json()["code"]) == (410, "link-spent")


@pytest.mark.parametrize("spoilt", ["over", "replaced", "disabled"])
async def test_a_link_that_is_over_is_refused(site: Site, spoilt: str) -> None:
    secret = await accounts(site).link("zhao", by=BY, now=NOW)
    if spoilt == "over":
        hand(site).pass_(minutes=30)
    elif spoilt == "replaced":
        await accounts(site).link("zhao", by=BY, now=NOW)
    else:
        await accounts(site).set_state("zhao", "disabled", by=BY, now=NOW)
    answer = await a_browser(site).get(f"/api/sign-in/link/{secret}")
    assert (answer.status_code, answer.json()["code"]) == (410, "link-spent")


async def test_the_first_start_makes_one_administrator(tmp_path: Path) -> None:
    async with fresh_db(tmp_path) as db:
        site = a_site(db, tmp_path)
        secret = await accounts(site).first_admin(NOW)
        assert secret is not None
        assert await accounts(site).first_admin(NOW) is None
        client = a_browser(site)
        page = await client.get(f"/link/{secret}", headers={"Accept": "text/html"})
        assert "设置密码" in page.text
        sent = {"password": "管理员的第一个新密码", "again": "管理员的第一个新密码"}
        assert (await client.post(f"/link/{secret}", data=sent)).status_code == 303
        assert set((await client.get("/api/me")).json()["roles"]) == {"admin", "supervisor"}


async def test_ready_users_are_shown_where_there_are_any(tmp_path: Path, site: Site) -> None:
    assert (await a_browser(site).get("/api/sign-in/demo-users")).json() == []
    assert "演示用户" not in (await a_browser(site).get("/sign-in")).text
    ready = ReadyUser(name="zhao", password="shown-to-all", role=Role.SUPERVISOR)
    demo = a_site(site.db, tmp_path, ready_users=[ready])
    found = (await a_browser(demo).get("/api/sign-in/demo-users")).json()
    assert found == [{"name": "zhao", "password": "shown-to-all", "role": "supervisor"}]
    assert "shown-to-all" in (await a_browser(demo).get("/sign-in")).text


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/pages/calls", "/pages/calls"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nX: y", "/"),
    ],
)
async def test_the_form_leads_on_to_our_own_pages_only(site: Site, wanted: str, goes_to: str) -> None:
    answer = await a_browser(site).post("/sign-in", data={**RIGHT, "next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, goes_to)


async def test_the_form_says_what_was_wrong(site: Site) -> None:
    answer = await a_browser(site).post("/sign-in", data={**RIGHT, "password": "x", "next": "/pages"})
    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.text
    assert 'value="/pages"' in answer.text


async def test_a_page_leads_to_the_form_and_the_api_does_not(site: Site) -> None:
    client = a_browser(site)
    page = await client.get("/pages/calls", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/pages/calls")
    assert (await client.get("/api/calls", headers={"Accept": "text/html"})).status_code == 401


async def test_what_people_do_at_the_door_is_in_the_log(site: Site) -> None:
    client = a_browser(site)
    await client.post("/api/sign-in", json={**RIGHT, "password": "x"})
    me = (await client.post("/api/sign-in", json=RIGHT)).json()
    await client.get("/api/audit")
    await client.post("/api/sign-out", headers={"X-CSRF-Token": me["csrf"]})
    assert await actions(site) == ["sign-in.refused", "sign-in", "refused", "sign-out"]


async def test_a_password_typed_as_a_name_is_kept_nowhere_in_the_log(site: Site) -> None:
    await a_browser(site).post("/api/sign-in", json={"name": "my-secret-password", "password": "x"})
    async with site.db.read() as session:
        rows, _ = await entries(session, Wanted())
    assert [row.action for row in rows] == ["sign-in.refused"]
    assert "my-secret" not in str([row.model_dump() for row in rows])


async def test_the_last_administrator_stays(site: Site) -> None:
    boss = a_browser(site)
    user = await a_user(site, "boss", Role.ADMIN)
    await sign_in(site, boss, user)
    for change in ({"roles": ["qa"]}, {"state": "disabled"}):
        answer = await boss.patch(f"/api/users/{user.id}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "last-admin")
    made = await boss.post("/api/users", json={"name": "second", "roles": ["admin"]})
    assert made.status_code == 201
    assert made.json()["link"]["address"].startswith("http://127.0.0.1/link/")
    assert (await boss.patch(f"/api/users/{user.id}", json={"roles": ["admin", "qa"]})).is_success
    assert (await boss.post("/api/users", json={"name": "Second", "roles": ["qa"]})).status_code == 409
