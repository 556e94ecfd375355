"""What people do in any conversation: ask for a moment, take a word back, look for words, ask in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from calls import NOW, PERSON, plan

from callbot.conversation.act import Act, State
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.foresee import foreseeable
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.lookup import look_by_pieces
from callbot.conversation.patterns import asks_for_a_moment, is_an_account, may_ask
from callbot.conversation.reading import Reading
from callbot.conversation.wording import mentions

UNCLEAR = Intent.SILENCE_FILLER_UNCLEAR


def reading(text: str, intent: Intent = UNCLEAR, **more: Any) -> Reading:
    return Reading(text=text, intent=intent, confidence=0.9, **more)


def talk(*said: Reading) -> tuple[State, Act]:
    dialogue = Dialogue(plan(), now=NOW, parse_time=lambda text, now: None)
    state, act = dialogue.open()
    for one in said:
        known = look_by_pieces(dialogue.flow, one.text) if dialogue.asks(one) else None
        state, act = dialogue.respond(state, one, NOW, known=known)
    return state, act


@pytest.mark.parametrize(
    ("text", "slots", "expected"),
    [
        ("等一下我关个门", {}, True),
        ("哎你等会儿", {}, True),
        ("先别挂，我去开下门", {}, True),
        ("等会儿再打给我", {}, False),
        ("等一下，你们多少钱", {}, False),
        ("稍等再联系吧", {}, False),
        ("等我明天下午有空", {"callback_time": "明天下午"}, False),
        ("我等了三天了", {}, False),
    ],
)
def test_a_moment_is_not_another_day(text: str, slots: dict[str, str], expected: bool) -> None:
    assert asks_for_a_moment(reading(text, slots=slots)) is expected


def test_who_asked_for_a_moment_is_not_hurried() -> None:
    dialogue = Dialogue(plan(), now=NOW, parse_time=lambda text, now: None)
    state, _ = dialogue.open()
    state, act = dialogue.respond(state, reading("等一下我关个门"), NOW)
    assert act.name == "wait_for_you"
    state, act = dialogue.silence(state, 0)
    assert act.name == "still_here"
    _, act = dialogue.silence(state, 1)
    assert act.name == "silence_say"


def test_over_the_bots_words_it_is_the_wish_to_speak() -> None:
    dialogue = Dialogue(plan(), now=NOW, parse_time=lambda text, now: None)
    state, opened = dialogue.open()
    _, act = dialogue.respond(state, reading("等一下"), NOW, unsaid=opened.utterances[1:])
    assert act.name == "go_ahead"


def test_a_correction_is_taken_and_the_question_comes_again() -> None:
    yes = reading("方便", Intent.AFFIRM)
    first = reading("质量", Intent.AFFIRM, slots={"concern": "质量"})
    state, act = talk(yes, first, reading("不对，我说的是价格", Intent.DENY, slots={"concern": "价格"}))
    assert act.name == "corrected"
    assert state.step == "solution"
    assert "价格" in act.utterances[0].text
    assert act.utterances[-1].asks == "offer"


def test_a_question_in_between_is_answered_and_vouched_for() -> None:
    state, act = talk(reading("方便", Intent.AFFIRM), reading("能退货吗", Intent.ASK_PRODUCT_DETAIL))
    assert act.via == ("knowledge: returns",)
    assert state.step == "needs"
    assert act.utterances[-1].asks == "choice"
    assert state.used == ("returns",)


def test_what_nobody_wrote_down_is_not_answered_but_promised() -> None:
    state, act = talk(reading("方便", Intent.AFFIRM), reading("电机是几瓦的", Intent.ASK_PRODUCT_DETAIL))
    assert state.unanswered == ("电机是几瓦的",)
    assert act.utterances[0].promise == "agent_contact"
    assert act.utterances[-1].asks == "choice"


def test_a_change_of_mind_after_the_goodbye_is_followed() -> None:
    yes, want = reading("方便", Intent.AFFIRM), reading("好吧，我要", Intent.INTERESTED)
    state, act = talk(yes, yes, reading("我想想", Intent.CONSIDERING), want)
    assert (state.step, act.utterances[-1].final) == ("close_interested", True)


@pytest.mark.parametrize(
    ("text", "asks", "expected"),
    [
        ("上次的事没人理我", "open", True),
        ("上次的事没人理我", "yes_no", False),
        ("嗯那个", "open", False),
        ("我跟你说那个就是", "open", False),
        ("咳", "open", False),
    ],
)
def test_words_that_tell_something_answer_an_open_question(text: str, asks: str, expected: bool) -> None:
    assert is_an_account(text, asks) is expected


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("有点麻烦", "麻烦", True),
        ("没什么麻烦", "麻烦", False),
        ("没遇到过麻烦，就是麻烦客服了", "麻烦", True),
        ("不好用", "不好用", True),
        ("不好用", "好用", False),
    ],
)
def test_what_is_denied_is_not_mentioned(text: str, word: str, expected: bool) -> None:
    assert mentions(text, word) is expected


@pytest.mark.parametrize(
    ("one", "unsure", "expected"),
    [
        (reading("包邮吗", Intent.ASK_PRICE_OFFER), False, True),
        (reading("好的", Intent.AFFIRM), False, False),
        (reading("运费怎么算"), False, True),
        (reading("嗯嗯"), False, False),
        (reading("别再打了，你们怎么有我电话", Intent.DO_NOT_CALL), False, False),
    ],
)
def test_only_questions_are_looked_up(one: Reading, unsure: bool, expected: bool) -> None:
    assert may_ask(one, unsure=unsure) is expected


def test_impatience_goes_straight_to_the_offer() -> None:
    state, act = talk(reading("快说", Intent.AFFIRM, emotion=Emotion.IMPATIENT))
    assert state.step == "solution"
    assert act.via == (
        "opening: affirm, greeting_ack, interested, considering",
        "way: fork 2",
        "solution: when impatient",
    )


@pytest.mark.parametrize("reason", ["体验受损", "未知", "价值转移", ""])
def test_whoever_must_not_be_sold_to_is_listened_to(reason: str) -> None:
    somebody = plan(person=replace(PERSON, reason=reason))
    dialogue = Dialogue(somebody, now=NOW, parse_time=lambda text, now: None)
    state, _ = dialogue.open()
    state, act = dialogue.respond(state, reading("方便", Intent.AFFIRM), NOW)
    assert state.step == "checkup/use"
    assert [words.offers for words in act.utterances] == [()]
    ahead = foreseeable(somebody, NOW)
    assert any("上次买的东西" in text for text in ahead)
    assert not any("上次买的东西" in text for text in foreseeable(plan(), NOW)), (
        "what is never said is not made ahead"
    )
