"""Pictures of every screen, in both languages, from a running demo that has called its customers.

`python tests/browser/make_screenshots.py --console http://127.0.0.1:8080 --to docs/console`.
The desk's pictures come from a desk of its own, where a customer rings. A draft batch that is made on the
way is deleted again.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from browser_desk import OFFER, HummingCustomer, desk_house, write_microphone
from chromium import ARGUMENTS, CHROMIUM
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Route, async_playwright
from story_house import BAD_ROWS, HEADER

from callbot.store.database import Database, sqlite_url
from callbot.web.access.permission import Role
from handoff.desk import Placed

LANGUAGES = {"zh": "zh-CN", "en": "en"}
HEIGHTS = {1280: 800, 1920: 1080}
TALLEST = 1_500
QUALITY = 72
GOOD_ROWS = (
    "G1,王晓芸,+8610024681357,电商,悦选商城,杭州,2025-06-01,TY-1,2025-09-20,空气炸锅,399",
    "G2,欧阳建国,+8610035792468,电商,悦选商城,成都,2025-06-01,TY-2,2025-08-11,扫地机器人,2199",
    "G3,陈思远,+8610099187096,电商,悦选商城,武汉,,,2025-10-02,电热水壶,129",
)

Words: TypeAlias = tuple[str, str]
"""The same in Chinese and in English."""
Prepare: TypeAlias = Callable[["Eye"], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture: who looks, at which address, and what they do there first."""

    name: str
    user: str
    path: str
    prepare: Prepare | None = None


@dataclass(slots=True, kw_only=True)
class Eye:
    """A page in one language and width, and where its pictures go."""

    page: Page
    language: str
    width: int
    to: Path
    kinds: Sequence[str]

    def word(self, words: Words) -> str:
        return words[0] if self.language == "zh" else words[1]

    async def press(self, *words: str, role: Any = "button") -> None:
        await self.page.get_by_role(role, name=self.word((words[0], words[-1]))).first.click()

    async def rest(self) -> None:
        """Until nothing loads any more."""
        await self.page.locator(".ant-spin-spinning, .ant-skeleton").first.wait_for(state="detached")
        await self.page.evaluate("document.fonts.ready")
        await self.page.wait_for_timeout(400)

    async def take(self, name: str) -> None:
        """The whole page, as far as a reader would scroll."""
        least = HEIGHTS[self.width]
        await self.page.set_viewport_size({"width": self.width, "height": least})
        height = await self.page.evaluate("document.documentElement.scrollHeight")
        if height > least:
            await self.page.set_viewport_size({"width": self.width, "height": min(TALLEST, height)})
            await self.page.wait_for_timeout(250)
        session = await self.page.context.new_cdp_session(self.page)
        wide = "" if self.width == 1280 else f".{self.width}"
        for kind in self.kinds:
            wanted: dict[str, Any] = {"format": kind} | ({"quality": QUALITY} if kind != "png" else {})
            taken = await session.send("Page.captureScreenshot", wanted)
            file = self.to / f"{name}.{self.language}{wide}.{kind}"
            file.write_bytes(base64.b64decode(taken["data"]))
            sys.stdout.write(f"{file} {file.stat().st_size // 1024} KiB\n")
        await session.detach()
        await self.page.set_viewport_size({"width": self.width, "height": least})


# What is done before a picture


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


async def hanging(eye: Eye) -> None:
    async def never(route: Route) -> None:
        await asyncio.Event().wait()

    await eye.page.route("**/api/calls?*", never)
    await eye.page.reload()
    await eye.page.get_by_role("status").first.wait_for()
    await eye.page.wait_for_timeout(500)


async def failing(eye: Eye) -> None:
    body = (
        '{"code":"internal","message":"'
        + eye.word(("服务器内部错误", "Internal error"))
        + '","where":"/api/calls","hint":"","request_id":"01KDEMO0000000000000000000","problems":[]}'
    )

    async def broken(route: Route) -> None:
        await route.fulfill(
            status=500,
            body=body,
            headers={"Content-Type": "application/json", "X-Request-Id": "01KDEMO0000000000000000000"},
        )

    await eye.page.route("**/api/calls?*", broken)
    await eye.page.reload()
    await eye.page.locator(".ant-result").wait_for()


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
    Shot(name="board", user="supervisor", path="/board"),
    Shot(name="batches", user="supervisor", path="/batches"),
    Shot(name="batch", user="supervisor", path="/batches", prepare=running_batch),
    Shot(name="customers", user="supervisor", path="/customers"),
    Shot(name="customer", user="supervisor", path="/customers", prepare=first_row),
    Shot(name="flows", user="supervisor", path="/flows/winback/ecommerce"),
    Shot(name="policy", user="supervisor", path="/policy"),
    Shot(name="follow-ups", user="supervisor", path="/follow-ups?view=everything"),
    Shot(name="follow-ups-cases", user="supervisor", path="/follow-ups?view=cases"),
    Shot(name="calls", user="qa", path="/calls"),
    Shot(name="call", user="qa", path="/calls?outcome=transferred", prepare=longest_call),
    Shot(name="calls-empty", user="qa", path="/calls?words=%E6%97%A0%E4%BA%BA%E8%AF%B4%E8%BF%87"),
    Shot(name="calls-loading", user="qa", path="/calls", prepare=hanging),
    Shot(name="calls-failed", user="qa", path="/calls", prepare=failing),
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


async def desk(browser: Browser, eye_of: Callable[[Page], Eye], language: str) -> None:
    """An agent waits, a customer rings, they talk, it is written up."""
    with tempfile.TemporaryDirectory() as place:
        db = Database(sqlite_url(Path(place) / "callbot.db"))
        await db.migrate()
        async with desk_house(db, Path(place)) as house:
            page = await house.page(browser, "lin", Role.AGENT, language=language)
            eye = eye_of(page)
            await page.set_viewport_size({"width": eye.width, "height": HEIGHTS[eye.width]})
            await page.goto("/desk")
            await eye.press("开始接听", "Take calls")
            await eye.rest()
            await eye.take("desk-idle")
            placing = asyncio.create_task(house.office.desk.place(OFFER))
            await page.locator("button.accept").wait_for()
            await page.wait_for_timeout(400)
            await eye.take("desk-ringing")
            await page.locator("button.accept").click()
            placed = await placing
            if not isinstance(placed, Placed):
                raise SystemExit("the desk did not place the customer")
            bridging = asyncio.create_task(house.office.desk.bridge(placed, customer := HummingCustomer()))
            await page.locator(".talk-bar").wait_for()
            await page.wait_for_timeout(2_500)
            await eye.take("desk-talking")
            customer.left.set()
            await bridging
            await page.locator("form").wait_for()
            await page.wait_for_timeout(400)
            await eye.take("desk-wrap-up")
        await db.aclose()


def _tell_error(error: Error) -> None:
    sys.stderr.write(f"{error}\n")


def _tell_message(said: ConsoleMessage) -> None:
    if said.type != "debug":
        sys.stderr.write(f"{said.type}: {said.text}\n")


@asynccontextmanager
async def looking(
    browser: Browser, console: str, language: str, width: int, to: Path, kinds: Sequence[str]
) -> AsyncIterator[Callable[[str], Awaitable[Eye]]]:
    """Gives an eye for a user's name; empty: nobody signed in."""
    eyes: dict[str, Eye] = {}

    async def of(name: str) -> Eye:
        if name in eyes:
            return eyes[name]
        context = await browser.new_context(
            base_url=console,
            viewport={"width": width, "height": HEIGHTS[width]},
            locale=LANGUAGES[language],
            timezone_id="Asia/Shanghai",
        )
        await context.add_init_script(f"localStorage.setItem('callbot.language', '{LANGUAGES[language]}')")
        page = await context.new_page()
        page.on("pageerror", _tell_error)
        page.on("console", _tell_message)
        eyes[name] = eye = Eye(page=page, language=language, width=width, to=to, kinds=kinds)
        await page.goto("/")
        if name:
            users = await (await context.request.get("/api/sign-in/demo-users")).json()
            password = next(user["password"] for user in users if user["name"] == name)
            await page.locator("#name").fill(name)
            await page.locator("#password").fill(password)
            await page.locator("button[type=submit]").click()
            await page.locator("header").wait_for()
        return eye

    yield of
    for eye in eyes.values():
        await eye.page.context.close()


async def make(wanted: argparse.Namespace) -> None:
    wanted.to.mkdir(parents=True, exist_ok=True)
    microphone = write_microphone(Path(tempfile.gettempdir()) / "screenshots-microphone.wav")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={microphone}"]
        )
        for width in wanted.width:
            for language in wanted.language:
                async with looking(browser, wanted.console, language, width, wanted.to, wanted.kind) as eye_of:
                    await pictures(wanted, browser, eye_of, language, width)
        await browser.close()


async def pictures(
    wanted: argparse.Namespace,
    browser: Browser,
    eye_of: Callable[[str], Awaitable[Eye]],
    language: str,
    width: int,
) -> None:
    def asked(name: str) -> bool:
        return not wanted.only or any(name.startswith(each) for each in wanted.only)

    if asked("sign-in"):
        eye = await eye_of("")
        await eye.rest()
        await eye.take("sign-in")
    for shot in SHOTS:
        if not asked(shot.name):
            continue
        eye = await eye_of(shot.user)
        await eye.page.unroute_all(behavior="ignoreErrors")
        await eye.page.goto(shot.path)
        await eye.page.locator("main, .ant-layout-content").first.wait_for()
        await eye.page.wait_for_timeout(700)
        await eye.rest()
        if shot.prepare:
            await shot.prepare(eye)
        await eye.take(shot.name)
    if asked("wizard"):
        await wizard(await eye_of("supervisor"))
    if asked("desk"):

        def at_desk(page: Page) -> Eye:
            return Eye(page=page, language=language, width=width, to=wanted.to, kinds=wanted.kind)

        await desk(browser, at_desk, LANGUAGES[language])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--console", required=True, help="address of a running demo")
    parser.add_argument("--to", type=Path, default=Path("docs/console"))
    parser.add_argument("--kind", nargs="*", choices=("webp", "png", "jpeg"), default=["webp"])
    parser.add_argument("--language", nargs="*", choices=tuple(LANGUAGES), default=list(LANGUAGES))
    parser.add_argument("--width", nargs="*", type=int, choices=tuple(HEIGHTS), default=[1280])
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of names")
    asyncio.run(make(parser.parse_args()))


if __name__ == "__main__":
    main()
