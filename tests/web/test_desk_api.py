"""An agent works in the browser: the websocket behind the session cookie, framed sound, forms, the clip."""

from __future__ import annotations

import asyncio
import struct
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import pytest
from store_rows import a_customer
from web_house import a_site, a_user, sign_in, signed_in
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from callbot.store.database import Database
from callbot.store.desk import SqlDeskStore
from callbot.web.access.permission import Role
from callbot.web.serving import serving
from callbot.web.site import Site
from handoff.bridge import Frame
from handoff.desk import Placed
from handoff.live_desk import LiveDesk
from handoff.messages import encode
from handoff.offer import Brief, TransferOffer, WrapUp
from handoff.office import Office, open_office
from handoff.presence import Presence
from handoff.server import AgentIdentity, DeskServer
from handoff.wire import (
    Accept,
    Connected,
    Ended,
    FromAgent,
    FromDesk,
    HangUp,
    Level,
    PresenceIs,
    Ring,
    SendWrapUp,
    SetPresence,
    Welcome,
    decode_from_desk,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
OFFER = TransferOffer(
    id="01JTRANSFER000000000000001",
    call_id="01JCALL0000000000000000001",
    customer_id="c1",
    reason="complaint",
    skill="complaint",
    priority=10,
    brief=Brief(why="客户投诉", customer="王女士", own_words="没人来安装", own_words_ms=(1_000, 1_500)),
)
Seen = TypeVar("Seen", bound=FromDesk)


@dataclass
class Screen:
    """The console of an agent, as far as the desk sees it."""

    socket: ClientConnection
    sound: list[bytes] = field(default_factory=list)

    async def say(self, message: FromAgent) -> None:
        await self.socket.send(encode(message))

    async def see(self, kind: type[Seen]) -> Seen:
        while True:
            message = await self.socket.recv()
            if isinstance(message, bytes):
                self.sound.append(message)
            elif isinstance(decoded := decode_from_desk(message), kind):
                return decoded


class Callee:
    """Says a tone, keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Frame] = []

    async def receive(self) -> Frame | None:
        await asyncio.sleep(0.02)
        return tone(440)

    async def send(self, frame: Frame) -> None:
        self.heard.append(frame)


def tone(hertz: float, rate: int = 8_000) -> Frame:
    """20 ms; 440 Hz and 1 kHz do not quite fit, which is heard as a click and measured as nothing."""
    at = np.arange(rate // 50) / rate
    return (8_000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def pitch(sound: Frame, rate: int) -> float:
    """The strongest frequency."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.fft.rfftfreq(len(sound), 1 / rate)[int(power.argmax())])


def framed(sequence: int) -> bytes:
    header = struct.pack("<BBHI", 1, 0, sequence & 0xFFFF, sequence * 320)
    return header + tone(1_000, 16_000).astype("<i2").tobytes()


@dataclass
class House:
    site: Site
    office: Office
    address: str

    @asynccontextmanager
    async def screen(self, browser: httpx.AsyncClient, **headers: str) -> AsyncIterator[Screen]:
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        async with connect(
            f"{self.address.replace('http', 'ws')}api/desk/agent",
            additional_headers={"Cookie": cookie, "Origin": self.address.rstrip("/"), **headers},
            compression=None,
            max_queue=None,
        ) as socket:
            yield Screen(socket)


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with sqlite_database.write() as session:
        session.add(a_customer(NOW, id="c1"))

    async def nobody(token: str) -> AgentIdentity | None:
        return None

    store = SqlDeskStore(sqlite_database)
    async with asyncio.timeout(30), DeskServer("127.0.0.1", 0, store, nobody, now=lambda: NOW) as server:
        office = open_office(server, LiveDesk(server))
        site = a_site(sqlite_database, tmp_path, NOW, port=0, office=office)
        async with serving(site) as address:
            yield House(site, office, address)


@pytest.fixture
async def lin(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with await signed_in(house.site, Role.AGENT, name="lin") as browser:
        yield browser


async def test_an_agent_talks_in_the_browser(house: House, lin: httpx.AsyncClient, tmp_path: Path) -> None:
    async with house.screen(lin) as screen:
        welcome = await screen.see(Welcome)
        assert (welcome.agent_id, welcome.sound) == ("lin", "framed")
        await screen.say(SetPresence(presence=Presence.AVAILABLE))
        while (await screen.see(PresenceIs)).presence is not Presence.AVAILABLE:
            pass
        placing = asyncio.create_task(house.office.desk.place(OFFER))
        ring = await screen.see(Ring)
        assert ring.offer.brief.own_words == "没人来安装"
        await screen.say(Accept(offer_id=OFFER.id))
        placed = await placing
        assert placed == Placed(offer_id=OFFER.id, agent_id="lin", agent_name="lin")
        callee = Callee()
        bridging = asyncio.create_task(house.office.desk.bridge(placed, callee))
        await screen.see(Connected)
        for sequence in range(30):
            await screen.socket.send(framed(sequence))
            await asyncio.sleep(0.02)
        assert (await screen.see(Level)).callee > -20
        await screen.say(HangUp())
        assert (await screen.see(Ended)).by == "agent"
        assert (await bridging).ended_by == "agent"
        await screen.say(SendWrapUp(offer_id=OFFER.id, form=WrapUp(outcome="resolved", note="已道歉")))
        assert (await house.office.desk.wrap_up(placed, 10)).note == "已道歉"
    assert pitch(np.concatenate(callee.heard[10:25]), 8_000) == pytest.approx(1_000, abs=10)
    heard = [np.frombuffer(payload[8:], dtype="<i2") for payload in screen.sound]
    assert [struct.unpack_from("<H", payload, 2)[0] for payload in screen.sound] == list(range(len(heard)))
    assert pitch(np.concatenate(heard[10:25]), 16_000) == pytest.approx(440, abs=10)

    late = await lin.put(f"/api/desk/offers/{OFFER.id}/wrap-up", json={"note": "已道歉，明天上门"})
    assert late.status_code == 204, late.text
    own = (await lin.get(f"/api/desk/offers/{OFFER.id}")).json()
    assert (own["state"], own["wrap_up"]["note"]) == ("done", "已道歉，明天上门")


async def test_only_agents_of_our_own_pages_come_in(house: House, lin: httpx.AsyncClient) -> None:
    async with await signed_in(house.site, Role.QA) as auditor:
        for browser, headers in (
            (auditor, {}),
            (lin, {"Origin": "https://evil.example"}),
            (httpx.AsyncClient(), {}),
        ):
            with pytest.raises(InvalidStatus) as refused:
                async with house.screen(browser, **headers):
                    pass
            assert refused.value.response.status_code == 403


async def test_a_clip_of_ones_own_customer_only(house: House, lin: httpx.AsyncClient, tmp_path: Path) -> None:
    await house.office.server.store.open(OFFER, NOW)
    await house.office.server.store.take(OFFER.id, "lin", NOW)
    url = f"/api/desk/offers/{OFFER.id}/clip.wav"
    assert (await lin.get(url)).status_code == 404
    (tmp_path / "recordings").mkdir()
    with wave.open(str(tmp_path / "recordings" / f"{OFFER.call_id}.wav"), "wb") as file:
        file.setparams((2, 2, 8_000, 0, "NONE", ""))
        left = np.repeat(np.arange(3, dtype="<i2"), 8_000)
        file.writeframes(np.stack([left, left * 0], axis=1).astype("<i2").tobytes())
    answer = await lin.get(url)
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(str(tmp_path / "clip.wav"), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
    assert len(answer.content) == 44 + 2 * 8 * 1_100
    assert np.frombuffer(answer.content[44:], dtype="<i2")[8 * 400] == 1
    other = await signed_in(house.site, Role.AGENT, name="zhou")
    async with other:
        assert (await other.get(url)).status_code == 404


async def test_the_desk_shows_who_is_there_and_who_waits(house: House, lin: httpx.AsyncClient) -> None:
    await house.office.server.store.open(OFFER, NOW, sla_s=20)
    async with house.screen(lin) as screen, await signed_in(house.site, Role.SUPERVISOR) as chief:
        await screen.see(PresenceIs)
        desk = (await chief.get("/api/desk")).json()
    assert [(one["id"], one["presence"], one["here"]) for one in desk["agents"]] == [("lin", "break", True)]
    assert [(one["transfer_id"], one["state"], one["sla_s"]) for one in desk["line"]] == [
        (OFFER.id, "offered", 20.0)
    ]
    assert (await lin.get("/api/desk")).status_code == 403


async def test_an_agent_whom_an_administrator_gave_a_telephone_sees_its_end(
    house: House, lin: httpx.AsyncClient
) -> None:
    async with await signed_in(house.site, Role.ADMIN) as admin:
        (user,) = [one for one in (await admin.get("/api/users")).json() if one["name"] == "lin"]
        path, number = f"/api/users/{user['id']}", "+8610037294851"
        assert (await admin.patch(path, json={"telephone": "10010"})).status_code == 422
        assert (await admin.patch(path, json={"telephone": number})).json()["telephone"] == "…4851"
        assert (await lin.patch(path, json={"telephone": ""})).status_code == 403
    async with house.screen(lin) as screen:
        assert (await screen.see(Welcome)).telephone == "…4851"
        line = house.office.server.line("lin")
        assert line is not None
        assert line.telephone == number


async def test_an_administrator_says_what_an_agent_can_do(house: House, lin: httpx.AsyncClient) -> None:
    async with house.screen(lin) as screen, await signed_in(house.site, Role.ADMIN) as admin:
        await screen.see(PresenceIs)
        answer = await admin.put("/api/desk/agents/lin", json={"skills": {"complaint": 5}, "capacity": 2})
        assert (answer.status_code, answer.json()["skills"]) == (200, {"complaint": 5})
        assert (await admin.put("/api/desk/agents/nobody", json={"skills": {}})).status_code == 404
    user = await a_user(house.site, "zhou", Role.AGENT)
    async with httpx.AsyncClient() as browser:
        await sign_in(house.site, browser, user)
        async with house.screen(browser) as screen:
            await screen.see(Welcome)
    skills = {agent.id: agent.skills for agent in await house.office.server.store.agents()}
    assert skills["lin"] == {"complaint": 5}
    assert skills["zhou"]["general"] > 0
