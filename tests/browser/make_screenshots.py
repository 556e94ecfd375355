"""Pictures of every screen, in both languages, from a running demo that has called its customers.

`python tests/browser/make_screenshots.py --console http://127.0.0.1:8080 --to docs/console`.
The desk and the board come from a house of their own, where a customer rings. A draft batch that is made on the
way is deleted again; an offer is withdrawn where nothing was recalled yet.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from browser_desk import write_microphone
from chromium import ARGUMENTS, CHROMIUM
from eye import HEIGHTS, LANGUAGES, Eye, looking
from playwright.async_api import Browser, Page, async_playwright
from shown_desk import desk, supervising
from shown_screens import SHOTS, STATES, in_state, wizard


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

    if asked("sign-in") and not wanted.state:
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
        if wanted.state:
            await in_state(eye, wanted.state)
            await eye.take(f"{shot.name}-{wanted.state}")
            continue
        if shot.prepare:
            await shot.prepare(eye)
        await eye.take(shot.name)
    if wanted.state:
        return
    if asked("wizard"):
        await wizard(await eye_of("supervisor"))

    def at(page: Page) -> Eye:
        return Eye(page=page, language=language, width=width, to=wanted.to, kinds=wanted.kind)

    if asked("desk"):
        await desk(browser, at, language)
    if asked("board") or asked("supervising"):
        await supervising(browser, at, language)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--console", required=True, help="address of a running demo")
    parser.add_argument("--to", type=Path, default=Path("docs/console"))
    parser.add_argument("--kind", nargs="*", choices=("webp", "png", "jpeg"), default=["webp"])
    parser.add_argument("--language", nargs="*", choices=tuple(LANGUAGES), default=list(LANGUAGES))
    parser.add_argument("--width", nargs="*", type=int, choices=tuple(HEIGHTS), default=[1280])
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of names")
    parser.add_argument("--state", choices=STATES, help="every screen while it loads, or when it cannot")
    asyncio.run(make(parser.parse_args()))


if __name__ == "__main__":
    main()
