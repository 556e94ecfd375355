"""A call that is given to an agent on a telephone of their own, from the accept to the one typed result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from calls import Call, call

from callbot.conversation.labels import Intent, Outcome
from callbot.testing import HANG_UP, Utter
from handoff.bridge import AudioEnd, Bridged
from handoff.desk import NotPlaced, Placed, TelephoneDown
from handoff.offer import Brief, Line, WrapUp
from handoff.telephone import Rang
from handoff.testing import FakeDesk, FakeTelephone

NUMBER = "+8610083720514"


class TelephoneDesk(FakeDesk):
    """One agent, who accepts at once and talks on a telephone that `rang`; `after_s` later `then` happens."""

    def __init__(
        self,
        telephone: FakeTelephone,
        rang: Rang = "answered",
        then: Callable[[], None] | None = None,
        *,
        after_s: float = 15.0,
    ) -> None:
        super().__init__(form=WrapUp(note="已登记"))
        self.telephone = telephone
        self.rang = rang
        self.then = then
        self.after_s = after_s
        self.down = asyncio.Event()
        self.sound = 0

    async def place(self, offer: Any, telephone: Any = None) -> Placed | NotPlaced:
        self.offers.append(offer)
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, self.telephone.answer, self.rang)
        if await telephone.ring(NUMBER, 15) != "answered":
            return NotPlaced(offer_id=offer.id, result="no_answer")
        if self.then is not None:
            loop.call_later(self.after_s, self.then)
        return Placed(offer_id=offer.id, agent_id="ding", agent_name="丁一", by_telephone=True)

    async def tell(self, offer_id: str, news: Brief | Line | TelephoneDown) -> None:
        if isinstance(news, TelephoneDown):
            self.down.set()
        await super().tell(offer_id, news)

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        async def listen() -> None:
            while await callee.receive() is not None:
                self.sound += 1

        callee_gone = asyncio.create_task(listen())
        down = asyncio.create_task(self.down.wait())
        await asyncio.wait({callee_gone, down}, return_when=asyncio.FIRST_COMPLETED)
        down.cancel()
        if callee_gone.done() and (error := callee_gone.exception()) is not None:
            return Bridged(ended_by="failed", duration_ms=0, error=str(error))
        ended = callee_gone.done()
        callee_gone.cancel()
        return Bridged(ended_by="callee" if ended else "agent", duration_ms=2_000)


def hold(desk: TelephoneDesk, *script: Utter) -> Call:
    asked = Utter(text="转人工")
    return call([asked, *script], {"转人工": Intent.REQUEST_HUMAN}, desk=desk, telephone=desk.telephone)


def results(ended: Call) -> list[tuple[str, str | None]]:
    return [(one.result, one.agent_id) for one in ended.result.transfers]


def test_the_agent_talks_hangs_up_and_the_bot_says_goodbye() -> None:
    telephone = FakeTelephone()
    ended = hold(TelephoneDesk(telephone, then=telephone.hang_up))
    assert results(ended) == [("connected", "ding")]
    assert ended.result.transfers[0].wrap_up["note"] == "已登记"
    assert ended.result.outcome is Outcome.TRANSFERRED
    assert telephone.rung == [NUMBER]
    assert telephone.state == "idle"
    assert ended.desk.sound == 0, "no sound passes the desk"
    before, after = ended.at("bridged"), ended.at("unbridged")
    assert 1_000 < after - before < 15_000
    assert not [span for span in ended.line.sounding if before < span[0] < after], "the bot kept silent"
    assert [span for span in ended.line.sounding if span[0] >= after], "and was there again"
    assert any(turn.speaker == "agent" for turn in ended.result.turns), "what the agent said is written down"
    assert ended.log.names().index("telephone-down") < ended.log.names().index("unbridged")


def test_the_callee_hears_the_bot_while_the_telephone_rings() -> None:
    telephone = FakeTelephone()
    ended = hold(TelephoneDesk(telephone, then=telephone.hang_up))
    offered, bridged = ended.at("transfer-offered"), ended.at("bridged")
    assert [span for span in ended.line.sounding if offered <= span[0] < bridged]


@pytest.mark.parametrize("rang", ["busy", "no_answer", "failed"])
def test_nobody_answers_the_telephone_and_the_bot_comes_back(rang: Rang) -> None:
    ended = hold(TelephoneDesk(FakeTelephone(), rang))
    assert results(ended) == [("no_answer", None)]
    assert "transfer_failed" in ended.acts
    assert ended.result.outcome is Outcome.CALLBACK


def test_an_agent_who_hung_up_before_the_callee_came_is_no_empty_bridge() -> None:
    telephone = FakeTelephone()
    desk = TelephoneDesk(telephone, then=telephone.hang_up, after_s=0.1)
    ended = hold(desk)
    assert results(ended) == [("bridge_failed", "ding")]
    assert "transfer_failed" in ended.acts


def test_a_switch_that_fails_brings_the_bot_back() -> None:
    telephone = FakeTelephone()
    telephone.breaks = True
    ended = hold(TelephoneDesk(telephone))
    assert results(ended) == [("bridge_failed", "ding")]
    assert "transfer_failed" in ended.acts
    assert telephone.state == "idle"


def test_a_callee_who_hangs_up_leaves_no_telephone_behind() -> None:
    telephone = FakeTelephone()
    desk = TelephoneDesk(telephone)
    ended = hold(desk, Utter(text=HANG_UP, when="speech", after_ms=300))
    assert [one for one, _ in results(ended)] == ["callee_left"]
    assert telephone.state == "idle"


def test_a_line_that_breaks_during_the_conversation_frees_the_telephone() -> None:
    telephone = FakeTelephone()
    desk = TelephoneDesk(telephone)
    ended = call(
        [Utter(text="转人工")],
        {"转人工": Intent.REQUEST_HUMAN},
        desk=desk,
        telephone=telephone,
        end=(40.0, "socket-lost"),
    )
    assert results(ended) == [("connected", "ding")]
    assert telephone.state == "idle"
