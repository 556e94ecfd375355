"""Which screens are shown, at which address, to whom, and what is done there first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from eye import Eye
from playwright.async_api import Route
from story_house import BAD_ROWS, HEADER

GOOD_ROWS = (
    "G1,王晓芸,+8610024681357,电商,悦选商城,杭州,2025-06-01,TY-1,2025-09-20,空气炸锅,399",
    "G2,欧阳建国,+8610035792468,电商,悦选商城,成都,2025-06-01,TY-2,2025-08-11,扫地机器人,2199",
    "G3,陈思远,+8610099187096,电商,悦选商城,武汉,,,2025-10-02,电热水壶,129",
)

Prepare: TypeAlias = Callable[[Eye], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture: who looks, at which address, and what they do there first."""

    name: str
    user: str
    path: str
    prepare: Prepare | None = None


async def running_batch(eye: Eye) -> None:
    running = eye.page.locator(".ant-table-row", has_text=eye.word(("进行中", "Running")))
    await running.locator("a").first.click()
    await eye.rest()


async def first_row(eye: Eye) -> None:
    await eye.page.locator(".ant-table-row a").first.click()
    await eye.page.wait_for_timeout(600)
    await eye.rest()


async def longest_call(eye: Eye) -> None:
    """One that was handed to a human, played for a moment."""
    await eye.page.locator(".ant-table-row a").first.click()
    await eye.page.locator(".waves > div").first.wait_for()
    turn = eye.page.locator(".script button.words").nth(3)
    await turn.click()
    await eye.rest()


async def a_recall(eye: Eye) -> None:
    """One that many have heard; it is made where there is none yet."""
    if await eye.page.locator(".ant-table-row").count() == 0:
        await eye.page.get_by_role("combobox").first.click()
        await eye.page.keyboard.press("Enter")
        await eye.page.get_by_role("textbox").last.fill("券码用完")
        await eye.press("立即撤回", "Recall now")
        await eye.page.get_by_role("dialog").get_by_role("button").last.click()
        await eye.page.get_by_role("dialog").wait_for(state="detached")
        await eye.page.wait_for_timeout(3_500)
    await eye.page.locator("td a[href^='/calls/']").first.wait_for()
    await eye.rest()


NEEDED = ("/api/me", "/api/sign-in", "/api/live", "/api/desk/agent")
"""Without these nobody is signed in at all, or nothing is asked for."""
STATES = ("loading", "failed")


async def in_state(eye: Eye, state: str) -> None:
    """What the page asks for is not answered, or with an error."""

    async def answer(route: Route) -> None:
        if any(part in route.request.url for part in NEEDED):
            await route.fallback()
            return
        if state == "loading":
            await asyncio.Event().wait()
        message = eye.word(("服务器内部错误", "Internal error"))
        await route.fulfill(
            status=500,
            body=f'{{"code":"internal","message":"{message}","where":"","hint":"","problems":[]}}',
            headers={"Content-Type": "application/json", "X-Request-Id": "01KDEMO0000000000000000000"},
        )

    await eye.page.route("**/api/**", answer)
    await eye.page.reload()
    await eye.page.locator(".ant-spin" if state == "loading" else ".ant-result, .ant-alert").first.wait_for()
    await eye.page.wait_for_timeout(500)


async def calls_loading(eye: Eye) -> None:
    await in_state(eye, "loading")


async def calls_failed(eye: Eye) -> None:
    await in_state(eye, "failed")


async def account(eye: Eye) -> None:
    await eye.page.locator("header button").last.click()
    await eye.press("登录位置", "Where I am signed in", role="menuitem")
    await eye.page.get_by_role("dialog").locator(".ant-table-row").first.wait_for()
    await eye.page.wait_for_timeout(400)


async def password(eye: Eye) -> None:
    await eye.page.locator("header button").last.click()
    await eye.press("修改密码", "Change password", role="menuitem")
    await eye.page.get_by_role("dialog").get_by_role("textbox").first.wait_for()
    await eye.page.wait_for_timeout(400)


SHOTS = (
    Shot(name="batches", user="supervisor", path="/batches"),
    Shot(name="batch", user="supervisor", path="/batches", prepare=running_batch),
    Shot(name="customers", user="supervisor", path="/customers"),
    Shot(name="customer", user="supervisor", path="/customers", prepare=first_row),
    Shot(name="flows", user="supervisor", path="/flows/winback/ecommerce"),
    Shot(name="policy", user="supervisor", path="/policy"),
    Shot(name="recalls", user="supervisor", path="/recalls", prepare=a_recall),
    Shot(name="follow-ups", user="supervisor", path="/follow-ups?view=everything"),
    Shot(name="follow-ups-cases", user="supervisor", path="/follow-ups?view=cases"),
    Shot(name="calls", user="qa", path="/calls"),
    Shot(name="call", user="qa", path="/calls?outcome=transferred", prepare=longest_call),
    Shot(name="calls-empty", user="qa", path="/calls?words=%E6%97%A0%E4%BA%BA%E8%AF%B4%E8%BF%87"),
    Shot(name="calls-loading", user="qa", path="/calls", prepare=calls_loading),
    Shot(name="calls-failed", user="qa", path="/calls", prepare=calls_failed),
    Shot(name="not-allowed", user="agent-1", path="/policy"),
    Shot(name="users", user="admin", path="/users"),
    Shot(name="tokens", user="admin", path="/tokens"),
    Shot(name="audit", user="admin", path="/audit"),
    Shot(name="account", user="qa", path="/calls", prepare=account),
    Shot(name="password", user="qa", path="/calls", prepare=password),
)


async def wizard(eye: Eye) -> None:
    """Every step, with a list of which five rows cannot be used."""
    page = eye.page
    await page.goto("/batches/new")
    await eye.rest()
    await eye.take("wizard-1-list")
    rows = "\n".join((HEADER, *GOOD_ROWS, *BAD_ROWS)) + "\n"
    await page.locator("input[type=file]").set_input_files(
        {"name": "三月唤醒.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    await page.locator(".ant-table-row").first.wait_for()
    await eye.take("wizard-2-rows")
    await page.locator(".stack .ant-btn-primary").last.click()
    await page.locator(".makeup").wait_for()
    await eye.take("wizard-3-group")
    await eye.press("下一步", "Next")
    await page.locator("#flow").wait_for()
    await eye.rest()
    await eye.take("wizard-4-talk")
    await eye.press("下一步", "Next")
    await page.locator("#lines").wait_for()
    await eye.take("wizard-5-pace")
    await eye.press("下一步", "Next")
    await page.locator(".figures").wait_for()
    await eye.rest()
    await eye.take("wizard-6-look")
    await eye.press("先存为草稿", "Keep it as a draft")
    await page.wait_for_url("**/batches/*")
    await eye.press("删除草稿", "Delete draft")
    await page.get_by_role("dialog").get_by_role("button", name=eye.word(("删除草稿", "Delete draft"))).click()
    await page.get_by_role("dialog").wait_for(state="detached")
