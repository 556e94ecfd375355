"""What is not sure is asked about before anything is done; what the bot asked for is heard where it asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from calls import NOW, PERSON, plan

from callbot.conversation.act import Act, State
from callbot.conversation.answering import standing
from callbot.conversation.clarifying import as_taken
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.labels import Emotion, Intent, Signal, TransferReason
from callbot.conversation.patterns import as_question
from callbot.conversation.reading import Reading
from callbot.conversation.short_answers import calm, in_terms

YES = Reading(text="方便", intent=Intent.AFFIRM, confidence=0.9)


def reading(
    text: str, intent: Intent, confidence: float = 0.9, *, others: tuple[Intent, ...] = (), **slots: str
) -> Reading:
    return Reading(text=text, intent=intent, confidence=confidence, others=others, slots=slots)


def at(text: str, now: datetime) -> datetime | None:
    return now + timedelta(days=1) if "明天" in text else None


def talk(*said: Reading, reason: str = PERSON.reason) -> tuple[Dialogue, State, Act]:
    dialogue = Dialogue(plan(person=replace(PERSON, reason=reason)), now=NOW, parse_time=at)
    state, act = dialogue.open()
    for one in said:
        state, act = dialogue.respond(state, one, NOW)
    return dialogue, state, act


@pytest.mark.parametrize(
    "intent", [Intent.INTERESTED, Intent.REFUSE, Intent.WRONG_PERSON, Intent.ABUSIVE, Intent.THANKS_BYE]
)
def test_what_is_hard_to_take_back_wants_a_surer_reading(intent: Intent) -> None:
    _, state, act = talk(YES, reading("那个吧", intent, 0.45))
    assert act.name == "unsure"
    assert (state.step, act.utterances[-1].asks, act.utterances[-1].final) == ("needs", "choice", False)
    assert talk(YES, reading("那个吧", intent, 0.55))[2].name != "unsure"


def test_the_question_comes_back_in_other_words_and_only_once() -> None:
    _, _, first = talk(YES)
    unsure = reading("那个吧", Intent.REFUSE, 0.4)
    _, _, again = talk(YES, unsure)
    assert again.utterances[-1].text != first.utterances[-1].text
    _, state, act = talk(YES, unsure, unsure)
    assert (act.name, state.unclear) == ("clarify_again", 2)


def test_what_was_asked_about_is_no_stance_yet() -> None:
    unsure = reading("那个吧", Intent.INTERESTED, 0.4, others=(Intent.COMPLAINT,))
    _, _, act = talk(YES, unsure)
    taken = as_taken(unsure, act)
    assert (taken.intent, taken.others) == (Intent.SILENCE_FILLER_UNCLEAR, (Intent.COMPLAINT,))
    assert as_taken(YES, talk(YES)[2]) is YES


def test_a_do_not_call_beside_another_intent_is_obeyed_as_it_is_written_down() -> None:
    both = reading("不需要，别打了", Intent.REFUSE, others=(Intent.DO_NOT_CALL,))
    _, state, act = talk(both)
    assert act.via == ("always: do_not_call",)
    assert state.closed


@pytest.mark.parametrize(
    ("text", "concern"),
    [
        ("前面那个吧", "价格"),
        ("第一个", "价格"),
        ("还是后者吧", "售后"),
        ("第二个更重要", "售后"),
        ("都看重", ""),
        ("都行吧", ""),
    ],
)
def test_options_are_answered_by_their_place(text: str, concern: str) -> None:
    took = in_terms(reading(text, Intent.ABUSIVE, 0.7), "choice", ("价格", "质量", "售后"))
    assert (took.intent, took.slots.get("concern", "")) == (Intent.AFFIRM, concern)


@pytest.mark.parametrize("text", ["第一次买就坏了", "都不看重", "后面再说吧", "前面那个客服说的"])
def test_other_words_choose_nothing(text: str) -> None:
    heard = reading(text, Intent.CONSIDERING, 0.6)
    assert in_terms(heard, "choice", ("价格", "质量")) is heard


@pytest.mark.parametrize(
    ("asks", "means"),
    [("yes_no", Intent.AFFIRM), ("offer", Intent.CONSIDERING), ("open", Intent.CONSIDERING)],
)
@pytest.mark.parametrize("text", ["随便", "都行", "无所谓吧", "你们看着办", "嗯随便你"])
def test_indifference_is_an_answer(text: str, asks: str, means: Intent) -> None:
    angry = replace(reading(text, Intent.ABUSIVE, 0.95), emotion=Emotion.ANGRY)
    took = in_terms(angry, asks, ())
    assert (took.intent, took.emotion) == (means, Emotion.NEUTRAL)
    assert in_terms(angry, "identity", ()) is angry
    longer = replace(angry, text=f"{text}你们怎么骗人")
    assert in_terms(longer, asks, ()) is longer


def test_a_sound_shows_no_feeling() -> None:
    sad = Reading(text="嗯", intent=Intent.AFFIRM, confidence=0.9, emotion=Emotion.SAD_WORRIED)
    assert calm(sad).emotion is Emotion.NEUTRAL
    worried = replace(sad, text="嗯我有点担心")
    assert calm(worried) is worried


@pytest.mark.parametrize("intent", [Intent.COMPLAINT, Intent.REQUEST_HUMAN])
def test_a_guess_that_nothing_else_bears_out_fetches_no_human(intent: Intent) -> None:
    guess = reading("那个东西", intent, 0.4)
    _, _, act = talk(YES, guess)
    assert (act.name, act.transfer) == ("unsure", None)
    assert act.drafts, "it is journalled all the same"
    assert intent in as_taken(guess, act).others
    told = reading("一直放着没怎么用它", intent, 0.4)
    assert talk(YES, told, reason="未知")[2].transfer is None


def test_who_has_a_moment_after_all_is_told() -> None:
    busy = reading("在开会", Intent.BUSY_CALLBACK)
    _, state, _ = talk(busy, reading("你说吧", Intent.GREETING_ACK))
    assert (state.step, state.awaiting, state.callback_at) == ("needs", "", None)


def test_who_is_busy_now_has_not_forgotten_the_thing() -> None:
    _, state, _ = talk(YES, reading("我在忙呢", Intent.BUSY_CALLBACK), reason="未知")
    assert state.awaiting == "callback_time"
    _, state, _ = talk(YES, reading("最近比较忙", Intent.BUSY_CALLBACK, 0.36), reason="未知")
    assert state.step == "checkup/reminder"


def test_a_question_in_answer_to_the_question_for_a_time_is_answered() -> None:
    busy = reading("在开会", Intent.BUSY_CALLBACK)
    _, state, act = talk(busy, reading("有什么优惠", Intent.ASK_PRICE_OFFER))
    assert (act.name, state.awaiting, state.callback_at) == ("ask_price_offer", "callback_time", None)
    assert "什么时间方便" in act.utterances[-1].text or "几点" in act.utterances[-1].text
    _, state, _ = talk(busy, reading("明天行吗", Intent.ASK_LOCATION_TIME))
    assert state.callback_at is not None


def test_no_time_is_booked_for_a_mumble() -> None:
    busy, mumble = reading("在开会", Intent.BUSY_CALLBACK), reading("呃", Intent.SILENCE_FILLER_UNCLEAR)
    assert talk(busy, mumble)[1].callback_at is None
    assert talk(busy, mumble, mumble)[1].callback_at is not None
    any_time = in_terms(reading("随便吧", Intent.SILENCE_FILLER_UNCLEAR), "callback_time", ())
    assert talk(busy, any_time)[1].callback_at is not None


def test_a_booked_time_is_confirmed_once() -> None:
    busy = reading("在开会，明天打", Intent.BUSY_CALLBACK, callback_time="明天")
    _, _, act = talk(busy)
    _, state, again = talk(busy, reading("对，明天", Intent.BUSY_CALLBACK, callback_time="明天"))
    assert "给您打过来" in act.utterances[-1].text
    assert again.utterances[-1].text == "好的，再见。"
    assert state.callback_at is not None


def test_nobody_is_told_twice_that_they_are_not_disturbed() -> None:
    no = reading("不需要", Intent.REFUSE)
    _, _, once = talk(no)
    _, _, twice = talk(no, no)
    assert "不打扰" in once.utterances[-1].text
    assert twice.utterances[-1].text == "好的，再见。"
    assert twice.utterances[-1].final


def test_who_speaks_up_after_the_goodbye_is_listened_to() -> None:
    _, state, act = talk(reading("不需要", Intent.REFUSE), reading("哎等一下", Intent.SILENCE_FILLER_UNCLEAR))
    assert act.name == "go_ahead"
    assert not state.waiting


def test_a_guess_after_the_goodbye_changes_nothing() -> None:
    later = reading("我想想", Intent.CONSIDERING)
    _, state, _ = talk(YES, YES, later, reading("嗯要", Intent.INTERESTED, 0.4))
    assert state.step == "close_considering"
    _, state, _ = talk(YES, YES, later, reading("嗯要", Intent.INTERESTED, 0.8))
    assert state.step == "close_interested"


def test_whoever_cannot_wait_for_the_human_gets_a_call() -> None:
    human = reading("转人工", Intent.REQUEST_HUMAN)
    busy = reading("我等不了，明天打给我", Intent.BUSY_CALLBACK, callback_time="明天")
    _, state, act = talk(human, busy)
    assert act.cancel_transfer
    assert (state.holding, state.owed_human) == (False, True)
    assert state.callback_at == NOW + timedelta(days=1)


GRIEVANCE = reading("到现在也没人给我说法", Intent.COMPLAINT)


def hurt(said: Reading) -> tuple[State, Act]:
    """The bot has asked what hurt them, and this is the answer."""
    sad = Reading(text="挺失望的", intent=Intent.CONSIDERING, confidence=0.9)
    dialogue, state, _ = talk(YES, sad, reason="体验受损")
    assert state.step == "checkup/sorry"
    return dialogue.respond(state, said, NOW, need=TransferReason.COMPLAINT)


def test_a_grievance_is_heard_where_it_was_asked_for() -> None:
    _, act = hurt(GRIEVANCE)
    assert act.transfer is None
    assert act.heard_out
    assert [draft.kind.value for draft in act.drafts] == ["complaint"]
    assert any(words.promise == "agent_contact" for words in act.utterances)


@pytest.mark.parametrize(
    "said",
    [
        replace(GRIEVANCE, emotion=Emotion.ANGRY),
        replace(GRIEVANCE, text="我要投诉你们"),
        reading("给我找个人", Intent.REQUEST_HUMAN),
    ],
)
def test_anger_the_word_itself_and_a_wish_for_a_human_go_to_one(said: Reading) -> None:
    assert hurt(said)[1].transfer is TransferReason.COMPLAINT


def test_anywhere_else_a_grievance_goes_to_a_human() -> None:
    dialogue, state, _ = talk(YES)
    _, act = dialogue.respond(state, GRIEVANCE, NOW, need=TransferReason.COMPLAINT)
    assert act.transfer is TransferReason.COMPLAINT


def test_what_the_knowledge_answers_asks_for_no_human() -> None:
    asked = replace(
        reading("能不能换个老师", Intent.REQUEST_HUMAN),
        signals={Signal.EXPLICIT_REQUEST: 0.9, Signal.MINOR: 0.1},
    )
    taken = as_question(asked)
    assert (taken.intent, dict(taken.signals)) == (Intent.ASK_PRODUCT_DETAIL, {Signal.MINOR: 0.1})
    plainly = reading("能不能转人工", Intent.REQUEST_HUMAN)
    assert as_question(plainly) is plainly


def test_the_reader_sees_the_question_that_is_still_open() -> None:
    dialogue, state, act = talk(reading("等一下我关个门", Intent.SILENCE_FILLER_UNCLEAR))
    said = "".join(words.text for words in act.utterances)
    assert standing(state, said).bot_said.endswith("现在跟您说话方便吗？一会儿就好。")
    state, act = dialogue.respond(state, YES, NOW)
    said = "".join(words.text for words in act.utterances)
    assert standing(state, said).bot_said == said


def test_a_no_is_not_kept_as_what_was_told() -> None:
    no = reading("不用", Intent.REFUSE)
    _, state, _ = talk(YES, reading("有点麻烦", Intent.CONSIDERING), no, reason="未知")
    assert "difficulty" not in state.slots
