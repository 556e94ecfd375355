"""A supervisor in a running call, in a real browser: heard by nobody, by the agent alone, then by both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
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
from supervised_call import SupervisedCall, put_supervised_call

from callbot.store.database import Database
from callbot.web.access.permission import Role
from handoff.desk import Placed

SUPERVISOR_HZ = AGENT_HZ
"""Both have the same microphone in this browser, so the agent is muted."""


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with desk_house(sqlite_database, tmp_path) as house:
        async with sqlite_database.write() as session:
            await put_supervised_call(session, datetime.now(UTC))
        yield house


@pytest.fixture
async def browser(open_browser: OpenBrowser, tmp_path: Path) -> AsyncIterator[Browser]:
    microphone = write_microphone(tmp_path / "microphone.wav")
    async with open_browser(f"--use-file-for-fake-audio-capture={microphone}") as browser:
        yield browser


async def heard(page: Page, customer: HummingCustomer) -> float:
    """Share of the next two seconds in which the customer hears the supervisor's tone."""
    since = len(customer.heard)
    async with asyncio.timeout(20):
        while len(customer.heard) < since + 100:
            await page.wait_for_timeout(50)
    sound = np.concatenate(customer.heard[since:]) / 32_768
    return float(np.mean(strength(sound, SUPERVISOR_HZ, RATE) > 0.05))


async def reaches(page: Page, hertz: float) -> None:
    async with asyncio.timeout(15):
        while await share_with(page, hertz) == 0:
            await page.wait_for_timeout(100)


async def test_who_hears_a_supervisor_is_who_the_screen_says(house: House, browser: Browser) -> None:
    agent = await house.page(browser, "lin", Role.AGENT)
    await agent.add_init_script(TAP)
    await agent.goto("/desk")
    await agent.get_by_role("button", name="开始接听").click()
    await expect(agent.get_by_role("heading", name="等待来电")).to_be_visible()
    placing = asyncio.create_task(house.office.desk.place(OFFER))
    await agent.get_by_role("button", name="接听", exact=True).click()
    placed = await placing
    assert isinstance(placed, Placed)
    customer, call = HummingCustomer(), SupervisedCall()
    with house.office.calls.running(OFFER.call_id, call):
        bridging = asyncio.create_task(house.office.desk.bridge(placed, customer))
        await reaches(agent, CUSTOMER_HZ)
        await agent.get_by_role("button", name="静音").click()

        supervisor = await house.page(browser, "chen", Role.SUPERVISOR)
        await supervisor.goto("/board")
        await supervisor.get_by_role("button", name="旁听").click()
        await expect(supervisor.get_by_text("没有人听得到您")).to_be_visible()
        assert len(call.hears) == 1
        assert await heard(supervisor, customer) == 0
        assert await share_with(agent, SUPERVISOR_HZ) == 0

        await supervisor.get_by_label("对坐席说").click()
        await expect(supervisor.get_by_text("听得到您，客户听不到")).to_be_visible()
        await expect(agent.get_by_text("chen正在对您说话，客户听不到")).to_be_visible()
        await reaches(agent, SUPERVISOR_HZ)
        assert await heard(supervisor, customer) == 0

        await supervisor.get_by_label("加入通话").click()
        await expect(agent.get_by_text("chen已加入通话，客户也能听到")).to_be_visible()
        assert await heard(supervisor, customer) > 0.3

        await supervisor.get_by_label("只听").click()
        await expect(supervisor.get_by_text("没有人听得到您")).to_be_visible()
        assert await heard(supervisor, customer) < 0.1

        await supervisor.get_by_role("button", name="结束通话").click()
        await supervisor.get_by_role("tooltip").get_by_role("button", name="结束通话").click()
        async with asyncio.timeout(10):
            await call.ended.wait()
        customer.left.set()
        await bridging
