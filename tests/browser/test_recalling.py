"""A supervisor takes an offer back while calls run, in a real browser, and sees who had heard of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browser_desk import OFFER, House, desk_house
from chromium import OpenBrowser
from playwright.async_api import expect
from supervised_call import put_supervised_call

from bench.running_calls import RunningCall, put_batch, put_calls
from callbot.conversation.recall import RecallBook
from callbot.conversation.result import Turn
from callbot.outreach.recall_watch import RecallWatch, Running
from callbot.store.database import Database
from callbot.store.tables import CallTurn, OfferRow
from callbot.web.access.permission import Role

SOLD = "给您留了一张老客户专属八折券"


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with desk_house(sqlite_database, tmp_path) as house:
        yield house


@pytest.fixture
async def other(house: House) -> RunningCall:
    """A call that runs beside the one that ended after hearing the offer."""
    now = datetime.now(UTC)
    async with house.site.db.write() as session:
        session.add(
            OfferRow(
                code="OLD8",
                version=1,
                industry="ecommerce",
                title="老客户专属八折券",
                discount_percent=20,
                created_at=now,
            )
        )
        await put_supervised_call(session, now)
        session.add(
            CallTurn(
                call_id=OFFER.call_id,
                position=0,
                speaker="bot",
                text=SOLD,
                heard=SOLD,
                start_ms=61_000,
                end_ms=64_000,
                offers=["OLD8"],
            )
        )
        await put_batch(session, now)
        (running,) = await put_calls(session, now, 1)
    return running


async def test_an_offer_is_taken_back_and_who_heard_it_is_listed(
    house: House, other: RunningCall, open_browser: OpenBrowser
) -> None:
    heard = Turn(speaker="bot", text=SOLD, heard=SOLD, start_ms=5_000, end_ms=8_000, offers=("OLD8",))
    book = RecallBook()
    running = Running(call_id=other.call, customer_id=other.customer, turns=(heard,))
    media = RecallWatch(house.site.db, house.site.clock, book, lambda: [running])
    async with open_browser() as browser:
        page = await house.page(browser, "zhao", Role.SUPERVISOR)
        await page.goto("/board")
        await page.get_by_role("link", name="撤回优惠或话术").click()
        await expect(page.get_by_text("还没有撤回过")).to_be_visible()
        await page.get_by_label("优惠", exact=True).last.click()
        await page.get_by_title("老客户专属八折券").click()
        await page.get_by_role("button", name="立即撤回").click()
        await expect(page.get_by_text("请写明原因")).to_be_visible()
        await page.get_by_label("原因（写入操作记录）").fill("券码用完")
        await page.get_by_role("button", name="立即撤回").click()
        await page.get_by_role("dialog").get_by_role("button", name="立即撤回").click()

        await expect(page.get_by_text("已经听到的客户 · 1")).to_be_visible()
        assert await media.look() == 1
        await expect(page.get_by_text("已经听到的客户 · 2")).to_be_visible(timeout=15_000)
        rows = page.locator(".ant-table-row", has_text=SOLD)
        await expect(rows.filter(has_text="王芳")).to_contain_text("1:01")
        await expect(rows.filter(has_text="通话中")).to_have_count(1)
        await expect(page.locator(".ant-table-row", has_text="券码用完")).to_contain_text("老客户专属八折券")

        agent = await house.page(browser, "lin", Role.AGENT)
        await agent.goto("/recalls")
        await expect(agent.get_by_text("您没有查看此页的权限")).to_be_visible()
