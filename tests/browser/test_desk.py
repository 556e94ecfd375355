"""A customer is handed to a human who works in a real browser; what each side hears is measured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser_desk import (
    AGENT_HZ,
    CUSTOMER_HZ,
    OFFER,
    RATE,
    House,
    HummingCustomer,
    desk_house,
    strength,
    write_microphone,
)
from chromium import OpenBrowser
from loudspeaker import TAP, share_with
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from callbot.store.database import Database
from callbot.store.tables import Transfer
from callbot.web.access.permission import Role
from handoff.bridge import Bridged
from handoff.desk import NotPlaced, Placed

RING_HZ = 620


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with desk_house(sqlite_database, tmp_path) as house:
        yield house


@pytest.fixture
async def browser(open_browser: OpenBrowser, tmp_path: Path) -> AsyncIterator[Browser]:
    microphone = write_microphone(tmp_path / "microphone.wav")
    async with open_browser(f"--use-file-for-fake-audio-capture={microphone}") as browser:
        yield browser


async def at_the_desk(house: House, browser: Browser) -> Page:
    """Lin's page, waiting for a customer."""
    page = await house.page(browser, "lin", Role.AGENT)
    await page.add_init_script(TAP)
    await page.goto("/desk")
    await page.get_by_role("button", name="开始接听").click()
    await expect(page.get_by_role("heading", name="等待来电")).to_be_visible()
    return page


def bursts(customer: HummingCustomer, since: int = 0) -> float:
    """Share of what the customer heard in which the agent's tone was loud; it sounds half of the time."""
    sound = np.concatenate(customer.heard[since:]) / 32_768
    return float(np.mean(strength(sound, AGENT_HZ, RATE) > 0.1))


async def eventually(page: Page, hertz: float) -> None:
    async with asyncio.timeout(10):
        while await share_with(page, hertz) < 0.9:
            await page.wait_for_timeout(100)


async def heard_frames(page: Page, customer: HummingCustomer, count: int) -> None:
    wanted = len(customer.heard) + count
    async with asyncio.timeout(20):
        while len(customer.heard) < wanted:
            await page.wait_for_timeout(50)


async def test_a_complaint_is_taken_talked_about_and_written_up(house: House, browser: Browser) -> None:
    page = await at_the_desk(house, browser)
    placing = asyncio.create_task(house.office.desk.place(OFFER))
    await expect(page.get_by_role("heading", name="王女士")).to_be_visible()
    for told in (
        OFFER.brief.why,
        OFFER.brief.own_words,
        "空气炸锅 5L",
        "24 小时内专人答复",
        "不要推销",
        "生气",
    ):
        await expect(page.get_by_text(told).first).to_be_visible()
    assert "王女士" in await page.title()
    async with asyncio.timeout(10):
        while await share_with(page, RING_HZ) == 0:
            await page.wait_for_timeout(100)

    await page.get_by_role("button", name="接听", exact=True).click()
    placed = await placing
    assert placed == Placed(offer_id=OFFER.id, agent_id="lin", agent_name="lin")
    customer = HummingCustomer()
    bridging = asyncio.create_task(house.office.desk.bridge(placed, customer))
    await expect(page.get_by_role("button", name="挂断")).to_be_visible()
    await eventually(page, CUSTOMER_HZ)
    await heard_frames(page, customer, 100)
    for _ in range(6):  # a ring sounds and rests for three seconds; a gap in the hum is no ring
        assert await share_with(page, RING_HZ) < 0.4, "it rings while they talk"
        await page.wait_for_timeout(500)
    assert 0.3 < bursts(customer, len(customer.heard) - 100) < 0.7

    await page.get_by_role("button", name="静音").click()
    await expect(page.get_by_text("已静音，客户听不到您")).to_be_visible()
    await heard_frames(page, customer, 60)
    assert bursts(customer, len(customer.heard) - 40) == 0
    await page.get_by_role("button", name="取消静音").click()
    await heard_frames(page, customer, 120)
    assert bursts(customer, len(customer.heard) - 100) > 0.3

    await page.get_by_role("button", name="保持").click()
    await expect(page.get_by_text("保持中").first).to_be_visible()
    await page.wait_for_timeout(800)
    assert await share_with(page, CUSTOMER_HZ) == 0
    await page.get_by_role("button", name="恢复通话").click()
    await eventually(page, CUSTOMER_HZ)

    await page.get_by_role("button", name="挂断").click()
    await page.get_by_role("tooltip").get_by_role("button", name="挂断").click()
    assert (await bridging).ended_by == "agent"
    writing = asyncio.create_task(house.office.desk.wrap_up(placed, 20))
    await page.get_by_text("投诉已受理").click()
    await page.get_by_label("答应了客户什么").fill("换新机，明天上门")
    await page.get_by_role("button", name="提交并继续接听").click()
    await expect(page.get_by_text("答应了就要有时间").first).to_be_visible()
    await page.get_by_label("最晚何时做到").click()
    await page.get_by_text("24 小时内", exact=True).click()
    await page.get_by_label("备注").fill("客户接受换新")
    await page.get_by_label("购买时间").check()
    await page.get_by_role("button", name="提交并继续接听").click()
    form = await writing
    assert (form.outcome, form.promise, form.note) == ("complaint_taken", "换新机，明天上门", "客户接受换新")
    assert form.extra["asked_again"] == ["购买时间"]
    assert str(form.extra["promise_due_at"]).endswith("Z")
    await expect(page.get_by_role("heading", name="等待来电")).to_be_visible()
    async with house.site.db.read() as session:
        (row,) = (await session.exec(select(Transfer))).all()
    assert (row.state, row.result, row.wrap_up["outcome"]) == ("done", "connected", "complaint_taken")


async def test_a_page_that_is_loaded_again_finds_its_customer(house: House, browser: Browser) -> None:
    page = await at_the_desk(house, browser)
    placing = asyncio.create_task(house.office.desk.place(OFFER))
    await page.get_by_role("button", name="接听", exact=True).click()
    placed = await placing
    assert isinstance(placed, Placed)
    customer = HummingCustomer()
    bridging = asyncio.create_task(house.office.desk.bridge(placed, customer))
    await eventually(page, CUSTOMER_HZ)

    page.on("dialog", lambda dialog: dialog.accept())
    await page.reload()
    await expect(page.get_by_text("连接已恢复，客户还在线上")).to_be_visible()
    await expect(page.get_by_role("heading", name="王女士")).to_be_visible()
    await eventually(page, CUSTOMER_HZ)
    await heard_frames(page, customer, 100)
    assert bursts(customer, len(customer.heard) - 100) > 0.3

    customer.left.set()
    assert await bridging == Bridged(ended_by="callee", duration_ms=(await bridging).duration_ms)
    await expect(page.get_by_text("客户挂断了电话")).to_be_visible()


async def test_a_declined_customer_is_not_shown_any_more(house: House, browser: Browser) -> None:
    page = await at_the_desk(house, browser)
    placing = asyncio.create_task(house.office.desk.place(replace(OFFER, own_agent_id="")))
    await page.get_by_role("button", name="不接").click()
    await page.get_by_text("正在处理上一位客户").click()
    result = await placing
    assert isinstance(result, NotPlaced)
    assert (result.result, result.detail) == ("declined", "正在处理上一位客户")
    await expect(page.get_by_role("heading", name="等待来电")).to_be_visible()


async def test_who_may_not_use_the_microphone_is_told_and_is_not_rung(
    house: House, open_browser: OpenBrowser
) -> None:
    async with open_browser("--use-fake-ui-for-media-stream=deny") as browser:
        page = await house.page(browser, "lin", Role.AGENT)
        await page.context.clear_permissions()
        await page.goto("/desk")
        await page.get_by_role("button", name="开始接听").click()
        await expect(page.get_by_text("浏览器不允许使用麦克风")).to_be_visible()
        await expect(page.get_by_role("heading", name="小休中")).to_be_visible()
        assert isinstance(await house.office.desk.place(OFFER), NotPlaced)
