"""A real browser. Where there is none these tests are skipped and say so; with CI=true they fail."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from chromium import ARGUMENTS, CHROMIUM, OpenBrowser
from playwright.async_api import Browser, async_playwright

from callbot.web.console import STATIC


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One browser at a time: they share one worker of a parallel run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def console_and_chromium() -> None:
    """What a browser test needs besides Python."""
    missing = []
    if not Path(CHROMIUM).is_file():
        missing.append(f"no Chromium at {CHROMIUM} (name one in CALLBOT_CHROMIUM)")
    if not (STATIC / "console" / "index.html").is_file():
        missing.append("the console is not built (make console)")
    if missing and os.environ.get("CI") == "true":
        pytest.fail("browser tests cannot run: " + "; ".join(missing))
    if missing:
        pytest.skip("BROWSER TESTS DID NOT RUN: " + "; ".join(missing))


@pytest.fixture
def open_browser(console_and_chromium: None) -> OpenBrowser:
    """`async with open_browser() as browser`; more arguments of Chromium as text."""

    @asynccontextmanager
    async def opened(*arguments: str) -> AsyncIterator[Browser]:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments])
            try:
                yield browser
            finally:
                await browser.close()

    return opened
