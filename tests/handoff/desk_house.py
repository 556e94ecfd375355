"""A desk over real websockets, agents with their screens, and a customer's end of the line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from handoff.bridge import Frame
from handoff.desk import Desk, Placed
from handoff.line_door import LineDoor
from handoff.live_desk import DeskOptions, LiveDesk
from handoff.messages import encode
from handoff.offer import Brief, TransferOffer
from handoff.presence import Presence
from handoff.remote_desk import RemoteDesk
from handoff.server import AgentIdentity, DeskServer
from handoff.testing import MemoryDeskStore
from handoff.wire import (
    Accept,
    FromAgent,
    FromDesk,
    Hello,
    PresenceIs,
    Ring,
    SetPresence,
    Welcome,
    decode_from_desk,
)

AGENTS = {
    "t-lin": AgentIdentity(id="lin", name="小林", skills={"complaint": 5}),
    "t-zhou": AgentIdentity(id="zhou", name="周敏", skills={"complaint": 2}),
    "t-chen": AgentIdentity(id="chen", name="陈主管", skills={"supervisor": 5}),
    "t-he": AgentIdentity(id="he", name="何平", skills={"sales": 4}),
}
OFFER = TransferOffer(
    id="o1",
    call_id="call-1",
    customer_id="c1",
    reason="complaint",
    skill="complaint",
    priority=1,
    brief=Brief(
        why="客户投诉",
        customer="王女士",
        own_words="空调一直没人来装",
        own_words_ms=(100, 900),
        dont=("不要推销",),
    ),
)

PLACES = ("same process", "another process")
"""Where a call runs, seen from its desk."""

Seen = TypeVar("Seen", bound=FromDesk)


@dataclass
class Screen:
    """An agent's side of the connection, driven by a test."""

    connection: ClientConnection
    sound: list[bytes] = field(default_factory=list)

    async def say(self, message: FromAgent) -> None:
        await self.connection.send(encode(message))

    async def see(self, kind: type[Seen]) -> Seen:
        """The next message of this kind; others pass by."""
        while True:
            message = await self.connection.recv()
            if isinstance(message, bytes):
                self.sound.append(message)
            elif isinstance(decoded := decode_from_desk(message), kind):
                return decoded

    async def hear(self) -> Frame:
        """The next frame that is not silence."""
        while True:
            while not self.sound:
                message = await self.connection.recv()
                if isinstance(message, bytes):
                    self.sound.append(message)
            if (heard := np.frombuffer(self.sound.pop(0), dtype="<i2")).any():
                return heard


class Callee:
    """The customer's end of the path: speaks what the test puts in, keeps what it hears."""

    def __init__(self) -> None:
        self.speaks: asyncio.Queue[Frame | None] = asyncio.Queue()
        self.hears: asyncio.Queue[Frame] = asyncio.Queue()
        self.broken = False

    async def receive(self) -> Frame | None:
        return await self.speaks.get()

    async def send(self, frame: Frame) -> None:
        if self.broken:
            raise ConnectionResetError("the line is gone")
        self.hears.put_nowait(frame)

    async def heard(self) -> int:
        """The value of the next frame that is not silence."""
        while not (value := int((await self.hears.get())[0])):
            pass
        return value


class WatchedStore(MemoryDeskStore):
    """Tells when somebody was signed out."""

    def __init__(self) -> None:
        super().__init__()
        self.left: asyncio.Queue[str] = asyncio.Queue()
        self.new: asyncio.Queue[str] = asyncio.Queue()

    async def open(self, offer: TransferOffer, now: datetime, *, desk: str = "", sla_s: float = 0.0) -> None:
        await super().open(offer, now, desk=desk, sla_s=sla_s)
        self.new.put_nowait(offer.id)

    async def opened(self, offers: set[str]) -> None:
        """Wait until these are with the desk."""
        while not offers <= set(self.offers):
            await self.new.get()

    async def sign_out(self, agent_id: str, desk: str, now: datetime) -> None:
        await super().sign_out(agent_id, desk, now)
        self.left.put_nowait(agent_id)


@dataclass
class Office:
    """A desk with its store, and screens for whoever comes to work."""

    store: WatchedStore
    server: DeskServer
    desk: Desk
    screens: list[Screen] = field(default_factory=list)

    async def signed_in(self, token: str) -> Screen:
        screen = Screen(await connect(self.server.url, compression=None, max_queue=None))
        self.screens.append(screen)
        await screen.say(Hello(token=token))
        return screen

    async def at_work(self, token: str) -> Screen:
        screen = await self.signed_in(token)
        await screen.see(Welcome)
        await screen.see(PresenceIs)
        await screen.say(SetPresence(presence=Presence.AVAILABLE))
        assert (await screen.see(PresenceIs)).presence is Presence.AVAILABLE
        return screen

    def presence(self, agent_id: str) -> Presence:
        return self.store.people[agent_id].presence

    async def gone(self, agent_id: str) -> None:
        """Wait until the desk has seen that an agent's connection ended."""
        while self.presence(agent_id) is not Presence.OFFLINE:
            await self.store.left.get()

    async def accepted(self, screen: Screen) -> Placed:
        placing = asyncio.create_task(self.desk.place(OFFER))
        await screen.see(Ring)
        await screen.say(Accept(offer_id="o1"))
        placed = await placing
        assert isinstance(placed, Placed)
        return placed


@asynccontextmanager
async def an_office(options: DeskOptions) -> AsyncIterator[Office]:
    """A desk of this process."""
    store = WatchedStore()

    async def authenticate(token: str) -> AgentIdentity | None:
        return AGENTS.get(token)

    async with asyncio.timeout(30), DeskServer("127.0.0.1", 0, store, authenticate) as server:
        office = Office(store, server, LiveDesk(server, options))
        yield office
        for screen in office.screens:
            await screen.connection.close()


@asynccontextmanager
async def a_desk_for(place: str) -> AsyncIterator[Office]:
    """A desk as a call of one of `PLACES` has it."""
    async with an_office(DeskOptions(return_s=0.2)) as office:
        office.server.line_door = LineDoor(office.desk, "shared")
        if place == "another process":
            office.desk = RemoteDesk(office.server.url.replace("/agent", "/line"), "shared")
        yield office


def frame(value: int) -> Frame:
    return np.full(160, value, dtype=np.int16)
