"""After the human: handed back, lost, taken over; forms of all of them, and what they asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from calls import Call, call

from callbot.conversation.labels import Intent, Outcome, TransferReason
from callbot.conversation.reading import Reading
from callbot.conversation.result import TransferResult, Turn
from callbot.conversation.transferring import compared, priority
from callbot.testing import Utter
from handoff.bridge import AudioEnd, Bridged
from handoff.desk import NotPlaced, Placed
from handoff.offer import Brief, WrapUp
from handoff.testing import FakeDesk

READINGS: dict[str, Intent | Reading] = {
    "方便": Intent.AFFIRM,
    "转人工": Intent.REQUEST_HUMAN,
    "质量吧": Intent.INTERESTED,
    "行给我吧": Intent.INTERESTED,
    "明天下午三点吧": Reading(
        text="明天下午三点吧",
        intent=Intent.BUSY_CALLBACK,
        confidence=0.9,
        slots={"callback_time": "明天下午三点"},
    ),
}


class EndingDesk(FakeDesk):
    """Each conversation lasts two seconds and ends as told."""

    def __init__(self, *ends: Bridged, forms: Sequence[WrapUp] = ()) -> None:
        super().__init__(ring_s=1.0)
        self.ends = list(ends)
        self.forms = list(forms)
        self.freed: list[str] = []

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        for _ in range(100):
            if await callee.receive() is None:
                return Bridged(ended_by="callee", duration_ms=0)
        return self.ends.pop(0)

    async def wrap_up(self, placed: Placed, timeout_s: float) -> WrapUp:
        self.freed.append(placed.offer_id)
        return self.forms.pop(0) if self.forms else WrapUp()


def hold(*script: Utter | str, **options: Any) -> Call:
    return call([Utter(text=item) if isinstance(item, str) else item for item in script], READINGS, **options)


def said(ended: Call, act: str) -> str:
    return next(turn.heard for turn in ended.result.turns if turn.act == act)


def test_a_handed_back_callee_goes_on_with_the_bot() -> None:
    back = Bridged(ended_by="handed_back", duration_ms=2_000, note="已登记，客户想听活动")
    desk = EndingDesk(back, forms=[WrapUp(outcome="resolved", note="已登记")])
    ended = hold("方便", "转人工", "质量吧", "行给我吧", desk=desk)
    (transfer,) = ended.result.transfers
    assert (transfer.result, transfer.handed_back) == ("connected", "已登记，客户想听活动")
    assert transfer.wrap_up["note"] == "已登记"
    assert "接下来还是由我" in said(ended, "handed_back")
    later = [turn for turn in ended.result.turns if turn.start_ms > ended.at("unbridged")]
    assert any(turn.speaker == "callee" for turn in later), "the conversation went on"


def test_an_agent_who_is_cut_off_leaves_nobody_alone() -> None:
    desk = EndingDesk(Bridged(ended_by="agent_left", duration_ms=2_000))
    ended = hold("转人工", "明天下午三点吧", desk=desk)
    assert [one.result for one in ended.result.transfers] == ["agent_left"]
    assert "线路断了" in said(ended, "agent_lost")
    assert ended.result.outcome is Outcome.CALLBACK
    assert ended.result.callback_spoken == "明天下午三点"
    assert desk.freed == [desk.offers[0].id], "the desk does not wait for a form"


def test_a_supervisor_takes_over_from_a_human_without_a_word_of_the_bot() -> None:
    desk = EndingDesk(
        Bridged(ended_by="taken_over", duration_ms=2_000, taken_by="chen"),
        Bridged(ended_by="agent", duration_ms=2_000),
        forms=[WrapUp(note="客户很急"), WrapUp(note="已由主管处理")],
    )
    ended = hold("转人工", desk=desk)
    assert [offer.only_agent_id for offer in desk.offers] == ["", "chen"]
    assert [(one.reason, one.result) for one in ended.result.transfers] == [
        ("explicit_request", "connected"),
        ("supervisor", "connected"),
    ]
    assert [one.wrap_up["note"] for one in ended.result.transfers] == ["客户很急", "已由主管处理"]
    first = ended.at("unbridged")
    second = [at_ms for event, at_ms, _ in ended.log.events if event == "bridged"][1]
    assert second - first <= 1_100, "the second the fake desk rings"
    assert not [span for span in ended.line.sounding if first <= span[0] < second]


def test_a_takeover_that_fails_brings_the_bot_back() -> None:
    desk = EndingDesk(Bridged(ended_by="taken_over", duration_ms=2_000, taken_by="chen"))
    desk.answers.extend(
        [Placed(offer_id="", agent_id="a1", agent_name="小林"), NotPlaced(offer_id="", result="no_agent")]
    )
    ended = hold("转人工", "明天下午三点吧", desk=desk)
    assert sorted(one.result for one in ended.result.transfers) == ["connected", "no_agent"]
    assert "抱歉" in said(ended, "transfer_failed")


@pytest.mark.parametrize("tier", ["高价值", "中价值", "低价值", ""])
def test_the_reason_comes_before_the_worth_of_the_customer(tier: str) -> None:
    assert priority(TransferReason.COMPLAINT, tier) < priority(TransferReason.EXPLICIT_REQUEST, "高价值")
    assert priority(TransferReason.COMPLAINT, "高价值") <= priority(TransferReason.COMPLAINT, tier)


def turn(speaker: Any, text: str, start_ms: int) -> Turn:
    return Turn(speaker=speaker, text=text, heard=text, start_ms=start_ms, end_ms=start_ms + 500)


def test_what_the_human_asked_again_stands_with_the_transfer() -> None:
    result = TransferResult(transfer_id="t1", reason="complaint", result="connected", agent_id="lin")
    card = Brief(
        why="客户投诉",
        customer="王女士",
        own_words="空气炸锅坏了没人管",
        own_words_ms=(4_000, 5_000),
        answered={"产品": "空气炸锅"},
    )
    turns = [
        turn("bot", "您更看重质量还是价格呢？", 1_000),
        turn("callee", "质量", 2_000),
        turn("callee", "空气炸锅坏了没人管", 4_000),
        turn("agent", "您好，请问您遇到了什么问题？", 10_000),
        turn("agent", "您买的是什么产品？", 12_000),
        turn("agent", "您是看重质量还是更看重价格？", 14_000),
        turn("agent", "您家里地址是哪里？", 16_000),
        turn("agent", "这样处理可以吗？", 18_000),
    ]
    found = compared(result, turns, card=card, since_ms=9_000, until_ms=20_000)
    assert found.questions == 4
    assert [(one.about, one.at_ms) for one in found.asked_again] == [
        ("来意", 10_000),
        ("产品", 12_000),
        ("您更看重质量还是价格呢？", 14_000),
    ]
