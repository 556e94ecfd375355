"""The desk and the board while customers talk to humans: pictures of a house of its own, its calls invented."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from browser_desk import OFFER, House, HummingCustomer, desk_house
from eye import HEIGHTS, LANGUAGES, Eye
from playwright.async_api import Browser, Page
from supervised_call import SupervisedCall, put_supervised_call

from bench.running_calls import put_batch, put_calls, to_state
from callbot.store.database import Database, sqlite_url
from callbot.store.tables import Agent, Alarm
from callbot.web.access.permission import Role
from handoff.bridge import Bridged
from handoff.desk import Placed

DRAWER = 420
"""Pixels of a drawer with something in them."""
CAME_OF_IT = {"considering": 14, "refused": 11, "interested": 9, "callback": 5, "do_not_call": 2}
PEOPLE = {Role.AGENT: ("lin", "林慧"), Role.SUPERVISOR: ("zhao", "赵敏")}
EyeOf = Callable[[Page], Eye]


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """A desk without anybody."""
    with tempfile.TemporaryDirectory() as place:
        db = Database(sqlite_url(Path(place) / "callbot.db"))
        await db.migrate()
        async with desk_house(db, Path(place)) as house:
            yield house
        await db.aclose()


async def _looks(house: House, browser: Browser, eye_of: EyeOf, role: Role, language: str) -> Eye:
    name, shown = PEOPLE[role]
    page = await house.page(browser, name, role, language=LANGUAGES[language], shown=shown)
    eye = eye_of(page)
    await page.set_viewport_size({"width": eye.width, "height": HEIGHTS[eye.width]})
    return eye


async def desk(browser: Browser, eye_of: EyeOf, language: str) -> None:
    """An agent waits, a customer rings, they talk, it is written up."""
    async with house() as here:
        eye = await _looks(here, browser, eye_of, Role.AGENT, language)
        page = eye.page
        await page.goto("/desk")
        await eye.press("开始接听", "Take calls")
        await eye.rest()
        await eye.take("desk-idle")
        placing = asyncio.create_task(here.office.desk.place(OFFER))
        await page.locator("button.accept").wait_for()
        await page.wait_for_timeout(400)
        await eye.take("desk-ringing")
        await page.locator("button.accept").click()
        placed = await placing
        if not isinstance(placed, Placed):
            raise SystemExit("the desk did not place the customer")
        bridging = asyncio.create_task(here.office.desk.bridge(placed, customer := HummingCustomer()))
        await page.locator(".talk-bar").wait_for()
        await page.wait_for_timeout(2_500)
        await eye.take("desk-talking")
        customer.left.set()
        await bridging
        await page.locator("form").wait_for()
        await page.wait_for_timeout(400)
        await eye.take("desk-wrap-up")


async def supervising(browser: Browser, eye_of: EyeOf, language: str) -> None:
    """A full board; a supervisor enters one of its calls, whispers, joins, takes over and writes it up."""
    async with house() as here:
        await _a_day(here)
        agent = (await _looks(here, browser, eye_of, Role.AGENT, language)).page
        await agent.goto("/desk")
        await agent.locator(".presence button, main button").first.wait_for()
        await agent.get_by_role("button", name="开始接听" if language == "zh" else "Take calls").click()
        await agent.locator(".standing.available").wait_for()
        placing = asyncio.create_task(here.office.desk.place(OFFER))
        await agent.locator("button.accept").click()
        placed = await placing
        if not isinstance(placed, Placed):
            raise SystemExit("the desk did not place the customer")
        call = SupervisedCall()
        talking = asyncio.create_task(_sounds(call))
        with here.office.calls.running(OFFER.call_id, call):
            bridging = asyncio.create_task(here.office.desk.bridge(placed, HummingCustomer()))
            await agent.locator(".talk-bar").wait_for()
            eye = await _looks(here, browser, eye_of, Role.SUPERVISOR, language)
            await _enters(eye)
            await _takes_over(here, eye, bridging)
        talking.cancel()


async def _sounds(call: SupervisedCall) -> None:
    """Both sides of the call, by turns louder and softer."""
    at = np.arange(160)
    for tick in itertools.count():
        voice = np.sin(2 * np.pi * 300 * at / 8_000) * (5_000 + 4_000 * np.sin(tick / 9))
        for hear in tuple(call.hears):
            hear(voice.astype(np.int16), (voice / 5).astype(np.int16))
        await asyncio.sleep(0.02)


async def _enters(eye: Eye) -> None:
    page = eye.page
    await page.goto("/board")
    await page.get_by_text(eye.word(("实时更新", "Live")), exact=True).first.wait_for()
    await page.locator("[data-row-key=a1]").wait_for()
    await page.wait_for_timeout(1_500)
    await eye.take("board")
    await page.locator("[data-row-key=a1]").get_by_role("button").click()
    drawer = page.get_by_role("dialog")
    await drawer.get_by_role("radio").first.wait_for()
    await page.wait_for_timeout(1_500)
    await eye.take("supervising-listen")
    for mode, words in (("whisper", ("对坐席说", "Whisper")), ("barge", ("加入通话", "Join"))):
        await drawer.get_by_label(eye.word(words)).click()
        await page.wait_for_timeout(1_500)
        await eye.take(f"supervising-{mode}", drawer, DRAWER)


async def _takes_over(house: House, eye: Eye, bridging: asyncio.Task[Bridged]) -> None:
    """The agent leaves; as in a media process, the customer is offered to the supervisor who waits."""
    drawer, words = eye.page.get_by_role("dialog"), eye.word(("接手", "Take over"))
    await drawer.get_by_role("button", name=words).click()
    await eye.page.get_by_role("tooltip").get_by_role("button", name=words).click()
    bridged = await bridging
    offer = replace(OFFER, id="01JTRANSFER000000000000002", only_agent_id=bridged.taken_by, own_agent_id="")
    placed = await house.office.desk.place(offer)
    if not isinstance(placed, Placed):
        raise SystemExit("the desk did not give the customer to the supervisor")
    bridging = asyncio.create_task(house.office.desk.bridge(placed, customer := HummingCustomer()))
    await drawer.get_by_role("timer").wait_for()
    await eye.page.wait_for_timeout(3_500)
    await eye.take("supervising-take-over", drawer, DRAWER)
    customer.left.set()
    await bridging


async def _a_day(house: House) -> None:
    """Calls in every state, agents, an alarm, and what came of the calls before."""
    now = datetime.now(UTC)
    async with house.site.db.write() as session:
        await put_supervised_call(session, now - timedelta(seconds=94))
        await put_batch(session, now, lines=30)
        for place, (outcome, count) in enumerate(CAME_OF_IT.items()):
            over = await put_calls(session, now, count, first=100 + 20 * place)
            await to_state(session, over, "done", now, outcome=outcome)
        await put_calls(session, now, 17)
        await put_calls(session, now, 4, first=40, state="dialing")
        for name, presence in (("周晓雯", "available"), ("何志强", "busy"), ("罗敏", "break")):
            session.add(
                Agent(id=name, name=name, presence=presence, since=now, idle_since=now, skills={"general": 3})
            )
        session.add(
            Alarm(
                kind="case_due_soon",
                about="case",
                customer_id=OFFER.customer_id,
                owner="complaint-desk",
                due_at=now + timedelta(minutes=40),
                raised_at=now,
            )
        )
