"""axe-core finds nothing on the console's pages: names, roles, labels, order, contrast, in both languages."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from browser_desk import House, desk_house
from chromium import OpenBrowser
from playwright.async_api import Browser, Page
from supervised_call import put_supervised_call

from bench.running_calls import put_batch, put_calls
from callbot.store.database import Database
from callbot.web.access.permission import Role

AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    Role.SUPERVISOR: (
        *("/board", "/batches", "/batches/b", "/batches/new", "/customers", "/customers/k1"),
        *("/flows/winback/ecommerce", "/policy", "/recalls", "/follow-ups", "/follow-ups?view=cases"),
    ),
    Role.AGENT: ("/desk", "/policy"),
    Role.QA: ("/calls", "/calls/01JCALL0000000000000000001"),
    Role.ADMIN: ("/users", "/tokens", "/audit"),
}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with desk_house(sqlite_database, tmp_path) as house:
        now = datetime.now(UTC)
        async with sqlite_database.write() as session:
            await put_supervised_call(session, now)
            await put_batch(session, now)
            await put_calls(session, now, 40)
        yield house


@pytest.fixture
async def browser(open_browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file() and os.environ.get("CI") != "true":
        pytest.skip("axe-core is not installed (make console)")
    return AXE.read_text(encoding="utf-8")


async def found(page: Page, axe: str) -> list[str]:
    """What axe objects to: the rule, the element, why."""
    await page.evaluate(axe)
    answer: dict[str, Any] = await page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{page.url} {wrong['id']}: {node['html']} {node['failureSummary']}"
        for wrong in answer["violations"]
        for node in wrong["nodes"]
    ]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_axe_finds_nothing(house: House, browser: Browser, axe: str, language: str) -> None:
    wrong = []
    for role, paths in PAGES.items():
        page = await house.page(browser, role, role, language=language)
        for path in paths:
            await page.goto(path)
            await page.locator("h1, .ant-result").first.wait_for()
            await page.locator(".ant-spin-spinning").first.wait_for(state="detached")
            wrong += await found(page, axe)
    assert wrong == []
