"""The floor machine: who may speak, in tables and under random events."""

from __future__ import annotations

from typing import Any

import pytest
from floor_stage import OPENER, Stage, kinds, talking
from hypothesis import given, settings
from hypothesis import strategies as st

from callbot.conversation.floor_events import (
    Answered,
    Aside,
    CalleeEnded,
    CalleeStarted,
    Discard,
    Echo,
    FloorAction,
    HandedOver,
    HangUp,
    Hold,
    LineGone,
    Pause,
    Play,
    Prepare,
    Prompt,
    Resume,
    Say,
    Speech,
    SpeechDone,
    TakeTurn,
    Withdraw,
    Words,
    Yield,
)


@pytest.mark.parametrize("words", ["嗯", "嗯嗯", "对", "好的", "您说", "哦", "好的好的", "嗯，对"])
def test_listening_words_let_the_bot_go_on(words: str) -> None:
    stage = talking()
    seen = stage.callee(words, 1000, 1400)
    assert kinds(seen) == ["Pause", "Aside", "Resume"]


@pytest.mark.parametrize(
    "words",
    [
        "等一下",
        "听我说",
        "别说了",
        "嗯等一下",
        "你们是哪家公司",
        "不需要",
        "我不需要谢谢你不要再打了",
        "行了行了",
    ],
)
def test_anything_else_takes_the_floor(words: str) -> None:
    stage = talking()
    assert kinds(stage.callee(words, 1000, 1800)) == ["Pause", "Yield"]
    stage.at(2300, SpeechDone(speech_id="a", finished=False))
    stage.until(6000)
    (turn,) = [action for action in stage.done if isinstance(action, TakeTurn)]
    assert turn.text == words


@pytest.mark.parametrize("asks", ["yes_no", "identity", "anything_else"])
def test_a_yes_is_an_answer_once_a_question_is_being_asked(asks: str) -> None:
    stage = talking(asks=asks)
    assert kinds(stage.callee("嗯", 1000, 1400)) == ["Pause", "Yield"]


def test_a_cough_pauses_and_resumes_within_a_second() -> None:
    stage = talking()
    stage.callee("", 1000, 1300)
    assert kinds(stage.done[1:]) == ["Pause", "Resume"]
    assert stage.now - 1300 <= 1000


def test_a_cough_resumes_even_when_the_recogniser_is_late() -> None:
    stage = talking()
    stage.at(1060, CalleeStarted(at_ms=1000))
    stage.at(1550, CalleeEnded(start_ms=1000, end_ms=1300))
    assert kinds(stage.until(2300)) == ["Resume"]


def test_long_speech_takes_the_floor_before_its_words_are_known() -> None:
    stage = talking()
    stage.at(1060, CalleeStarted(at_ms=1000))
    assert kinds(stage.until(3100)) == ["Pause", "Yield"]


def test_the_disclosure_is_said_to_the_end_and_still_listens() -> None:
    stage = talking(interruptible=False)
    assert stage.callee("别再给我打电话了", 1000, 2500) == []
    assert stage.at(4000, SpeechDone(speech_id="a", finished=True)) != [Play(speech_id="b")]
    (turn,) = [action for action in stage.done if isinstance(action, TakeTurn)]
    assert turn.text == "别再给我打电话了"


def test_a_greeting_over_the_disclosure_does_not_stop_the_opener() -> None:
    stage = talking(interruptible=False)
    stage.callee("喂，你好", 500, 1200)
    assert kinds(stage.at(4000, SpeechDone(speech_id="a", finished=True))) == ["Aside", "Play"]


@pytest.mark.parametrize(
    ("text", "after_ms"),
    [
        ("我在上班", 700),
        ("多少钱", 420),
        ("你们是骗子吗", 420),
        ("嗯那个", 1540),
        ("我想想", 1540),
        ("因为", 1540),
    ],
)
def test_the_words_decide_how_long_silence_ends_a_turn(text: str, after_ms: int) -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    stage.callee(text, 1000, 2000)
    stage.until(2000 + after_ms - 1)
    assert not any(isinstance(action, TakeTurn) for action in stage.done)
    stage.until(2000 + after_ms)
    assert any(isinstance(action, TakeTurn) for action in stage.done)


def test_a_turn_of_several_stretches_is_joined() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    stage.callee("我在你们那儿买的", 1000, 2000)
    stage.callee("后来坏了", 2450, 3000)
    stage.until(4000)
    assert [action.text for action in stage.done if isinstance(action, TakeTurn)] == [
        "我在你们那儿买的，后来坏了"
    ]


def test_going_on_before_the_answer_withdraws_it() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    stage.callee("我想问一下", 1000, 2000)
    stage.until(2750)
    stage.callee("你们地址在哪", 2800, 3500)
    stage.until(5000)
    turns = [action.text for action in stage.done if isinstance(action, TakeTurn)]
    assert turns == ["我想问一下", "我想问一下，你们地址在哪"]
    assert any(isinstance(action, Withdraw) for action in stage.done)


def test_silence_climbs_the_ladder_and_ends_the_call() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    for level in range(3):
        (prompt,) = stage.until(stage.now + 7000)
        assert prompt == Prompt(why="silence", level=level)
        stage.take(Say(speeches=()))
    assert kinds(stage.until(stage.now + 7000)) == ["HangUp"]


def test_the_call_ends_only_after_the_goodbye_was_heard() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=(Speech(id="bye", final=True),)))
    assert stage.until(5000) == []
    stage.at(5000, SpeechDone(speech_id="bye", finished=True))
    assert kinds(stage.until(5400)) == ["HangUp"]


def test_a_goodbye_that_is_never_confirmed_ends_at_its_cap() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=(Speech(id="bye", final=True),)))
    assert kinds(stage.until(30_000)) == ["HangUp"]


@pytest.mark.parametrize(("words", "ends"), [("好的谢谢再见", True), ("等一下我还有个问题", False)])
def test_only_real_words_undo_a_goodbye(words: str, ends: bool) -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=(Speech(id="bye", final=True),)))
    stage.callee(words, 1000, 2000)
    stage.at(3000, SpeechDone(speech_id="bye", finished=ends))
    seen = stage.until(4500)
    assert ("HangUp" in kinds(seen)) is ends


def test_on_hold_the_callee_hears_a_sign_of_life() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    stage.at(20, Hold(on=True))
    for level in range(4):
        (prompt,) = stage.until(stage.now + 8_500)
        assert prompt == Prompt(why="hold", level=level)
        stage.take(Say(speeches=()))


def test_with_a_human_the_floor_is_silent() -> None:
    stage = talking()
    assert kinds(stage.at(1000, HandedOver(to_human=True))) == ["Yield"]
    assert stage.callee("你好", 2000, 2500) == []
    assert stage.until(60_000) == []


def test_an_answer_that_never_comes_becomes_an_apology() -> None:
    stage = Stage()
    stage.at(0, Answered())
    assert stage.until(11_000) == [Prompt(why="stalled", level=0)]


def test_words_that_never_come_do_not_stop_the_call() -> None:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=()))
    stage.at(1060, CalleeStarted(at_ms=1000))
    stage.at(2250, CalleeEnded(start_ms=1000, end_ms=2000))
    turn, prompt = stage.until(15_000)
    assert isinstance(turn, TakeTurn)
    assert turn.text == ""
    assert prompt == Prompt(why="stalled", level=0), "and the caller is not left in silence meanwhile"


def test_words_that_came_with_the_hang_up_are_kept() -> None:
    stage = talking()
    stage.at(1060, CalleeStarted(at_ms=1000))
    stage.at(2000, CalleeEnded(start_ms=1000, end_ms=2000))
    stage.at(2001, LineGone())
    stage.take(Words(text="别再打了", start_ms=1000, end_ms=2000))
    assert [words.text for words in stage.floor.leftover] == ["别再打了"]


class Model:
    """What the line would do: checks every action against what is playing."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.playing: str | None = None
        self.paused = False
        self.stopped = False
        self.prepared = False
        self.ends = 0
        self.counter = 0

    def see(self, actions: list[FloorAction]) -> None:
        for action in actions:
            assert self.ends == 0, "nothing is decided after the end"
            match action:
                case Play():
                    assert self.playing is None, "never two speeches"
                    self.playing, self.paused, self.stopped = action.speech_id, False, False
                case Pause():
                    assert self.playing
                    assert not self.paused
                    self.paused = True
                case Resume():
                    assert self.playing
                    assert self.paused
                    self.paused = False
                case Yield():
                    assert self.playing
                    assert not self.stopped
                    self.stopped = True
                case HangUp():
                    self.ends += 1
                case TakeTurn():
                    assert self.playing is None, "a turn is taken in silence"
                    self.prepared = False
                case Prompt():
                    assert self.playing is None or self.stopped or self.stage.mute, "nobody is talked over"
                case Prepare():
                    assert not self.prepared
                    self.prepared = True
                case Discard():
                    assert self.prepared
                    self.prepared = False
                case Withdraw() | Aside() | Echo():
                    pass

    def finish(self) -> None:
        """The line plays out or confirms the cut of what plays."""
        if self.playing is not None and (self.stopped or not self.paused):
            done, self.playing = self.playing, None
            self.see(self.stage.take(SpeechDone(speech_id=done, finished=not self.stopped)))


WORDS = ["", "嗯", "等一下", "多少钱", "再见", "那个", "你好", OPENER[:9]]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(10, 9000)),
        st.tuples(st.just("sound"), st.integers(80, 3000)),
        st.tuples(
            st.just("words"),
            st.sampled_from(WORDS),
        ),
        st.tuples(st.just("key"), st.sampled_from("017")),
        st.tuples(st.just("mute"), st.booleans()),
        st.tuples(st.just("say"), st.sampled_from(["one", "two", "final", "firm", "none"])),
        st.tuples(st.just("done"), st.none()),
        st.tuples(st.just("hold"), st.booleans()),
        st.tuples(st.just("human"), st.booleans()),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, gone=st.booleans())
def test_under_any_events_one_speech_at_a_time_and_one_end(steps: list[tuple[str, Any]], gone: bool) -> None:
    model = Model()
    stage = model.stage
    open_sounds: list[tuple[int, int]] = []
    model.see(stage.at(0, Answered()))
    for kind, value in steps:
        match kind:
            case "wait":
                model.see(stage.until(stage.now + value))
            case "sound":
                start = stage.now
                model.see(stage.take(CalleeStarted(at_ms=start)))
                model.see(stage.until(start + value))
                open_sounds.append((start, stage.now))
                model.see(stage.take(CalleeEnded(start_ms=start, end_ms=stage.now)))
            case "words" if open_sounds:
                start, end = open_sounds.pop(0)
                model.see(stage.take(Words(text=value, start_ms=start, end_ms=end)))
            case "key":
                now = stage.now
                model.see(stage.take(Words(text=f"按键{value}", start_ms=now, end_ms=now, digit=value)))
            case "mute":
                stage.mute = value
            case "say":
                model.counter += 1
                speeches = {
                    "one": (Speech(id=f"{model.counter}", text=OPENER),),
                    "two": (Speech(id=f"{model.counter}a"), Speech(id=f"{model.counter}b", asks="yes_no")),
                    "final": (Speech(id=f"{model.counter}", final=True),),
                    "firm": (Speech(id=f"{model.counter}", interruptible=False),),
                    "none": (),
                }[value]
                model.see(stage.take(Say(speeches=speeches)))
            case "done":
                model.finish()
            case "hold":
                model.see(stage.take(Hold(on=value)))
            case "human":
                model.see(stage.take(HandedOver(to_human=value)))
    if gone:
        assert stage.take(LineGone()) == []
        assert stage.until(stage.now + 100_000) == []
        return
    # Left alone, every call ends once: nobody has the floor for ever.
    model.see(stage.take(HandedOver(to_human=False)))
    model.see(stage.take(Hold(on=False)))
    for start, end in open_sounds:
        model.see(stage.take(Words(text="", start_ms=start, end_ms=end)))
    for _ in range(200):
        model.see(stage.until(stage.now + 3000))
        model.finish()
        if model.ends:
            break
    assert model.ends == 1
