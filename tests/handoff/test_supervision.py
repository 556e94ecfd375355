"""A supervisor at a running call of this process and of another one: who hears whom, and who leaves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import pytest
from websockets.asyncio.client import connect

from handoff.bridge import Frame
from handoff.connection import Connection
from handoff.desk import Placed
from handoff.frames import FramedSound
from handoff.live_calls import CallsHere, Hear, LiveCall
from handoff.live_desk import LiveDesk
from handoff.media_door import MediaDoor
from handoff.media_link import MediaLink
from handoff.messages import encode
from handoff.offer import Brief, TransferOffer
from handoff.office import Office, open_office
from handoff.presence import Presence
from handoff.server import AgentIdentity, DeskServer
from handoff.testing import MemoryDeskStore
from handoff.wire import (
    Accept,
    CallOver,
    Connected,
    EndCall,
    Ended,
    FromAgent,
    FromSupervisor,
    HangUp,
    Listening,
    Party,
    Refused,
    SetMode,
    SetPresence,
    ToSupervisor,
    decode_from_desk,
    decode_to_supervisor,
)

OFFER = TransferOffer(
    id="o1",
    call_id="call-1",
    customer_id="c1",
    reason="complaint",
    skill="complaint",
    priority=10,
    brief=Brief(why="客户投诉", customer="王女士", own_words="没人来安装"),
)
Seen = TypeVar("Seen")


class Screen(Connection):
    """A browser without a socket."""

    def __init__(self, decode: Callable[[str], object]) -> None:
        self.inwards: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.outwards: asyncio.Queue[object] = asyncio.Queue()
        self.sound: list[bytes] = []
        self.closed: int | None = None
        self._decode = decode

    async def send(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.sound.append(message)
        else:
            self.outwards.put_nowait(self._decode(message))

    async def messages(self) -> AsyncIterator[str | bytes]:
        while (message := await self.inwards.get()) is not None:
            yield message

    async def close(self, code: int, reason: str) -> None:
        self.closed = code
        self.inwards.put_nowait(None)

    def say(self, message: FromAgent | FromSupervisor) -> None:
        self.inwards.put_nowait(encode(message))

    async def see(self, kind: type[Seen]) -> Seen:
        while True:
            if isinstance(seen := await self.outwards.get(), kind):
                return seen


async def until(true: Callable[[], bool]) -> None:
    """What crosses a socket comes when it comes."""
    for _ in range(2_000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


@dataclass
class Call(LiveCall):
    """A running call that remembers what was asked of it."""

    ears: list[Hear] = field(default_factory=list)
    asked: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def listen(self, hear: Hear) -> Callable[[], None]:
        self.ears.append(hear)
        return lambda: self.ears.remove(hear)

    def take_over(self, supervisor: str) -> None:
        self.asked.put_nowait(f"take over {supervisor}")

    def end(self) -> None:
        self.asked.put_nowait("end")

    async def heard(self) -> None:
        """Let 20 ms pass once somebody listens."""
        await until(lambda: bool(self.ears))
        for hear in tuple(self.ears):
            hear(level(1_000), level(2_000))


class Callee:
    def __init__(self) -> None:
        self.heard: set[int] = set()

    async def receive(self) -> Frame | None:
        await asyncio.sleep(0.02)
        return level(500)

    async def send(self, frame: Frame) -> None:
        self.heard.add(int(frame[80]))


def level(value: int) -> Frame:
    return np.full(160, value, dtype=np.int16)


def loudest(payload: bytes) -> int:
    return int(np.frombuffer(payload[8:], dtype="<i2").max())


@dataclass
class House:
    office: Office
    calls: CallsHere
    call: Call
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def supervisor(self, call_id: str = "call-1") -> Screen:
        screen = Screen(decode_to_supervisor)
        attending = self.office.supervision.attend("chen", "陈主管", call_id, screen)
        self.tasks.append(asyncio.create_task(attending))
        return screen

    async def bridged(self) -> tuple[Screen, Callee, asyncio.Task[object]]:
        lin = Screen(decode_from_desk)
        who = AgentIdentity(id="lin", name="林顾问", skills={"complaint": 3})
        self.tasks.append(asyncio.create_task(self.office.server.attend(who, lin, "framed")))
        lin.say(SetPresence(presence=Presence.AVAILABLE))
        placing = asyncio.create_task(self.office.desk.place(OFFER))
        lin.say(Accept(offer_id="o1"))
        while not placing.done():
            lin.say(Accept(offer_id="o1"))
            await asyncio.sleep(0.01)
        placed = placing.result()
        assert isinstance(placed, Placed)
        callee = Callee()
        bridging: asyncio.Task[object] = asyncio.create_task(self.office.desk.bridge(placed, callee))
        await lin.see(Connected)
        return lin, callee, bridging


@pytest.fixture(params=["same process", "another process"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async def nobody(token: str) -> AgentIdentity | None:
        return None

    async with asyncio.timeout(30), DeskServer("127.0.0.1", 0, MemoryDeskStore(), nobody) as server:
        server.media_door = MediaDoor("shared")
        office, call = open_office(server, LiveDesk(server)), Call()
        calls = office.calls if request.param == "same process" else CallsHere()
        house = House(office, calls, call)
        if request.param != "same process":
            link = MediaLink(server.url.replace("/agent", "/media"), "shared", calls)
            house.tasks.append(asyncio.create_task(link.run()))
        with calls.running("call-1", call):
            await until(lambda: office.supervision.find("call-1") is not None)
            yield house
        for task in house.tasks:
            task.cancel()
        await asyncio.gather(*house.tasks, return_exceptions=True)


async def test_a_supervisor_hears_both_sides_apart(house: House) -> None:
    chen = house.supervisor()
    shown = await chen.see(Listening)
    assert (shown.talks_to, shown.mode) == ("bot", "listen")
    while not chen.sound:
        await house.call.heard()
        await asyncio.sleep(0.01)
    for _ in range(5):
        await house.call.heard()
    await asyncio.sleep(0.1)
    pairs = np.frombuffer(chen.sound[-1][8:], dtype="<i2").reshape(-1, 2)
    assert chen.sound[-1][1] == 1, "stereo"
    assert pairs.mean(axis=0) == pytest.approx([1_000, 2_000], rel=0.05)
    chen.inwards.put_nowait(None)
    await until(lambda: not house.call.ears)


async def test_with_the_bot_only_taking_over_makes_sense(house: House) -> None:
    chen = house.supervisor()
    await chen.see(Listening)
    for mode in ("whisper", "barge"):
        chen.say(SetMode(mode=mode))
        assert "机器人正在通话" in (await chen.see(Refused)).message
    chen.say(SetMode(mode="take_over"))
    assert await house.call.asked.get() == "take over chen"
    placed = await house.office.desk.place(replace(OFFER, id="o2", only_agent_id="chen"))
    assert placed == Placed(offer_id="o2", agent_id="chen", agent_name="陈主管")
    assert isinstance(placed, Placed)
    callee = Callee()
    bridging = asyncio.create_task(house.office.desk.bridge(placed, callee))
    await chen.see(Connected)
    speak(chen, 3_000)
    await asyncio.sleep(0.3)
    assert max(callee.heard) == pytest.approx(3_000, rel=0.05)
    chen.say(HangUp())
    assert (await bridging).ended_by == "agent"
    assert (await chen.see(Ended)).by == "agent"


async def test_the_desk_lets_nobody_take_over_who_is_not_there(house: House) -> None:
    offer = replace(OFFER, id="o3", only_agent_id="chen")
    assert not isinstance(await house.office.desk.place(offer), Placed)


async def test_a_whisper_is_for_the_agent_alone_and_a_barge_for_both(house: House) -> None:
    lin, callee, bridging = await house.bridged()
    chen = house.supervisor()
    assert (await chen.see(Listening)).agent == "林顾问"
    chen.say(SetMode(mode="whisper"))
    assert (await lin.see(Party)).mode == "whisper"
    speak(chen, 4_000)
    await asyncio.sleep(0.3)
    assert max(map(loudest, lin.sound)) > 4_000, "the customer and the supervisor"
    assert max(callee.heard) < 100
    chen.say(SetMode(mode="barge"))
    assert (await lin.see(Party)).mode == "barge"
    speak(chen, 4_000)
    await asyncio.sleep(0.3)
    assert max(callee.heard) == pytest.approx(4_000, rel=0.05)
    chen.say(SetMode(mode="take_over"))
    assert (await lin.see(Party)).mode == "gone"
    assert (await lin.see(Party)).mode == "take_over"
    assert (await lin.see(Ended)).by == "taken_over"
    ended = await bridging
    assert getattr(ended, "taken_by", "") == "chen"


async def test_a_supervisor_ends_a_call_and_sees_it_end(house: House) -> None:
    chen = house.supervisor()
    await chen.see(Listening)
    chen.say(EndCall())
    assert await house.call.asked.get() == "end"
    assert house.office.supervision.end("call-1")
    assert not house.office.supervision.end("call-2")
    stranger = house.supervisor("call-2")
    await until(lambda: stranger.closed is not None)
    assert stranger.closed == 4404


async def test_the_end_of_the_call_is_told() -> None:
    async def nobody(token: str) -> AgentIdentity | None:
        return None

    server = DeskServer("127.0.0.1", 0, MemoryDeskStore(), nobody)
    house = House(open_office(server, LiveDesk(server)), CallsHere(), Call())
    with house.office.calls.running("call-1", house.call):
        chen = house.supervisor()
        await chen.see(Listening)
    await chen.see(CallOver)
    await house.tasks[0]
    assert chen.closed == 1000


async def test_a_stranger_does_not_report_calls() -> None:
    async def nobody(token: str) -> AgentIdentity | None:
        return None

    async with DeskServer("127.0.0.1", 0, MemoryDeskStore(), nobody) as server:
        server.media_door = MediaDoor("shared")
        async with connect(server.url.replace("/agent", "/media")) as socket:
            await socket.send('{"type":"hello","token":"guessed","calls":["call-1"]}')
            with contextlib.suppress(Exception):
                await socket.recv()
            assert socket.close_code == 4401
        assert server.media_door.find("call-1") is None


def speak(screen: Screen, value: int) -> None:
    sound = FramedSound()
    for _ in range(5):
        screen.inwards.put_nowait(sound.encode(level(value)))


def test_every_message_to_a_supervisor_is_known() -> None:
    shown: list[ToSupervisor] = [CallOver(by="call"), Refused(message="不行")]
    assert [decode_to_supervisor(encode(one)) for one in shown] == shown
