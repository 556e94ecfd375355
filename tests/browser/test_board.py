"""The live board with 200 running calls in a real browser: changes are merged, and a break loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browser_desk import House, desk_house
from chromium import OpenBrowser
from cut_line import cut_line
from playwright.async_api import Browser, Page, expect

from bench.running_calls import RunningCall, put_batch, put_calls, to_state
from callbot.store.database import Database
from callbot.web.access.permission import Role

CALLS = 200
BACK_MS = 30_000
"""A browser waits some seconds before it comes back."""
WATCH = """
(() => {
  window.events = [];
  window.figures = [];
  const Real = window.EventSource;
  window.EventSource = class extends Real {
    constructor(...all) {
      super(...all);
      for (const type of ["whole", "change"]) {
        this.addEventListener(type, (event) => {
          const calls = JSON.parse(event.data).items.filter((item) => item.topic === "call").length;
          if (calls) window.events.push([type, calls]);
        });
      }
    }
  };
  addEventListener("DOMContentLoaded", () => {
    const look = () => {
      const figures = [...document.querySelectorAll(".figure-value")].slice(0, 2);
      const now = figures.map((each) => each.textContent).join("/");
      if (now && now !== window.figures.at(-1)) window.figures.push(now);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
})();
"""
"""Keeps what the server sent (its kind, of how many calls) and what "in conversation / dialling" showed."""


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with desk_house(sqlite_database, tmp_path) as house:
        yield house


@pytest.fixture
async def calls(house: House) -> list[RunningCall]:
    now = datetime.now(UTC)
    async with house.site.db.write() as session:
        await put_batch(session, now)
        return await put_calls(session, now, CALLS, state="dialing")


@pytest.fixture
async def browser(open_browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def board(house: House, browser: Browser) -> Page:
    page = await house.page(browser, "chen", Role.SUPERVISOR)
    await page.add_init_script(WATCH)
    await page.goto("/board")
    await expect(page.get_by_text(f"进行中的电话 · {CALLS}")).to_be_visible()
    return page


async def change(house: House, calls: list[RunningCall], state: str) -> None:
    async with house.site.db.write() as session:
        await to_state(session, calls, state, datetime.now(UTC))


def row(page: Page, call: RunningCall) -> str:
    return f'[data-row-key="{call.attempt}"]'


async def test_two_hundred_calls_that_change_at_once_come_and_are_drawn_at_once(
    house: House, calls: list[RunningCall], browser: Browser
) -> None:
    page = await board(house, browser)
    await change(house, calls, "in_call")
    await expect(page.locator(row(page, calls[0]))).to_contain_text("通话中")
    assert await page.evaluate("window.events") == [["whole", CALLS], ["change", CALLS]]
    assert await page.evaluate("window.figures") == [f"0/{CALLS}", f"{CALLS}/0"]
    drawn = await page.locator("[data-row-key]").count()
    assert 0 < drawn < CALLS / 2, "only rows in sight are drawn"
    await page.locator(".ant-table-tbody-virtual-holder").evaluate("list => list.scrollTop = list.scrollHeight")
    await expect(page.locator(row(page, calls[-1]))).to_contain_text("通话中")


async def test_a_connection_that_breaks_goes_on_where_it_broke(
    house: House, calls: list[RunningCall], browser: Browser
) -> None:
    async with cut_line(house.address) as line:
        page = await board(replace(house, address=line.address), browser)
        line.cut()
        await expect(page.get_by_text("连接中断，正在重连")).to_be_visible()
        await expect(page.get_by_text(f"进行中的电话 · {CALLS}")).to_be_visible()
        await change(house, calls[:50], "done")
        await change(house, calls[50:120], "in_call")
        async with house.site.db.write() as session:
            begun = await put_calls(session, datetime.now(UTC), 10, first=CALLS)
        line.mend()
        await expect(page.get_by_text("进行中的电话 · 160")).to_be_visible(timeout=BACK_MS)
        await expect(page.get_by_text("连接中断，正在重连")).to_be_hidden()
        assert (await page.evaluate("window.figures"))[-1] == "80/80"
        first, *later = await page.evaluate("window.events")
        assert first == ["whole", CALLS]
        assert {kind for kind, _ in later} == {"change"}, "it does not begin anew"
        assert sum(many for _, many in later) == 50 + 70 + 10
        await page.get_by_label("按姓名、号码或批次筛选").fill("王")
        await expect(page.locator(row(page, begun[0]))).to_be_visible()
        await expect(page.locator(row(page, calls[0]))).to_have_count(0)


async def test_a_board_that_was_away_too_long_gets_everything_anew(
    house: House, calls: list[RunningCall], browser: Browser
) -> None:
    async with cut_line(house.address) as line:
        page = await board(replace(house, address=line.address), browser)
        line.cut()
        house.site.live.hub.epoch = "another start of the server"
        await change(house, calls[:199], "done")
        line.mend()
        await expect(page.get_by_text("进行中的电话 · 1", exact=True)).to_be_visible(timeout=BACK_MS)
        assert (await page.evaluate("window.events"))[-1] == ["whole", 1]
