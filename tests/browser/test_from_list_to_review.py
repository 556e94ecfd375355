"""The product in the browser: a list with bad rows, a complaint at the desk, the review of that call."""

from __future__ import annotations

import asyncio
import re
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from browser_desk import strength
from chromium import OpenBrowser
from loudspeaker import TAP, share_with
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import select
from story_house import (
    COMPLAINER,
    COMPLAINT,
    COMPLAINT_HZ,
    PASSWORD,
    REFUSERS,
    USERS,
    Story,
    story,
    write_microphone,
)

from callbot.app import open_database
from callbot.store.tables import Attempt, AuditEntry, Transfer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

AGENT_HZ = 2_500
"""Neither a callee nor the bot sounds like this."""
NAME, PHONE = COMPLAINER
MASKED = "100****7365"
WAIT_MS = 45_000
"""For what people do on a busy machine."""


@asynccontextmanager
async def signed_in(browser: Browser, world: Story, name: str) -> AsyncIterator[Page]:
    """Somebody who entered name and password on the sign-in page."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800}, base_url=world.address, permissions=["microphone"]
    )
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.add_init_script(TAP)
    await page.goto("/")
    await page.get_by_label("用户名").fill(name)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录", exact=True).click()
    await expect(page.get_by_role("button", name=USERS[name][0])).to_be_visible()
    yield page
    await context.close()
    assert not wrong, wrong


async def test_from_a_list_with_bad_rows_to_the_review_of_a_complaint(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    expect.set_options(timeout=WAIT_MS)
    microphone = write_microphone(tmp_path / "microphone.wav", AGENT_HZ)
    try:
        async with (
            story(tmp_path) as world,
            open_browser(f"--use-file-for-fake-audio-capture={microphone}") as browser,
            signed_in(browser, world, "lin") as agent,
            signed_in(browser, world, "zhao") as supervisor,
        ):
            await agent.goto("/desk")
            await agent.get_by_role("button", name="开始接听").click()
            await expect(agent.get_by_role("heading", name="等待来电")).to_be_visible()

            await a_list_is_checked(supervisor, world)
            await a_batch_is_launched(supervisor)
            await the_complaint_rings(agent, supervisor)
            await they_hear_each_other(agent)
            await it_is_written_up(agent)
            await what_an_agent_may_not(agent, world)
            async with signed_in(browser, world, "sun") as reviewer:
                await the_call_is_reviewed(reviewer)
            async with signed_in(browser, world, "qian") as administrator:
                await the_look_is_in_the_log(administrator)
            await what_is_stored(world)
            assert_agent_was_heard(world)
    finally:
        expect.set_options(timeout=5_000)


async def a_list_is_checked(page: Page, world: Story) -> None:
    await page.goto("/batches")
    await (
        page.get_by_role("link", name="新建批次").or_(page.get_by_role("button", name="新建批次")).first.click()
    )
    await page.locator("input[type=file]").set_input_files(world.callers_list)
    await expect(page.get_by_text("5 行有问题，不会入库；3 行可用")).to_be_visible()
    rows = page.locator(".ant-table-tbody .ant-table-row")
    await expect(rows).to_have_count(5)
    for line, who, column in (
        (5, "", "姓名"),
        (6, "赵雅琴", "手机号"),
        (7, "周明", "行业"),
        (8, "吴敏", "手机号"),
        (9, "钱浩", "营销同意时间"),
    ):
        cells = rows.nth(line - 5).locator("td")
        await expect(cells.nth(0)).to_have_text(str(line))
        await expect(cells.nth(1)).to_contain_text(who)
        await expect(cells.nth(2)).to_contain_text(column)
        for told in (cells.nth(3), cells.nth(4)):
            await expect(told).to_have_text(re.compile("[\\u4e00-\\u9fff]"))
    await page.get_by_role("button", name="使用可用的 3 行").click()
    await expect(page.get_by_text("3 位客户已入库，其中 3 位是新的")).to_be_visible()
    await page.get_by_role("button", name="下一步").click()


async def a_batch_is_launched(page: Page) -> None:
    await expect(page.get_by_label("批次名称")).to_have_value("三月唤醒")
    await choose(page, page.get_by_label("话术流程"), "winback/ecommerce")
    await choose(page, page.get_by_label("可以提出的优惠"), "YX-RETURN-20")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_label("周一至周五").fill("18:00-09:00")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator(".ant-form-item-explain-error")).to_be_visible()
    await page.get_by_label("周一至周五").fill("09:30-12:00")
    await page.get_by_label("同时通话数").fill("3")
    await page.get_by_label("对照组").fill("0")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_text("草稿已创建，还没有给任何人打电话")).to_be_visible()
    now = page.locator(".figures > *", has_text="现在可拨打").first
    await expect(now).to_contain_text("3")
    await page.get_by_role("button", name="启动批次").click()
    await expect(page.get_by_role("heading", name="三月唤醒")).to_be_visible()


async def choose(page: Page, field: Locator, text: str) -> None:
    await field.click()
    await page.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text=text).first.click()


async def the_complaint_rings(agent: Page, supervisor: Page) -> None:
    await supervisor.get_by_role("menuitem", name="实时看板").click()
    rows = supervisor.locator(".ant-table-row", has_text=NAME).filter(has_text=MASKED)
    await expect(rows.first).to_be_visible()
    await expect(agent.get_by_role("heading", name=NAME)).to_be_visible()
    await expect(agent.get_by_text("投诉").first).to_be_visible()
    await expect(agent.get_by_text(COMPLAINT.rstrip("。")).first).to_be_visible()
    assert NAME in await agent.title()
    await expect(rows.filter(has_text="正在振铃 · 林坐席")).to_be_visible()
    await agent.get_by_role("button", name="接听", exact=True).click()
    await expect(agent.get_by_role("button", name="挂断")).to_be_visible()
    await expect(rows.filter(has_text="通话中 · 林坐席")).to_be_visible()


async def they_hear_each_other(agent: Page) -> None:
    """The callee speaks when the agent is silent; what the callee heard is measured after the call."""
    for _ in range(2):
        await loud(agent, at_least=0.7)
        await loud(agent, at_most=0.0)


async def loud(page: Page, *, at_least: float = 0.0, at_most: float = 1.0) -> None:
    async with asyncio.timeout(WAIT_MS / 1_000):
        while not at_least <= await share_with(page, COMPLAINT_HZ) <= at_most:
            await page.wait_for_timeout(100)


async def it_is_written_up(agent: Page) -> None:
    await agent.get_by_role("button", name="挂断").click()
    await agent.get_by_role("tooltip").get_by_role("button", name="挂断").click()
    await agent.get_by_text("投诉已受理").click()
    await agent.get_by_label("备注").fill("客户接受换新")
    await agent.get_by_role("button", name="提交并继续接听").click()
    await expect(agent.get_by_text("小结已保存")).to_be_visible()
    await expect(agent.get_by_role("heading", name="等待来电")).to_be_visible()


async def what_an_agent_may_not(agent: Page, world: Story) -> None:
    await expect(agent.get_by_role("menuitem", name="规则")).to_have_count(0)
    await agent.goto("/policy")
    await expect(agent.get_by_text("您没有查看此页的权限")).to_be_visible()

    answer = await agent.request.get("/api/customers", params={"search": NAME})
    assert answer.ok
    assert PHONE not in await answer.text()
    await agent.goto("/customers")
    await agent.get_by_role("link", name=NAME).click()
    await expect(agent.get_by_text(MASKED).first).to_be_visible()
    assert PHONE[3:] not in await agent.content()
    await agent.get_by_role("button", name="查看号码").click()
    asked = agent.get_by_role("dialog")
    await expect(asked.get_by_role("button", name="查看号码")).to_be_disabled()
    await asked.get_by_label("为什么需要完整号码").fill("约上门取件")
    await asked.get_by_role("button", name="查看号码").click()
    await expect(agent.get_by_text(re.compile(PHONE[3:]))).to_be_visible()


async def the_call_is_reviewed(reviewer: Page) -> None:
    await reviewer.get_by_role("menuitem", name="通话质检").click()
    rows = reviewer.locator(".ant-table-tbody .ant-table-row")
    await expect(rows.first).to_be_visible()
    await choose(reviewer, reviewer.get_by_role("combobox", name="结果", exact=True), "转人工")
    await reviewer.keyboard.press("Escape")
    await choose(reviewer, reviewer.get_by_role("combobox", name="转人工原因", exact=True), "投诉")
    await reviewer.keyboard.press("Escape")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(NAME)
    await rows.get_by_role("link", name=NAME).click()

    clock = reviewer.get_by_test_id("clock")
    await expect(clock).to_have_text(re.compile(r"^0:00 / \d:\d\d"))
    await reviewer.get_by_role("button", name="播放", exact=True).click()
    await expect(clock).to_have_text(re.compile("^0:0[1-9]"))
    await reviewer.get_by_role("button", name="暂停").click()
    turn = reviewer.locator(".script .turn.callee button.words").last
    at = await turn.locator(".at").inner_text()
    await turn.click()
    await expect(clock).to_have_text(re.compile(f"^{at} /"))
    await expect(reviewer.locator(".script .turn.now")).to_contain_text(at)
    await expect(reviewer.get_by_text("坐席 lin 接听").first).to_be_visible()


async def the_look_is_in_the_log(administrator: Page) -> None:
    await administrator.get_by_role("menuitem", name="操作记录").click()
    look = administrator.locator(".ant-table-row", has_text="约上门取件")
    await expect(look).to_be_visible()
    await expect(look).to_contain_text("lin")
    assert PHONE[3:] not in await administrator.content()


async def what_is_stored(world: Story) -> None:
    async with open_database(world.settings) as db, db.read() as session:
        transfers = (await session.exec(select(Transfer))).all()
        attempts = (await session.exec(select(Attempt))).all()
        looks = (await session.exec(select(AuditEntry).where(AuditEntry.action == "customer.reveal"))).all()
    (transfer,) = transfers
    assert (transfer.result, transfer.agent_id, transfer.wrap_up["outcome"]) == (
        "connected",
        "lin",
        "complaint_taken",
    )
    outcomes = sorted(row.outcome or "" for row in attempts)
    assert "transferred" in outcomes
    assert len(attempts) == len(REFUSERS) + 1
    assert [look.actor for look in looks] == ["lin"]


def assert_agent_was_heard(world: Story) -> None:
    """In one call, and in that one in bursts: the bursts of the agent's microphone."""
    shares = []
    for path in world.heard_by_callees():
        with wave.open(str(path), "rb") as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32_768
        shares.append(float(np.sum(strength(sound, AGENT_HZ, 8_000) > 0.05) * 0.05))
    assert sorted(shares)[-1] > 1.0, shares
    assert sum(share > 0.2 for share in shares) == 1, shares
