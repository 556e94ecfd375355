"""The desk over real websockets: who answers, who does not, and what becomes of the customer.

Every test runs against the desk of the same process and against the desk of another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from desk_house import OFFER, PLACES, Callee, Office, a_desk_for, an_office
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from handoff.desk import NotPlaced, Placed
from handoff.live_desk import DeskOptions, LiveDesk
from handoff.messages import encode
from handoff.offer import Line, OfferState, TransferOffer, WrapUp
from handoff.presence import Presence
from handoff.remote_desk import RemoteDesk
from handoff.wire import (
    Accept,
    Decline,
    Ended,
    HangUp,
    Hello,
    Rebrief,
    Refused,
    Ring,
    Said,
    SendWrapUp,
    SetPresence,
    Withdrawn,
)


@pytest.fixture(params=PLACES)
async def office(request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    async with a_desk_for(request.param) as office:
        yield office


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
