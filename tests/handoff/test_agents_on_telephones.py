"""Agents who talk on a telephone of their own: accepted on the screen, answered there, no sound at the desk.

Every test runs against the desk of the same process and against the desk of another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from desk_house import AGENTS, OFFER, PLACES, Callee, Office, Screen, a_desk_for, frame

from handoff.desk import NotPlaced, Placed, TelephoneDown
from handoff.offer import OfferState, WrapUp
from handoff.presence import MISSED, Presence
from handoff.server import AgentIdentity
from handoff.testing import FakeTelephone
from handoff.wire import (
    Accept,
    Connected,
    Ended,
    HandBack,
    Hold,
    Mute,
    Refused,
    Ring,
    SendWrapUp,
    Welcome,
    Withdrawn,
)

NUMBER = "+8610028193746"


@pytest.fixture(autouse=True)
def somebody_has_a_telephone(monkeypatch: pytest.MonkeyPatch) -> None:
    ding = AgentIdentity(id="ding", name="丁一", skills={"complaint": 5}, telephone=NUMBER)
    monkeypatch.setitem(AGENTS, "t-ding", ding)


@pytest.fixture(params=PLACES)
async def office(request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    async with a_desk_for(request.param) as office:
        yield office


async def rung(office: Office, telephone: FakeTelephone) -> tuple[Screen, asyncio.Task[Placed | NotPlaced]]:
    """Ding has accepted on the screen, and the telephone rings."""
    ding = await office.at_work("t-ding")
    placing = asyncio.create_task(office.desk.place(OFFER, telephone))
    await ding.see(Ring)
    await ding.say(Accept(offer_id="o1"))
    await until_state(telephone, "ringing")
    return ding, placing


def state_of(office: Office) -> OfferState:
    return office.store.offers["o1"].state


async def until_state(telephone: FakeTelephone, state: str) -> None:
    while telephone.state != state:  # noqa: ASYNC110  a test looks, nobody is told
        await asyncio.sleep(0.005)


async def talking(office: Office, telephone: FakeTelephone) -> tuple[Screen, Callee, asyncio.Task[object]]:
    ding, placing = await rung(office, telephone)
    telephone.answer()
    placed = await placing
    assert isinstance(placed, Placed)
    callee = Callee()
    bridging: asyncio.Task[object] = asyncio.create_task(office.desk.bridge(placed, callee))
    await ding.see(Connected)
    return ding, callee, bridging


async def test_accepted_on_the_screen_and_answered_on_the_telephone(office: Office) -> None:
    telephone = FakeTelephone()
    _, placing = await rung(office, telephone)
    assert telephone.rung == [NUMBER]
    assert state_of(office) is OfferState.RINGING, "nobody has the customer yet"
    assert not placing.done()
    telephone.answer()
    assert await placing == Placed(offer_id="o1", agent_id="ding", agent_name="丁一", by_telephone=True)
    assert state_of(office) is OfferState.CONNECTED
    assert telephone.state == "waiting"


async def test_the_screen_shows_only_the_end_of_the_number(office: Office) -> None:
    screen = await office.signed_in("t-ding")
    assert (await screen.see(Welcome)).telephone == "…3746"


@pytest.mark.parametrize(
    ("rang", "result"), [("busy", "no_answer"), ("no_answer", "no_answer"), ("failed", "bridge_failed")]
)
async def test_a_telephone_that_is_not_answered_leads_to_the_next_agent(
    office: Office, rang: str, result: str
) -> None:
    telephone = FakeTelephone()
    ding, placing = await rung(office, telephone)
    zhou = await office.at_work("t-zhou")
    telephone.answer(rang)  # type: ignore[arg-type]
    assert (await ding.see(Withdrawn)).why == "telephone"
    assert office.presence("ding") is Presence.BREAK
    assert office.store.people["ding"].reason == MISSED
    await zhou.see(Ring)
    await zhou.say(Accept(offer_id="o1"))
    assert await placing == Placed(offer_id="o1", agent_id="zhou", agent_name="周敏")
    assert telephone.state == "idle"


async def test_nobody_answered_and_nobody_else_is_there(office: Office) -> None:
    telephone = FakeTelephone()
    _, placing = await rung(office, telephone)
    telephone.answer("busy")
    answer = await placing
    assert isinstance(answer, NotPlaced)
    assert (answer.result, answer.detail) == ("no_answer", "the agent's telephone was busy")
    assert office.store.offers["o1"].state is OfferState.NO_ANSWER


async def test_where_the_carrier_reaches_no_telephones_their_owners_are_not_asked(office: Office) -> None:
    await office.at_work("t-ding")
    answer = await office.desk.place(OFFER)
    assert isinstance(answer, NotPlaced)
    assert answer.result == "no_agent"
    assert office.presence("ding") is Presence.AVAILABLE


async def test_a_customer_who_leaves_stops_the_telephone(office: Office) -> None:
    telephone = FakeTelephone()
    ding, placing = await rung(office, telephone)
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)
    assert (await ding.see(Withdrawn)).why == "customer_left"
    await until_state(telephone, "idle")
    assert office.presence("ding") is Presence.AVAILABLE


async def test_a_screen_that_is_lost_while_the_telephone_rings_stops_it(office: Office) -> None:
    telephone = FakeTelephone()
    ding, placing = await rung(office, telephone)
    await ding.connection.close()
    answer = await placing
    assert isinstance(answer, NotPlaced)
    await until_state(telephone, "idle")


async def test_no_sound_passes_the_desk_and_the_form_follows_the_telephone(office: Office) -> None:
    telephone = FakeTelephone()
    ding, callee, bridging = await talking(office, telephone)
    await ding.connection.send(frame(5_000).tobytes())
    callee.speaks.put_nowait(frame(100))
    await office.desk.tell("o1", TelephoneDown())
    assert (await ding.see(Ended)).by == "agent"
    bridged = await bridging
    assert getattr(bridged, "ended_by", "") == "agent"
    assert callee.hears.empty()
    assert not any(map(any, ding.sound))
    await ding.say(SendWrapUp(offer_id="o1", form=WrapUp(note="已道歉")))
    placed = Placed(offer_id="o1", agent_id="ding", agent_name="丁一", by_telephone=True)
    assert (await office.desk.wrap_up(placed, 5)).note == "已道歉"


async def test_the_screen_hands_back_and_the_customer_hangs_up(office: Office) -> None:
    ding, _, bridging = await talking(office, FakeTelephone())
    await ding.say(HandBack(note="请继续"))
    bridged = await bridging
    assert getattr(bridged, "ended_by", "") == "handed_back"


async def test_the_customer_hangs_up(office: Office) -> None:
    ding, callee, bridging = await talking(office, FakeTelephone())
    callee.speaks.put_nowait(None)
    assert (await ding.see(Ended)).by == "callee"
    assert getattr(await bridging, "ended_by", "") == "callee"


async def test_holding_and_muting_are_done_on_the_telephone(office: Office) -> None:
    ding, _, bridging = await talking(office, FakeTelephone())
    for message in (Hold(on=True), Mute(on=True)):
        await ding.say(message)
        assert "电话机" in (await ding.see(Refused)).message
    bridging.cancel()
    await asyncio.gather(bridging, return_exceptions=True)


async def test_a_lost_screen_is_no_lost_agent(office: Office) -> None:
    ding, callee, bridging = await talking(office, FakeTelephone())
    await ding.connection.close()
    again = await office.signed_in("t-ding")
    assert (await again.see(Connected)).resumed
    assert not bridging.done()
    callee.speaks.put_nowait(None)
    assert (await again.see(Ended)).by == "callee"
    await bridging
