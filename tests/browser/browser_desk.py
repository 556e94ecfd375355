"""A desk with a web server before it, a customer on the line who hums, and an agent's browser."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Browser, Page

from callbot.desk import build_desk
from callbot.settings import DeskSettings, Settings, WebSettings
from callbot.store import sign_ins, users
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import Customer, SignIn
from callbot.web.access.admission import COOKIE, CSRF_COOKIE
from callbot.web.access.password import quick_passwords
from callbot.web.access.permission import Role
from callbot.web.access.secret import csrf_token, new_secret, secret_hash
from callbot.web.serving import serving
from callbot.web.site import Site, build_site
from handoff.bridge import Frame
from handoff.offer import Brief, Line, TransferOffer
from handoff.office import Office

RATE = 8_000
CUSTOMER_HZ = 440
AGENT_HZ = 1_000
OFFER = TransferOffer(
    id="01JTRANSFER000000000000001",
    call_id="01JCALL0000000000000000001",
    customer_id="k1",
    reason="complaint",
    skill="complaint",
    priority=10,
    own_agent_id="lin",
    brief=Brief(
        why="客户投诉，需要人工受理",
        customer="王女士",
        own_words="那台空气炸锅修了两次还是坏的，到现在都没人管，你们到底打算怎么处理？",
        own_words_ms=(8_200, 13_400),
        mood=("着急", "生气"),
        answered={"产品": "空气炸锅 5L", "购买时间": "去年 11 月", "方便的时间": "工作日下午"},
        promised=("24 小时内专人答复",),
        may_offer=("换新机（含上门取件）", "50 元券 SAVE50，3 月 31 日前有效"),
        do=("先道歉，再问清经过", "给出处理人和答复时间"),
        dont=("不要推销", "不要让客户重复已说过的经过"),
    ),
    said=(
        Line(
            speaker="bot", text="您好，我是悦选商城的智能客服小悦，本次通话会录音。", start_ms=0, end_ms=4_200
        ),
        Line(speaker="callee", text="嗯，什么事？", start_ms=4_600, end_ms=5_400),
        Line(speaker="bot", text="您去年买的空气炸锅，用着还顺手吗？", start_ms=5_800, end_ms=7_900),
        Line(
            speaker="callee",
            text="那台空气炸锅修了两次还是坏的，到现在都没人管，你们到底打算怎么处理？",
            start_ms=8_200,
            end_ms=13_400,
        ),
        Line(speaker="bot", text="非常抱歉，我马上请专人来处理，请您稍等。", start_ms=13_900, end_ms=16_500),
    ),
)


class HummingCustomer:
    """The customer's end of the bridge: hums without a pause, keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Frame] = []
        self._tick = 0
        self._due = 0.0
        self.left = asyncio.Event()

    async def receive(self) -> Frame | None:
        now = asyncio.get_running_loop().time()
        self._due = max(self._due + 0.02, now - 0.06)
        await asyncio.sleep(max(0.0, self._due - now))
        if self.left.is_set():
            return None
        at = (np.arange(160) + 160 * self._tick) / RATE
        self._tick += 1
        return (8_000 * np.sin(2 * np.pi * CUSTOMER_HZ * at)).astype(np.int16)

    async def send(self, frame: Frame) -> None:
        self.heard.append(frame)


@dataclass
class House:
    """Everything of one test."""

    site: Site
    office: Office
    address: str

    async def page(
        self, browser: Browser, name: str, role: Role, *, language: str = "zh-CN", shown: str = ""
    ) -> Page:
        """A page of the console with somebody signed in, shown as `shown`; 1280 px wide."""
        context = await browser.new_context(
            viewport={"width": 1280, "height": 800}, base_url=self.address, permissions=["microphone"]
        )
        secret, now = new_secret(), self.site.clock.now()
        async with self.site.db.write() as session:
            user = await users.by_name(session, name) or await users.add(
                session, name=name, display_name=shown or name, roles=(role,), by="test", now=now
            )
            if user is None:
                raise ValueError(f"no user {name}")
            await sign_ins.start(
                session,
                SignIn(
                    id_hash=secret_hash(secret),
                    user_id=user.id,
                    made_at=now,
                    seen_at=now,
                    expires_at=now + self.site.life.whole,
                ),
            )
        await context.add_cookies(
            [
                {"name": COOKIE, "value": secret, "url": self.address, "httpOnly": True},
                {"name": CSRF_COOKIE, "value": csrf_token(secret), "url": self.address},
            ]
        )
        await context.add_init_script(f"localStorage.setItem('callbot.language', '{language}')")
        return await context.new_page()


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@asynccontextmanager
async def desk_house(db: Database, data: Path) -> AsyncIterator[House]:
    """The desk and the web of one process over a migrated database with one customer."""
    clock = _Clock()
    async with db.write() as session:
        session.add(
            Customer(
                id="k1",
                name="王芳",
                industry="ecommerce",
                brand="悦选商城",
                phone_cipher=b"cipher",
                phone_hash="hash",
                phone_masked="100****2345",
                created_at=clock.now(),
                updated_at=clock.now(),
            )
        )

    settings = Settings(data=data, desk=DeskSettings(host="127.0.0.1", port=0, ring_timeout_s=30))
    async with build_desk(settings, db, clock) as office:
        site = build_site(
            db=db,
            vault=PhoneVault(b"c" * 32, b"h" * 32),
            clock=clock,
            data=data,
            settings=WebSettings(port=0),
            passwords=quick_passwords(),
            office=office,
        )
        async with serving(site) as address:
            yield House(site, office, address)


def write_microphone(path: Path, seconds: float = 20.0) -> Path:
    """What the fake microphone hears: a tone in short bursts, which are not suppressed as noise."""
    rate = 48_000
    at = np.arange(round(seconds * rate)) / rate
    sound = 12_000 * np.sin(2 * np.pi * AGENT_HZ * at) * ((at % 0.5) < 0.25)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.astype("<i2").tobytes())
    return path


def strength(
    sound: NDArray[np.floating], hertz: float, rate: int, window_s: float = 0.05
) -> NDArray[np.float64]:
    """Amplitude of one frequency in each window, as a share of full scale."""
    size = round(window_s * rate)
    windows = sound[: len(sound) // size * size].reshape(-1, size).astype(np.float64)
    turn = np.exp(-2j * np.pi * hertz * np.arange(size) / rate)
    found: NDArray[np.float64] = 2 * np.abs(windows @ turn) / size
    return found
