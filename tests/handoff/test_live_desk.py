"""The desk over real websockets: who answers, who does not, and what becomes of the customer.

Every test runs against the desk of the same process and against the desk of another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
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
from handoff.offer import Brief, Line, OfferState, TransferOffer, WrapUp
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
    HandBack,
    HangUp,
    Hello,
    Hold,
    Mute,
    PresenceIs,
    Rebrief,
    Refused,
    Ring,
    Said,
    SendWrapUp,
    SetPresence,
    Welcome,
    Withdrawn,
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


@pytest.fixture(params=["same process", "another process"])
async def office(request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    store = WatchedStore()

    async def authenticate(token: str) -> AgentIdentity | None:
        return AGENTS.get(token)

    async with asyncio.timeout(30), DeskServer("127.0.0.1", 0, store, authenticate) as server:
        live = LiveDesk(server, DeskOptions(return_s=0.2))
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
    for value in (7, 8):
        callee.speaks.put_nowait(frame(value))
    assert [int((await lin.hear())[0]) for _ in range(2)] == [7, 8]
    await lin.connection.send(frame(9).tobytes()[:100])
    await lin.connection.send(frame(9).tobytes()[100:] + frame(10).tobytes())
    assert [await callee.heard() for _ in range(2)] == [9, 10]
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


async def test_nobody_at_work(office: Office) -> None:
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
    await lin.say(Decline(offer_id=ring.offer.id, reason="稍等"))
    again = await lin.see(Ring)
    assert {ring.offer.id, again.offer.id} == {"o1", "o2"}
    await lin.say(Accept(offer_id=again.offer.id))
    ends = {end.offer_id: end for end in (await first, await second)}
    assert isinstance(ends[again.offer.id], Placed)
    assert ends[ring.offer.id] == NotPlaced(offer_id=ring.offer.id, result="declined", detail="稍等")


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
    assert (await bridging).ended_by == "agent_left"
    await office.gone("lin")
    assert office.store.offers["o1"].result == "agent_left"
    assert await office.desk.wrap_up(placed, timeout_s=0) == WrapUp()
    assert office.store.offers["o1"].state is OfferState.DONE
    assert office.presence("lin") is Presence.OFFLINE


async def test_an_agent_who_comes_back_in_time_talks_on() -> None:
    async with an_office(DeskOptions(return_s=20)) as office:
        lin = await office.at_work("t-lin")
        placed = await office.accepted(lin)
        callee = Callee()
        bridging = asyncio.create_task(office.desk.bridge(placed, callee))
        await lin.see(Connected)
        lin.connection.transport.abort()
        assert abs(await callee.heard()) > 0  # the hold tone, not silence
        lin = await office.signed_in("t-lin")
        await lin.see(Welcome)
        assert (await lin.see(PresenceIs)).presence is Presence.BUSY
        assert (await lin.see(Connected)).resumed
        for value in (7_000, 7_001):
            callee.speaks.put_nowait(frame(value))
        assert int((await lin.hear())[0]) == 7_000
        await lin.say(HangUp())
        assert (await bridging).ended_by == "agent"
        assert (await lin.see(Ended)).by == "agent"
        assert office.presence("lin") is Presence.WRAP_UP


async def test_on_hold_the_customer_hears_the_tone_and_nobody_else(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placed = await office.accepted(lin)
    callee = Callee()
    bridging = asyncio.create_task(office.desk.bridge(placed, callee))
    await lin.see(Connected)
    await lin.say(Hold(on=True))
    assert (await lin.see(Hold)).on
    for value in (7_000, 7_001):
        await lin.connection.send(frame(value).tobytes())
        callee.speaks.put_nowait(frame(9_000))
    heard = [await callee.heard() for _ in range(5)]
    assert 7_000 not in heard
    await lin.say(Hold(on=False))
    assert not (await lin.see(Hold)).on
    assert not any(np.frombuffer(sound, dtype="<i2").any() for sound in lin.sound)
    for value in (7_002, 7_003):
        await lin.connection.send(frame(value).tobytes())
    while await callee.heard() != 7_003:
        pass
    await lin.say(HangUp())
    await bridging


async def test_a_muted_agent_is_not_heard(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placed = await office.accepted(lin)
    callee = Callee()
    bridging = asyncio.create_task(office.desk.bridge(placed, callee))
    await lin.see(Connected)
    await lin.say(Mute(on=True))
    assert (await lin.see(Mute)).on
    for _ in range(10):
        await lin.connection.send(frame(7_000).tobytes())
    await lin.say(Mute(on=False))
    await lin.see(Mute)
    await lin.connection.send(frame(7_001).tobytes())
    await lin.connection.send(frame(7_001).tobytes())
    await lin.say(HangUp())
    await bridging
    heard = {int(callee.hears.get_nowait()[0]) for _ in range(callee.hears.qsize())}
    assert 7_000 not in heard


async def test_an_agent_hands_the_customer_back_to_the_bot(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placed = await office.accepted(lin)
    bridging = asyncio.create_task(office.desk.bridge(placed, Callee()))
    await lin.see(Connected)
    await lin.say(HandBack(note="已登记，想听活动"))
    bridged = await bridging
    assert (bridged.ended_by, bridged.note) == ("handed_back", "已登记，想听活动")
    assert (await lin.see(Ended)).by == "handed_back"


async def test_who_waits_for_busy_agents_is_served_by_urgency(office: Office) -> None:
    lin = await office.at_work("t-lin")
    placed = await office.accepted(lin)
    bridging = asyncio.create_task(office.desk.bridge(placed, Callee()))
    later = [
        replace(OFFER, id=name, customer_id=name, call_id=name, priority=priority)
        for name, priority in (("o2", 30), ("o3", 10))
    ]
    placing = {offer.id: asyncio.create_task(office.desk.place(offer)) for offer in later}
    await office.store.opened({"o2", "o3"})
    await lin.say(HangUp())
    await bridging
    await lin.say(SendWrapUp(offer_id="o1", form=WrapUp(outcome="resolved")))
    await office.desk.wrap_up(placed, 5)
    assert (await lin.see(Ring)).offer.id == "o3"
    await lin.say(Decline(offer_id="o3"))
    assert (await lin.see(Ring)).offer.id == "o2"
    await lin.say(Decline(offer_id="o2"))
    assert {type(await task) for task in placing.values()} == {NotPlaced}


async def test_a_late_answer_rings_every_skill_then_the_supervisor_and_raises_an_alarm() -> None:
    async with an_office(DeskOptions(sla_s=0.2)) as office:
        zhou = await office.at_work("t-zhou")
        chief = await office.at_work("t-chen")
        placed = await office.accepted(zhou)
        bridging = asyncio.create_task(office.desk.bridge(placed, Callee()))
        placing = asyncio.create_task(
            office.desk.place(replace(OFFER, id="o2", customer_id="c2", call_id="c2"))
        )
        ring = await chief.see(Ring)
        assert (ring.offer.id, ring.escalation) == ("o2", 2)
        assert office.store.offers["o2"].escalation == 2
        await chief.say(Decline(offer_id="o2"))
        await zhou.say(HangUp())
        await bridging
        placing.cancel()
        await asyncio.wait({placing})


async def test_what_was_said_and_a_better_card_reach_the_screen(office: Office) -> None:
    lin = await office.at_work("t-lin")
    said = Line(speaker="callee", text="空调一直没人来装", start_ms=100, end_ms=900)
    placing = asyncio.create_task(office.desk.place(replace(OFFER, said=(said,))))
    assert (await lin.see(Ring)).offer == OFFER
    assert (await lin.see(Said)).text == "空调一直没人来装"
    await office.desk.tell("o1", replace(OFFER.brief, summary="空调未装，催了两次"))
    assert (await lin.see(Rebrief)).brief.summary == "空调未装，催了两次"
    await office.desk.tell("o1", replace(said, speaker="bot", text="请稍等"))
    assert (await lin.see(Said)).speaker == "bot"
    placing.cancel()
    await asyncio.wait({placing})


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
