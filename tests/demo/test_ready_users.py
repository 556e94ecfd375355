"""The demo's users can sign in with what is shown, and with nothing that was shown before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from callbot.demo.ready_users import install, new_ready_users
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.testing import FixedClock
from callbot.web.access.password import quick_passwords
from callbot.web.app import create_app
from callbot.web.site import Site, build_site


def browser(site: Site) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(site)), base_url="http://127.0.0.1")


async def test_each_start_shows_four_users_who_can_sign_in(sqlite_database: Database, tmp_path: Path) -> None:
    first = build_site(
        db=sqlite_database,
        vault=PhoneVault(bytes(32), bytes(32)),
        clock=FixedClock(datetime(2026, 3, 2, 3, tzinfo=UTC)),
        data=tmp_path,
        passwords=quick_passwords(),
        ready_users=new_ready_users(),
    )
    second = replace(first, ready_users=new_ready_users())
    for site in (first, second):
        await install(site)
        shown = (await browser(site).get("/api/sign-in/demo-users")).json()
        assert [user["role"] for user in shown] == ["supervisor", "agent", "qa", "admin"]
        for user in shown:
            entered = {"name": user["name"], "password": user["password"]}
            answer = await browser(site).post("/api/sign-in", json=entered)
            assert (answer.status_code, answer.json().get("roles")) == (200, [user["role"]])
    old = first.ready_users[0]
    answer = await browser(second).post("/api/sign-in", json={"name": old.name, "password": old.password})
    assert answer.status_code == 401
