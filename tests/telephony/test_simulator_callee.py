"""What a simulated callee does on hearing the other side, frame by frame, without any clock or socket."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from asr_tts.audio import Audio, Pcm
from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.telephony.simulator.callee import FRAME_SAMPLES, Callee, CalleeTurn
from callbot.telephony.simulator.listening import LOUD_DBOV, Heard, Listener, loudness_dbov
from callbot.telephony.simulator.persona import (
    AfterTurn,
    AtAnswer,
    BargeIn,
    LineBehaviour,
    LineTraits,
    Manner,
    Otherwise,
    PastConsent,
    Persona,
    PersonaCustomer,
    Phrasing,
    Reply,
    Then,
    TrueIntention,
    When,
)

QUIET: Pcm = np.zeros(FRAME_SAMPLES, dtype=np.int16)
TALK: Pcm = (np.sin(np.arange(FRAME_SAMPLES) * 0.4) * 6_000).astype(np.int16)


def reply(
    name: str, when: When, *texts: str, ms: int = 600, then: Then = Then.LISTEN, amplitude: int = 8_000
) -> Reply:
    wave: Pcm = (np.sin(np.arange(ms * 8) * 0.3) * amplitude).astype(np.int16)
    say = tuple(
        Phrasing(text=text, wav=f"{name}-{nth}.wav", audio=Audio(wave, 8_000))
        for nth, text in enumerate(texts or (name,), 1)
    )
    return Reply(name=name, when=when, say=say, then=then)


def persona(
    *replies: Reply, thinks: tuple[int, int] = (300, 300), turns: int = 14, silence_s: float = 30.0
) -> Persona:
    consent = PastConsent(
        purpose="marketing", granted=True, days_ago=1, text_version="1", channel="app", evidence="e"
    )
    return Persona(
        name="somebody",
        about="a callee of the tests",
        folder=Path("somebody"),
        customer=PersonaCustomer(
            name="测试", phone="+8610000000001", industry="ecommerce", brand="悦选商城", consents=(consent,)
        ),
        line=LineTraits(behaviour=LineBehaviour.ANSWERS),
        true_intention=TrueIntention(outcome=Outcome.INTERESTED, follow_up=FollowUpKind.ASSIGN_AGENT_24H),
        manner=Manner(thinks_ms=thinks, max_bot_turns=turns, max_silence_s=silence_s),
        replies=replies,
    )


class Talk:
    """Drives one callee: `hear` sound or silence for so many ms."""

    def __init__(self, who: Persona, *, seed: int = 1, call: int = 1) -> None:
        self.callee = Callee(who, seed=seed, call=call)
        self.said: list[Pcm] = []

    def hear(self, frame: Pcm, ms: int) -> Talk:
        for _ in range(ms // 20):
            if self.callee.hung_up:
                break
            self.said.append(self.callee.tick(frame))
        return self

    def turn(self, ms: int = 1_000, then_silence: int = 3_000) -> Talk:
        return self.hear(TALK, ms).hear(QUIET, then_silence)

    @property
    def own(self) -> list[CalleeTurn]:
        return [turn for turn in self.callee.turns if turn.who == "callee"]

    @property
    def names(self) -> list[str]:
        return [turn.reply for turn in self.own]


def test_says_nothing_until_700_ms_of_silence_and_its_thinking_have_passed() -> None:
    talk = Talk(persona(reply("yes", Otherwise()))).turn(1_000)
    (said,) = talk.own
    assert said.start_ms == 1_000 + 700 + 300
    assert said.end_ms == said.start_ms + 600


def test_a_pause_inside_the_other_side_s_turn_is_not_its_end() -> None:
    talk = Talk(persona(reply("yes", Otherwise()))).hear(TALK, 600).hear(QUIET, 600).turn(600)
    assert [turn.start_ms for turn in talk.own] == [600 + 600 + 600 + 700 + 300]
    assert [(turn.turn, turn.end_ms) for turn in talk.callee.turns if turn.who == "other"] == [(1, 1_800)]


def test_going_on_while_the_callee_thinks_keeps_the_turn_and_its_answer() -> None:
    first = reply("first", AfterTurn(turn=1))
    talk = Talk(persona(first, reply("later", Otherwise()), thinks=(800, 800)))
    talk.hear(TALK, 600).hear(QUIET, 1_000).turn(600)
    assert talk.names == ["first"]
    assert talk.own[0].start_ms > 2_200


def test_clicks_and_comfort_noise_are_no_turn() -> None:
    hiss: Pcm = np.full(FRAME_SAMPLES, 80, dtype=np.int16)
    assert loudness_dbov(hiss) < LOUD_DBOV
    talk = Talk(persona(reply("yes", Otherwise()))).hear(TALK, 80).hear(hiss, 4_000)
    assert talk.names == []


def test_replies_by_turn_by_what_was_said_before_and_otherwise() -> None:
    who = persona(
        reply("hello", AfterTurn(turn=1)),
        reply("complaint", AfterTurn(turn=2)),
        reply("human", AfterTurn(after="complaint")),
        reply("fallback", Otherwise()),
    )
    talk = Talk(who)
    for _ in range(5):
        talk.turn()
    assert talk.names == ["hello", "complaint", "human", "fallback", "fallback"]


def test_both_conditions_must_hold() -> None:
    who = persona(
        reply("late", AfterTurn(turn=3, after="hello")),
        reply("hello", AfterTurn(turn=2)),
        reply("hm", Otherwise()),
    )
    talk = Talk(who).turn().turn().turn()
    assert talk.names == ["hm", "hello", "late"]


def test_a_callee_without_replies_stays_silent_and_on_the_line() -> None:
    talk = Talk(persona(silence_s=60)).turn().turn()
    assert talk.names == []
    assert not talk.callee.hung_up


def test_barge_in_comes_into_the_speech_and_the_cut_turn_needs_no_answer() -> None:
    who = persona(reply("stop", BargeIn(turn=1, after_ms=1_000)), reply("fallback", Otherwise()))
    talk = Talk(who).hear(TALK, 1_300).hear(QUIET, 4_000)
    (said,) = talk.own
    assert (said.reply, said.over_speech) == ("stop", True)
    assert 1_000 <= said.start_ms <= 1_040
    talk.turn()
    assert talk.names == ["stop", "fallback"]
    assert talk.own[-1].turn == 2


def test_talking_on_over_a_barge_in_gets_an_answer_afterwards() -> None:
    who = persona(reply("stop", BargeIn(turn=1, after_ms=1_000)), reply("fallback", Otherwise()))
    talk = Talk(who).turn(4_000)
    assert talk.names == ["stop", "fallback"]
    assert [turn.turn for turn in talk.own] == [1, 1]


def test_a_short_turn_is_over_before_the_barge_in() -> None:
    who = persona(reply("stop", BargeIn(turn=1, after_ms=1_000)), reply("fallback", Otherwise()))
    assert Talk(who).turn(600).names == ["fallback"]


def test_voicemail_speaks_at_once_also_over_the_other_side_and_beeps() -> None:
    announcement = reply("announcement", AtAnswer(), ms=2_000, then=Then.BEEP)
    talk = Talk(persona(announcement, thinks=(200, 200))).hear(TALK, 4_000)
    (said,) = talk.own
    assert said.start_ms <= 240
    assert said.end_ms - said.start_ms == 2_000 + 250 + 400 + 10
    tone = np.concatenate(talk.said)[(said.end_ms - 300) * 8 : (said.end_ms - 100) * 8].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(tone))
    assert np.argmax(spectrum) * 8_000 / len(tone) == pytest.approx(1_000, abs=10)


@pytest.mark.parametrize("then", [Then.HANG_UP, Then.HANG_UP_AFTER_BOT])
def test_hangs_up_as_its_script_says(then: Then) -> None:
    talk = Talk(persona(reply("bye", Otherwise(), then=then))).turn(then_silence=2_000)
    assert talk.callee.hung_up == (then is Then.HANG_UP)
    talk.turn()
    assert talk.callee.hung_up


def test_does_not_wait_for_a_goodbye_for_ever() -> None:
    talk = Talk(persona(reply("bye", Otherwise(), then=Then.HANG_UP_AFTER_BOT))).turn(then_silence=20_000)
    assert talk.callee.hung_up
    assert talk.callee.now_ms == talk.own[0].end_ms + 6_000


def test_loses_patience_with_silence_and_with_endless_turns() -> None:
    silent = Talk(persona(silence_s=5)).hear(QUIET, 20_000)
    assert (silent.callee.hung_up, silent.callee.now_ms) == (True, 5_000)
    talk = Talk(persona(reply("hm", Otherwise()), turns=3))
    for _ in range(6):
        talk.turn()
    assert talk.callee.hung_up
    assert talk.names == ["hm", "hm"]


def everything(talk: Talk) -> tuple[bytes, Sequence[CalleeTurn]]:
    talk.turn(700).turn(900)
    return np.concatenate(talk.said).tobytes(), talk.callee.turns


def test_one_seed_gives_one_call_and_other_seeds_and_calls_differ() -> None:
    who = persona(reply("hm", Otherwise(), "一", "二", "三", "四", "五"), thinks=(0, 1_000))
    assert everything(Talk(who, seed=7)) == everything(Talk(who, seed=7))
    texts = {tuple(turn.text for turn in everything(Talk(who, seed=seed))[1]) for seed in range(12)}
    assert len(texts) > 3
    assert everything(Talk(who, seed=7, call=1))[0] != everything(Talk(who, seed=7, call=2))[0]


def test_phrasings_do_not_depend_on_how_long_the_other_side_talks() -> None:
    who = persona(reply("hm", Otherwise(), "一", "二", "三", "四"))
    short, long = Talk(who).turn(500).turn(500), Talk(who).turn(2_500).turn(900)
    assert [turn.text for turn in short.own] == [turn.text for turn in long.own]


def test_the_line_has_noise_of_its_level_under_everything() -> None:
    talk = Talk(persona()).hear(QUIET, 4_000)
    assert loudness_dbov(np.concatenate(talk.said)) == pytest.approx(-50, abs=0.5)


def test_the_listener_numbers_turns_and_knows_where_they_began() -> None:
    listener, events = Listener(), []
    for frame, ms in ((QUIET, 400), (TALK, 600), (QUIET, 800), (TALK, 400), (QUIET, 800)):
        for _ in range(ms // 20):
            event = listener.hear(frame)
            if event is not None:
                events.append((event, listener.turn, listener.began_ms, listener.now_ms))
    assert events == [
        (Heard.TURN_BEGAN, 1, 400, 600),
        (Heard.TURN_ENDED, 1, 400, 1_700),
        (Heard.TURN_BEGAN, 2, 1_800, 2_000),
        (Heard.TURN_ENDED, 2, 1_800, 2_900),
    ]
