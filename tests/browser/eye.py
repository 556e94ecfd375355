"""Somebody who looks at the console in one language and width, and keeps pictures of what they see."""

from __future__ import annotations

import base64
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from playwright.async_api import Browser, ConsoleMessage, Error, Locator, Page

LANGUAGES = {"zh": "zh-CN", "en": "en"}
HEIGHTS = {1280: 800, 1920: 1080}
TALLEST = 1_500
QUALITY = 72

Words: TypeAlias = tuple[str, str]
"""The same in Chinese and in English."""


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

    async def take(self, name: str, part: Locator | None = None, tall: int = TALLEST) -> None:
        """The whole page, as far as a reader would scroll, or the first `tall` pixels of one part of it."""
        least = HEIGHTS[self.width]
        await self.page.set_viewport_size({"width": self.width, "height": least})
        height = await self.page.evaluate("document.documentElement.scrollHeight")
        if height > least:
            await self.page.set_viewport_size({"width": self.width, "height": min(TALLEST, height)})
            await self.page.wait_for_timeout(250)
        box = await part.bounding_box() if part else None
        clip = {"clip": {**box, "height": min(box["height"], tall), "scale": 1}} if box else {}
        session = await self.page.context.new_cdp_session(self.page)
        wide = "" if self.width == 1280 else f".{self.width}"
        for kind in self.kinds:
            wanted: dict[str, Any] = {"format": kind} | ({"quality": QUALITY} if kind != "png" else {})
            wanted |= clip
            taken = await session.send("Page.captureScreenshot", wanted)
            file = self.to / f"{name}.{self.language}{wide}.{kind}"
            file.write_bytes(base64.b64decode(taken["data"]))
            sys.stdout.write(f"{file} {file.stat().st_size // 1024} KiB\n")
        await session.detach()
        await self.page.set_viewport_size({"width": self.width, "height": least})


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
