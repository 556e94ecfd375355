"""The console is served where it was built; where it was not, the page says how to build it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fresh_database import fresh_db
from web_house import a_browser, a_site

from callbot.web import console


@pytest.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(console, "STATIC", tmp_path / "static")
    (tmp_path / "static" / "console" / "assets").mkdir(parents=True)
    async with fresh_db(tmp_path) as db:
        yield a_browser(a_site(db, tmp_path))


async def test_without_a_build_the_page_says_the_command(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, "make console" in answer.text) == (200, True)
    assert (await client.get("/board")).status_code == 404


async def test_every_address_of_the_console_is_its_one_page(client: httpx.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "static" / "console" / "index.html").write_text("<title>console</title>", encoding="utf-8")
    (tmp_path / "static" / "console" / "assets" / "index-abc.js").write_text("1", encoding="utf-8")
    for path in ("/", "/board", "/customers/01M8"):
        answer = await client.get(path)
        assert (answer.status_code, answer.text) == (200, "<title>console</title>")
        assert answer.headers["Cache-Control"] == "no-store"
    for path in ("/api/nothing", "/static/nothing", "/pages/nothing"):
        assert (await client.get(path)).status_code == 404
    kept = await client.get("/static/console/assets/index-abc.js")
    assert (kept.text, "immutable" in kept.headers["Cache-Control"]) == ("1", True)
