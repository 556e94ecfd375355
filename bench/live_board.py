"""How long a change takes to be on the screen of a live board with 200 running calls, in a real browser.

    python -m bench.live_board --calls 200 --changes 100

The pages are served from a database on SQLite with so many running calls; headless Chromium has the board
open. While `--churn` calls a second end and as many begin, one of the calls in sight changes its state now and
then. Measured is the time from the commit of that change to the frame in which the browser has drawn it, on one
clock: looking at the database, the event, the drawing. "long frames" took more than 50 ms, "events" is what
the browser was sent. Needs the console (`make console`) and Chromium (CALLBOT_CHROMIUM or /usr/bin/chromium).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from playwright.async_api import Page, async_playwright

from bench.running_calls import RunningCall, put_batch, put_calls, to_state
from callbot.settings import WebSettings
from callbot.store import sign_ins, users
from callbot.store.database import Database, sqlite_url
from callbot.store.phones import PhoneVault
from callbot.store.tables import SignIn
from callbot.web.access.admission import COOKIE
from callbot.web.access.password import quick_passwords
from callbot.web.access.permission import Role
from callbot.web.access.secret import new_secret, secret_hash
from callbot.web.serving import serving
from callbot.web.site import Site, build_site

CHROMIUM = os.environ.get("CALLBOT_CHROMIUM", "/usr/bin/chromium")
LONG_FRAME_MS = 50
WATCH = """
(() => {
  const shown = new Map();
  window.drawn = [];
  window.frames = [];
  window.events = 0;
  const look = () => {
    for (const row of document.querySelectorAll("[data-row-key]")) {
      const state = row.querySelector(".ant-tag")?.textContent ?? "";
      if (shown.get(row.dataset.rowKey) === state) continue;
      shown.set(row.dataset.rowKey, state);
      requestAnimationFrame(() => window.drawn.push([row.dataset.rowKey, state, Date.now()]));
    }
  };
  const begin = () => {
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    let last = performance.now();
    const frame = (at) => { window.frames.push(at - last); last = at; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  };
  const Real = window.EventSource;
  window.EventSource = class extends Real {
    constructor(...all) {
      super(...all);
      for (const type of ["whole", "change"]) this.addEventListener(type, () => { window.events += 1; });
    }
  };
  document.body ? begin() : addEventListener("DOMContentLoaded", begin);
})();
"""
WORDS = {"in_call": "通话中", "dialing": "拨号中"}


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@asynccontextmanager
async def house(place: Path) -> AsyncIterator[tuple[Site, str]]:
    """The pages over a fresh database; their address."""
    db = Database(sqlite_url(place / "callbot.db"))
    await db.migrate()
    site = build_site(
        db=db,
        vault=PhoneVault(b"c" * 32, b"h" * 32),
        clock=_Clock(),
        data=place,
        settings=WebSettings(port=0),
        passwords=quick_passwords(),
    )
    try:
        async with serving(site) as address:
            yield site, address
    finally:
        await db.aclose()


async def signed_in(site: Site) -> str:
    """The cookie of a supervisor."""
    secret, now = new_secret(), site.clock.now()
    async with site.db.write() as session:
        user = await users.add(
            session, name="zhao", display_name="赵主管", roles=(Role.SUPERVISOR,), by="bench", now=now
        )
        if user is None:
            raise SystemExit("the supervisor could not be made")
        row = SignIn(
            id_hash=secret_hash(secret),
            user_id=user.id,
            made_at=now,
            seen_at=now,
            expires_at=now + site.life.whole,
        )
        await sign_ins.start(session, row)
    return secret


async def churn(site: Site, others: list[RunningCall], each_s: float, numbered_from: int) -> None:
    """Calls out of sight end, others begin, until cancelled."""
    number = numbered_from
    while True:
        await asyncio.sleep(each_s)
        now = site.clock.now()
        async with site.db.write() as session:
            await to_state(session, [others.pop(0)], "done", now)
            others += await put_calls(session, now, 1, first=number)
        number += 1


async def changes(site: Site, seen: list[RunningCall], count: int) -> list[tuple[str, str, float]]:
    """Change one call in sight after another; attempt, the word of its new state, and when it was committed."""
    states = dict.fromkeys((call.attempt for call in seen), "in_call")
    made: list[tuple[str, str, float]] = []
    dice = random.Random(1)
    for number in range(count):
        call = seen[number % len(seen)]
        states[call.attempt] = state = "dialing" if states[call.attempt] == "in_call" else "in_call"
        async with site.db.write() as session:
            await to_state(session, [call], state, site.clock.now())
        made.append((call.attempt, WORDS[state], time.time() * 1_000))
        await asyncio.sleep(dice.uniform(0.2, 0.8))
    await asyncio.sleep(3)
    return made


def delays(made: list[tuple[str, str, float]], drawn: list[tuple[str, str, float]]) -> list[float]:
    """Milliseconds from each commit to the first frame with it. `LookupError` for one that never came."""
    found = []
    for attempt, word, at in made:
        frames = [when for key, state, when in drawn if key == attempt and state == word and when >= at - 1]
        if not frames:
            raise LookupError(f"attempt {attempt} was never drawn as {word}")
        found.append(frames[0] - at)
    return found


async def measure(page: Page, site: Site, wanted: argparse.Namespace, calls: list[RunningCall]) -> None:
    await page.goto("/board")
    await page.locator(f"text=进行中的电话 · {wanted.calls}").wait_for()
    await page.wait_for_timeout(2_000)
    await page.evaluate("window.frames.length = 0, window.events = 0")
    began = time.monotonic()
    churning = asyncio.create_task(churn(site, calls[40:], 1 / wanted.churn, wanted.calls))
    try:
        made = await changes(site, calls[:10], wanted.changes)
    finally:
        churning.cancel()
        with suppress(asyncio.CancelledError):
            await churning
    lasted = time.monotonic() - began
    took = np.array(delays(made, await page.evaluate("window.drawn")))
    frames = np.array(await page.evaluate("window.frames"))
    events = await page.evaluate("window.events")
    print(
        "| running calls | changes a second | ms p50/p95/max | events a second | long frames | longest frame |"
    )
    print("|---|---|---|---|---|---|")
    spread = "/".join(f"{value:.0f}" for value in (*np.percentile(took, (50, 95)), took.max()))
    per_second = wanted.churn * 2 + len(made) / lasted
    long = np.mean(frames > LONG_FRAME_MS)
    print(
        f"| {wanted.calls} | {per_second:.0f} | {spread} | {events / lasted:.1f} | {long:.1%} of {len(frames)} "
        f"| {frames.max():.0f} ms |"
    )


async def main(wanted: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as place:
        async with house(Path(place)) as (site, address), async_playwright() as playwright:
            async with site.db.write() as session:
                await put_batch(session, site.clock.now())
                calls = await put_calls(session, site.clock.now(), wanted.calls)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            context = await browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
            await context.add_cookies(
                [{"name": COOKIE, "value": await signed_in(site), "url": address, "httpOnly": True}]
            )
            await context.add_init_script(WATCH)
            await measure(await context.new_page(), site, wanted, calls)
            await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--changes", type=int, default=100, help="of calls in sight, one after another")
    parser.add_argument(
        "--churn", type=float, default=5.0, help="calls that end, and as many that begin, a second"
    )
    asyncio.run(main(parser.parse_args()))
