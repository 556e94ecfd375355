"""The desk over real websockets: who answers, who does not, and what becomes of the customer.

Every test runs against the desk of the same process and against the desk of another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from handoff.bridge import Frame
from handoff.desk import Desk, NotPlaced, Placed
from handoff.line_door import LineDoor
from handoff.live_desk import DeskOptions, LiveDesk
from handoff.messages import encode
from handoff.offer import Brief, OfferState, TransferOffer, WrapUp
from handoff.presence import Presence
from handoff.remote_desk import RemoteDesk
from handoff.server import AgentIdentity, DeskServer
from handoff.testing import MemoryDeskStore
from handoff.wire import (
    Accept,
    Connected,
    Decline,
    Ended,
    FromAgent,
    FromDesk,
    HangUp,
    Hello,
    PresenceIs,
    Refused,
    Ring,
    SendWrapUp,
    SetPresence,
    Welcome,
    Withdrawn,
    decode_from_desk,
)

AGENTS = {
    "t-lin": AgentIdentity(id="lin", name="小林", skills={"complaint": 5}),
    "t-zhou": AgentIdentity(id="zhou", name="周敏", skills={"complaint": 2}),
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

    async def hear(self) -> bytes:
        while not self.sound:
            message = await self.connection.recv()
            if isinstance(message, bytes):
                self.sound.append(message)
        return self.sound.pop(0)


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


class WatchedStore(MemoryDeskStore):
    """Tells when somebody was signed out."""

    def __init__(self) -> None:
        super().__init__()
        self.left: asyncio.Queue[str] = asyncio.Queue()

    async def sign_out(self, agent_id: str, now: datetime) -> None:
        await super().sign_out(agent_id, now)
        self.left.put_nowait(agent_id)


@dataclass
class Office:
    """A desk with its store, and screens for whoever comes to work."""

    store: WatchedStore
    server: DeskServer
    desk: Desk
    screens: list[Screen] = field(default_factory=list)

    async def signed_in(self, token: str) -> Screen:
        screen = Screen(await connect(self.server.url, compression=None))
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


@pytest.fixture(params=["same process", "another process"])
async def office(request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    store = WatchedStore()

    async def authenticate(token: str) -> AgentIdentity | None:
        return AGENTS.get(token)

    async with asyncio.timeout(30), DeskServer("127.0.0.1", 0, store, authenticate) as server:
        live = LiveDesk(server)
        server.line_door = LineDoor(live, "shared")
        remote = RemoteDesk(server.url.replace("/agent", "/line"), "shared")
        office = Office(store, server, live if request.param == "same process" else remote)
        yield office
        for screen in office.screens:
            await screen.connection.close()


def frame(value: int) -> Frame:
    return np.full(160, value, dtype=np.int16)


async def test_accepted_bridged_and_wrapped_up(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placing = asyncio.create_task(office.desk.place(OFFER))
    ring = await lin.see(Ring)
    assert ring.offer == OFFER
    await lin.say(Accept(offer_id="o1"))
    placed = await placing
    assert placed == Placed(offer_id="o1", agent_id="lin", agent_name="小林")
    assert office.store.offers["o1"].state is OfferState.CONNECTED

    callee = Callee()
    bridging = asyncio.create_task(office.desk.bridge(placed, callee))
    await lin.see(Connected)
    callee.speaks.put_nowait(frame(7))
    assert await lin.hear() == frame(7).tobytes()
    await lin.connection.send(frame(9).tobytes()[:100])
    await lin.connection.send(frame(9).tobytes()[100:] + frame(10).tobytes())
    assert [int((await callee.hears.get())[0]) for _ in range(2)] == [9, 10]
    callee.speaks.put_nowait(None)
    assert (await bridging).ended_by == "callee"
    assert (await lin.see(Ended)).by == "callee"
    assert office.presence("lin") is Presence.WRAP_UP

    form = WrapUp(outcome="considering", note="已道歉", promise="明天上门", extra={"ticket": "T-7"})
    await lin.say(SendWrapUp(offer_id="o1", form=form))
    assert await office.desk.wrap_up(placed, timeout_s=20) == form
    assert office.store.offers["o1"].wrap_up == form
    assert office.presence("lin") is Presence.AVAILABLE


async def test_declined_with_a_reason_then_the_next_agent(office: Office) -> None:
    lin, zhou = await office.at_work("t-lin"), await office.at_work("t-zhou")
    placing = asyncio.create_task(office.desk.place(OFFER))
    await lin.see(Ring)
    await lin.say(Decline(offer_id="o1", reason="正在处理别的投诉"))
    await zhou.see(Ring)
    await zhou.say(Accept(offer_id="o1"))
    placed = await placing
    assert isinstance(placed, Placed)
    assert placed.agent_id == "zhou"
    assert office.store.offers["o1"].declined_reason == "正在处理别的投诉"
    assert office.presence("lin") is Presence.AVAILABLE
    await lin.say(Accept(offer_id="o1"))
    assert (await lin.see(Withdrawn)).why == "taken"


async def test_everybody_declines(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placing = asyncio.create_task(office.desk.place(OFFER))
    await lin.see(Ring)
    await lin.say(Decline(offer_id="o1", reason="马上下班"))
    assert await placing == NotPlaced(offer_id="o1", result="declined", detail="马上下班")
    assert office.store.offers["o1"].state is OfferState.DECLINED


async def test_unanswered_goes_to_the_next_and_then_back_to_the_bot(office: Office) -> None:
    desk = LiveDesk(office.server, DeskOptions(ring_s=0.05))
    lin, zhou = await office.at_work("t-lin"), await office.at_work("t-zhou")
    assert await desk.place(OFFER) == NotPlaced(offer_id="o1", result="no_answer")
    for screen in (lin, zhou):
        assert (await screen.see(Ring)).timeout_s == 0.05
        assert (await screen.see(Withdrawn)).why == "timeout"
    assert office.presence("lin") is Presence.BREAK
    assert office.store.offers["o1"].state is OfferState.NO_ANSWER
    await lin.say(Accept(offer_id="o1"))
    assert (await lin.see(Withdrawn)).why == "taken"


async def test_nobody_with_the_skill(office: Office) -> None:
    await office.at_work("t-he")
    await office.signed_in("t-lin")
    assert await office.desk.place(OFFER) == NotPlaced(offer_id="o1", result="no_agent")
    assert office.store.offers["o1"].state is OfferState.NO_AGENT


async def test_two_customers_never_ring_one_agent(office: Office) -> None:
    lin = await office.at_work("t-lin")
    other = TransferOffer(
        id="o2",
        call_id="call-2",
        customer_id="c2",
        reason="complaint",
        skill="complaint",
        priority=1,
        brief=OFFER.brief,
    )
    first, second = (asyncio.create_task(office.desk.place(offer)) for offer in (OFFER, other))
    ring = await lin.see(Ring)
    await lin.say(Accept(offer_id=ring.offer.id))
    ends = [await first, await second]
    assert [type(end) for end in ends].count(Placed) == 1
    assert NotPlaced(offer_id={"o1": "o2", "o2": "o1"}[ring.offer.id], result="no_agent") in ends


async def test_a_customer_who_leaves_stops_the_ringing(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placing = asyncio.create_task(office.desk.place(OFFER))
    await lin.see(Ring)
    placing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await placing
    assert (await lin.see(Withdrawn)).why == "customer_left"
    assert office.store.offers["o1"].state is OfferState.ABANDONED
    assert office.presence("lin") is Presence.AVAILABLE


async def test_an_agent_lost_while_it_rings_is_passed_over(office: Office) -> None:
    lin, zhou = await office.at_work("t-lin"), await office.at_work("t-zhou")
    placing = asyncio.create_task(office.desk.place(OFFER))
    await lin.see(Ring)
    lin.connection.transport.abort()
    await zhou.see(Ring)
    await zhou.say(Accept(offer_id="o1"))
    placed = await placing
    assert isinstance(placed, Placed)
    assert placed.agent_id == "zhou"
    await office.gone("lin")


async def test_an_agent_lost_in_the_conversation_ends_it(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placed = await office.accepted(lin)
    bridging = asyncio.create_task(office.desk.bridge(placed, Callee()))
    await asyncio.sleep(0)
    lin.connection.transport.abort()
    assert (await bridging).ended_by == "agent"
    await office.gone("lin")
    assert await office.desk.wrap_up(placed, timeout_s=0) == WrapUp()
    assert office.store.offers["o1"].state is OfferState.DONE
    assert office.presence("lin") is Presence.OFFLINE


async def test_an_agent_who_hangs_up_ends_it(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placed = await office.accepted(lin)
    bridging = asyncio.create_task(office.desk.bridge(placed, Callee()))
    await lin.say(HangUp())
    assert (await bridging).ended_by == "agent"


async def test_a_broken_line_is_told_as_failed(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placed = await office.accepted(lin)
    callee = Callee()
    callee.broken = True
    bridging = asyncio.create_task(office.desk.bridge(placed, callee))
    await lin.connection.send(frame(1).tobytes())
    bridged = await bridging
    assert (bridged.ended_by, bridged.error) == ("failed", "ConnectionResetError: the line is gone")
    assert office.presence("lin") is Presence.WRAP_UP


async def test_a_late_wrap_up_still_reaches_the_store(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placed = await office.accepted(lin)
    await lin.say(HangUp())
    await office.desk.bridge(placed, Callee())
    assert await office.desk.wrap_up(placed, timeout_s=0) == WrapUp()
    await lin.say(SendWrapUp(offer_id="o1", form=WrapUp(note="晚到的小结")))
    await lin.say(SetPresence(presence=Presence.BREAK))
    while (await lin.see(PresenceIs)).presence is not Presence.BREAK:
        pass
    assert office.store.offers["o1"].wrap_up == WrapUp(note="晚到的小结")


async def test_nobody_changes_presence_in_a_conversation(office: Office) -> None:
    lin = await office.at_work("t-lin")
    await office.accepted(lin)
    await lin.say(SetPresence(presence=Presence.BREAK))
    assert "暂时不能切换" in (await lin.see(Refused)).message
    assert office.presence("lin") is Presence.BUSY


async def test_a_second_sign_in_closes_the_first(office: Office) -> None:
    first = await office.at_work("t-lin")
    await office.at_work("t-lin")
    with pytest.raises(ConnectionClosed) as closed:
        await first.see(Ended)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4409
    assert office.presence("lin") is Presence.AVAILABLE


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (encode(Hello(token="t-wrong")), 4401),
        (encode(HangUp()), 4401),
        ('{"type": "hello"}', 4400),
        ("[]", 4400),
        (b"\x00\x01", 4400),
    ],
)
async def test_strangers_are_closed_out(office: Office, first: str | bytes, code: int) -> None:
    async with connect(office.server.url) as connection:
        await connection.send(first)
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


async def test_garbage_is_answered_and_survived(office: Office) -> None:
    lin = await office.at_work("t-lin")
    await lin.connection.send('{"type": "dance", "secret": "138"}')
    refused = await lin.see(Refused)
    assert "无法识别" in refused.message
    assert "138" not in refused.message
    assert await office.accepted(lin)


async def test_a_desk_that_is_not_there_is_nobody() -> None:
    answer = await RemoteDesk("ws://127.0.0.1:9/line", "shared").place(OFFER)
    assert isinstance(answer, NotPlaced)
    assert (answer.result, "127.0.0.1:9" in answer.detail) == ("no_agent", True)


async def test_a_media_process_without_the_token_places_nobody(office: Office) -> None:
    lin = await office.at_work("t-lin")
    url = office.server.url.replace("/agent", "/line")
    answer = await RemoteDesk(url, "guessed").place(OFFER)
    assert isinstance(answer, NotPlaced)
    assert "unknown token" in answer.detail
    assert office.store.offers == {}
    assert office.presence("lin") is Presence.AVAILABLE
    await lin.say(SetPresence(presence=Presence.BREAK))


async def test_a_desk_that_goes_away_gives_the_customer_back_to_the_bot() -> None:
    store = WatchedStore()

    async def authenticate(token: str) -> AgentIdentity | None:
        return AGENTS.get(token)

    async with asyncio.timeout(30):
        async with DeskServer("127.0.0.1", 0, store, authenticate) as server:
            server.line_door = LineDoor(LiveDesk(server), "shared")
            office = Office(store, server, RemoteDesk(server.url.replace("/agent", "/line"), "shared"))
            lin = await office.at_work("t-lin")
            placed = await office.accepted(lin)
            callee = Callee()
            bridging = asyncio.create_task(office.desk.bridge(placed, callee))
            await lin.see(Connected)
        bridged = await bridging
        assert bridged.ended_by == "failed"
        assert await office.desk.wrap_up(placed, 1) == WrapUp()
        await lin.connection.close()
