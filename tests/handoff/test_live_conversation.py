"""An agent and a customer who were connected: what each hears, and how it ends.

Every test runs against the desk of the same process and against the desk of another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from desk_house import AGENTS, OFFER, PLACES, Callee, Office, WatchedStore, a_desk_for, an_office, frame

from handoff.desk import Placed
from handoff.line_door import LineDoor
from handoff.live_desk import DeskOptions, LiveDesk
from handoff.offer import OfferState, WrapUp
from handoff.presence import Presence
from handoff.remote_desk import RemoteDesk
from handoff.server import AgentIdentity, DeskServer
from handoff.wire import (
    Accept,
    Connected,
    Ended,
    HandBack,
    HangUp,
    Hold,
    Mute,
    PresenceIs,
    Refused,
    Ring,
    SendWrapUp,
    SetPresence,
    Welcome,
)


@pytest.fixture(params=PLACES)
async def office(request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    async with a_desk_for(request.param) as office:
        yield office


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
