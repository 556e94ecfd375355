"""The floor and what it hears: echo, learnt pauses, prepared answers, keys, a voice without sound."""

from __future__ import annotations

import pytest
from floor_stage import OPENER, Stage, kinds, talking
from hypothesis import given
from hypothesis import strategies as st

from callbot.conversation.floor_events import (
    Answered,
    Aside,
    CalleeEnded,
    CalleeStarted,
    Echo,
    FloorAction,
    FloorOptions,
    Play,
    Prepare,
    Say,
    Speech,
    SpeechDone,
    TakeTurn,
    Words,
    Yield,
)
from callbot.conversation.pauses import Pauses


def prepared(actions: list[FloorAction]) -> list[str]:
    return [action.turn.text for action in actions if isinstance(action, Prepare)]


@pytest.mark.parametrize(
    ("interruptible", "heard", "end_ms"), [(True, "您现在", 900), (False, "您现在买东西是更看重", 2_400)]
)
def test_the_bots_own_words_coming_back_are_nobodys_turn(interruptible: bool, heard: str, end_ms: int) -> None:
    stage = talking(text=OPENER, interruptible=interruptible)
    stage.callee(heard, 300, end_ms)
    assert any(isinstance(action, Echo) for action in stage.done)
    stage.at(5_300, SpeechDone(speech_id="a", finished=True))
    stage.until(9_000)
    assert not any(isinstance(action, TakeTurn | Yield | Aside) for action in stage.done)


@pytest.mark.parametrize(
    ("heard", "start_ms", "end_ms"),
    [
        ("您现在买东西是更看重别再打了", 300, 3_400),  # their own words stand behind the echo
        ("不看重", 1_500, 2_200),
        ("质量和售后", 300, 1_300),  # the bot has not said that yet
    ],
)
def test_what_the_bot_did_not_say_is_the_callees(heard: str, start_ms: int, end_ms: int) -> None:
    stage = talking(text=OPENER)
    stage.callee(heard, start_ms, end_ms)
    assert not any(isinstance(action, Echo) for action in stage.done)


def test_the_bots_words_repeated_after_it_ended_are_an_answer() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=(Speech(id="a", text=OPENER, asks="choice"),)))
    stage.at(5_300, SpeechDone(speech_id="a", finished=True))
    stage.callee("更看重质量和售后", 6_100, 7_900)
    stage.until(9_500)
    assert [action.text for action in stage.done if isinstance(action, TakeTurn)] == ["更看重质量和售后"]


def test_a_short_answer_over_the_end_of_a_question_is_no_echo() -> None:
    stage = talking(text=OPENER, asks="choice")
    assert "Yield" in kinds(stage.callee("质量", 4_300, 4_800))


def test_who_is_as_loud_as_ever_is_the_callee() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    stage.at(1_060, CalleeStarted(at_ms=1_000))
    stage.at(1_700, CalleeEnded(start_ms=1_000, end_ms=1_400))
    stage.at(1_800, Words(text="方便", start_ms=1_000, end_ms=1_400, level_db=-20.0))
    stage.until(3_000)
    for level_db, echo in ((-38.0, True), (-21.0, False)):
        start = stage.now
        stage.take(Say(speeches=(Speech(id=f"s{start}", text=OPENER),)))
        stage.at(start + 400, CalleeStarted(at_ms=start + 300))
        stage.at(start + 2_700, CalleeEnded(start_ms=start + 300, end_ms=start + 2_400))
        seen = stage.at(
            start + 2_800,
            Words(text="您现在买东西是更看重", start_ms=start + 300, end_ms=start + 2_400, level_db=level_db),
        )
        assert any(isinstance(action, Echo) for action in seen) is echo
        stage.at(start + 6_000, SpeechDone(speech_id=f"s{start}", finished=True))


def test_an_answer_is_prepared_in_the_pause_and_taken_as_it_is() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    assert prepared(stage.callee("我在上班", 1_000, 2_000)) == ["我在上班"]
    assert kinds(stage.until(2_700)) == ["TakeTurn"]


def test_what_was_prepared_is_thrown_away_when_the_callee_goes_on() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    stage.callee("我在上班", 1_000, 2_000)
    assert kinds(stage.at(2_560, CalleeStarted(at_ms=2_500))) == ["Discard"]
    seen = stage.callee("不过你说吧", 2_500, 3_500)
    assert prepared(seen) == ["我在上班，不过你说吧"]


@pytest.mark.parametrize("text", ["嗯那个", "因为", "我想想"])
def test_nothing_is_prepared_for_a_thought_that_is_not_finished(text: str) -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    assert prepared(stage.callee(text, 1_000, 2_000)) == []


def test_who_pauses_long_is_waited_for_longer_within_bounds() -> None:
    pauses = Pauses(700)
    for _ in range(20):
        pauses.learn([900])
    assert 1_100 <= pauses.silence_ms <= 1_190
    for _ in range(40):
        pauses.learn([])
    assert pauses.silence_ms in range(700, 710)
    pauses.cut_in(5_000)
    assert pauses.silence_ms in range(700, 710), "after five seconds it is a new turn"


@given(st.lists(st.lists(st.integers(0, 60_000), max_size=3), max_size=60))
def test_learnt_pauses_stay_between_the_configured_silence_and_its_cap(turns: list[list[int]]) -> None:
    pauses = Pauses(700)
    for turn in turns:
        pauses.learn(turn)
        assert 700 <= pauses.silence_ms <= 1_190


def test_a_key_is_a_whole_answer_at_once() -> None:
    stage = talking(asks="yes_no")
    assert kinds(stage.at(1_000, Words(text="按键1", start_ms=1_000, end_ms=1_000, digit="1"))) == ["Yield"]
    seen = stage.at(1_100, SpeechDone(speech_id="a", finished=False))
    assert [action.text for action in seen if isinstance(action, TakeTurn)] == ["按键1"]


def test_a_voice_without_sound_is_noticed_and_ends_in_words_or_the_call() -> None:
    stage = Stage()
    stage.mute = True
    stage.at(0, Answered())
    stage.at(10, Say(speeches=(Speech(id="a"),)))
    limit = FloorOptions().nobody_ms
    assert kinds(stage.until(limit + 100)) == ["Yield", "Prompt"]
    stage.take(SpeechDone(speech_id="a", finished=False))
    stage.take(Say(speeches=(Speech(id="c"),)))
    assert kinds(stage.until(3 * limit + 5_000))[-1] == "HangUp"


def test_what_waits_behind_a_speech_without_sound_is_said_instead_of_an_apology() -> None:
    stage = Stage()
    stage.mute = True
    stage.at(0, Answered())
    stage.at(10, Say(speeches=(Speech(id="filler"),)))
    stage.at(9_000, Say(speeches=(Speech(id="answer"),)))
    assert kinds(stage.until(FloorOptions().nobody_ms + 100)) == ["Yield"]
    assert stage.take(SpeechDone(speech_id="filler", finished=False))[0] == Play(speech_id="answer")


def test_speech_that_replaces_drops_what_waited() -> None:
    stage = talking()
    stage.take(Say(speeches=(Speech(id="c"),), instead=True))
    assert stage.at(3_000, SpeechDone(speech_id="a", finished=True))[0] == Play(speech_id="c")
