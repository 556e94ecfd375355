"""Whole calls in virtual time: what the callee hears, what is remembered, and the one outcome."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from calls import NOW, OPENER, Call, call
from hypothesis import given, settings
from hypothesis import strategies as st

from asr_tts.testing_voice import FakeVoice
from callbot.conversation.guard import Sheet, Violation
from callbot.conversation.labels import Emotion, FollowUpKind, Intent, Outcome
from callbot.conversation.reading import Reading
from callbot.conversation.result import JournalKind
from callbot.testing import HANG_UP, FakeReader, FakeWriter, MemoryJournal, Utter
from handoff.desk import NotPlaced, Placed
from handoff.offer import WrapUp
from handoff.testing import FakeDesk

YES = Utter(text="方便")
READINGS: dict[str, Intent | Reading] = {
    "方便": Intent.AFFIRM,
    "质量吧": Intent.INTERESTED,
    "行给我吧": Intent.INTERESTED,
    "我考虑考虑": Intent.CONSIDERING,
    "不需要": Intent.REFUSE,
    "别再打了": Intent.DO_NOT_CALL,
    "你打错了": Intent.WRONG_PERSON,
    "你们东西坏了没人管": Intent.COMPLAINT,
    "转人工": Intent.REQUEST_HUMAN,
    "你是机器人吗": Intent.ASK_IS_ROBOT,
    "你们是哪家公司": Intent.ASK_IDENTITY,
    "等一下你们是哪家公司": Intent.ASK_IDENTITY,
    "多少钱": Intent.ASK_PRICE_OFFER,
    "在开会呢": Intent.BUSY_CALLBACK,
    "您拨打的用户暂时无法接听请在提示音后留言": Intent.ANNOUNCEMENT,
    "算了不用转了": Intent.DENY,
    "你说啥": Intent.CANNOT_HEAR_REPEAT,
    "谢谢再见": Intent.THANKS_BYE,
    "明天下午三点吧": Reading(
        text="明天下午三点吧",
        intent=Intent.BUSY_CALLBACK,
        confidence=0.9,
        slots={"callback_time": "明天下午三点"},
    ),
}


def hold(*script: Utter | str, **options: Any) -> Call:
    return call([Utter(text=item) if isinstance(item, str) else item for item in script], READINGS, **options)


def kinds(ended: Call) -> list[JournalKind]:
    return [note.kind for note in ended.result.notes]


def test_a_call_that_goes_well() -> None:
    ended = hold("方便", "质量吧", "行给我吧")
    assert ended.result.outcome is Outcome.INTERESTED
    assert ended.result.follow_ups[0] is FollowUpKind.ASSIGN_AGENT_24H
    assert ended.acts == ["disclosure", "opening", "needs", "solution", "close_interested"]
    assert "AI智能客服" in ended.bot[0]
    assert "录音" in ended.bot[0]
    assert ended.bot[1] == OPENER.text
    assert any("八折" in heard for heard in ended.bot)
    assert ended.result.concern == "质量"
    assert ended.result.end_reason == "goodbye"
    assert kinds(ended) == [JournalKind.PROMISE]
    assert ended.result.turns[-1].heard == ended.result.turns[-1].text, "the goodbye was heard"


def test_each_answer_says_where_its_time_went() -> None:
    ended = hold("方便", "质量吧", "行给我吧")
    latencies = [turn.latency for turn in ended.result.turns if turn.latency]
    assert len(latencies) == 3
    assert all(300 <= latency.turn_end <= 1600 and latency.reader == 0 for latency in latencies)


def test_a_slow_voice_leaves_no_gap_between_two_speeches_of_one_answer() -> None:
    ended = hold("方便", voice=FakeVoice(delay_s=1.0))
    spans = sorted(ended.line.sounding)
    opener, question = (next(span for span in spans if span[2] == name) for name in ("s2", "s3"))
    assert question[0] - [span for span in spans if span[2] == opener[2]][-1][1] < 300


def test_a_slow_recogniser_is_counted_as_such() -> None:
    ended = hold("方便", recogniser_delay_s=2.0)
    (latency, *_) = [turn.latency for turn in ended.result.turns if turn.latency]
    assert latency.recogniser >= 1000
    assert latency.turn_end <= 700


@pytest.mark.parametrize("after_ms", [300, 1500, 2500])
def test_cutting_in_silences_the_bot_and_only_the_heard_is_written_down(after_ms: int) -> None:
    ended = hold(
        Utter(text="你好", when="silence"),
        Utter(text="等一下你们是哪家公司", when="speech", after_ms=after_ms),
    )
    cut = [turn for turn in ended.result.turns if turn.speaker == "bot" and turn.interrupted]
    assert cut
    assert all(turn.text.startswith(turn.heard) and turn.heard != turn.text for turn in cut)
    began = next(turn.start_ms for turn in ended.result.turns if turn.text == "等一下你们是哪家公司")
    silent = max(end for start, end, _ in ended.line.sounding if start <= began)
    assert silent - began <= 350
    assert "ask_identity" in ended.acts


def test_a_back_channel_does_not_stop_the_bot() -> None:
    ended = hold(Utter(text="嗯", when="speech", after_ms=5500), "方便", "质量吧", "行给我吧")
    assert ended.result.outcome is Outcome.INTERESTED
    assert [turn.text for turn in ended.result.turns if turn.act == "aside"] == ["嗯"]
    assert not [turn for turn in ended.result.turns if turn.interrupted]


def test_a_cough_pauses_and_the_bot_goes_on_within_a_second() -> None:
    ended = hold(Utter(text="", when="speech", after_ms=5500, duration_ms=500), "方便", "不需要", "不需要")
    assert ended.line.pauses == 1
    assert ended.at("resume") - ended.at("pause") <= 1000 + 500
    assert not [turn for turn in ended.result.turns if turn.interrupted]


def test_the_disclosure_is_heard_whatever_the_callee_says_meanwhile() -> None:
    ended = hold(Utter(text="别再打了", when="speech", after_ms=500))
    assert ended.bot[0] == "您好，我是悦选商城的AI智能客服，通话会录音。"
    assert ended.result.outcome is Outcome.DO_NOT_CALL
    assert OPENER.text not in ended.bot


def test_silence_repeats_asks_and_ends() -> None:
    ended = hold()
    assert ended.acts == ["disclosure", "opening", "silence", "silence_end"]
    assert ended.result.outcome is Outcome.NO_ANSWER
    assert ended.result.end_reason == "goodbye"


def test_do_not_call_is_journalled_before_the_bot_answers() -> None:
    ended = hold("别再打了")
    assert ended.result.outcome is Outcome.DO_NOT_CALL
    assert ended.result.follow_ups[0] is FollowUpKind.BLACKLIST
    names = ended.log.names()
    assert names.index("note") < len(names) - 1 - names[::-1].index("play")
    (note,) = ended.journal.notes
    assert note.kind is JournalKind.DO_NOT_CALL
    assert note.words == "别再打了"
    assert note.data["scope"] == "all"


def test_do_not_call_said_while_hanging_up_is_not_lost() -> None:
    ended = hold("别再打了", Utter(text=HANG_UP, when="own", after_ms=1))
    assert ended.result.ended_by == "callee"
    assert ended.result.outcome is Outcome.DO_NOT_CALL
    assert kinds(ended) == [JournalKind.DO_NOT_CALL]


def test_a_wrong_person_gets_an_apology_and_nothing_else() -> None:
    ended = hold("你打错了")
    assert ended.result.outcome is Outcome.WRONG_NUMBER
    assert "不好意思" in ended.bot[-1]
    assert not any("八折" in heard for heard in ended.bot)


def test_a_machine_is_left_without_a_message() -> None:
    ended = hold("您拨打的用户暂时无法接听请在提示音后留言")
    assert ended.result.outcome is Outcome.VOICEMAIL
    assert ended.acts == ["disclosure", "opening"]


def test_asked_the_bot_says_it_is_one_and_comes_back_to_its_question() -> None:
    ended = hold("你是机器人吗", "方便")
    answer = next(turn for turn in ended.result.turns if turn.act == "ask_is_robot")
    assert "AI" in answer.heard or "人工智能" in answer.heard
    assert "现在方便说两句吗？" in ended.bot
    assert "needs" in ended.acts


def test_what_was_not_understood_is_repeated_word_by_word() -> None:
    ended = hold("方便", "你说啥")
    asked = "您现在买东西，是更看重价格，还是更看重质量和售后呢？"
    assert ended.bot.count(asked) == 2


def test_a_named_time_is_booked_and_read_back() -> None:
    ended = hold("在开会呢", "明天下午三点吧")
    assert ended.result.outcome is Outcome.CALLBACK
    assert ended.result.callback_spoken == "明天下午三点"
    assert ended.result.callback_at is not None
    assert ended.result.callback_at.isoformat() == "2026-11-19T07:00:00+00:00"
    assert "明天下午三点" in ended.bot[-1]
    assert JournalKind.CALLBACK in kinds(ended)


def test_busy_and_gone_is_still_called_back_within_a_day() -> None:
    ended = hold("在开会呢", Utter(text=HANG_UP, when="speech", after_ms=300))
    assert ended.result.outcome is Outcome.CALLBACK
    assert ended.result.callback_at is not None
    assert 0 < (ended.result.callback_at - NOW).total_seconds() <= 24 * 3600


def test_a_complaint_reaches_a_human() -> None:
    desk = FakeDesk(ring_s=3.0, frames=400, form=WrapUp(outcome="solved", note="已补发"))
    ended = hold("方便", "你们东西坏了没人管", desk=desk)
    assert ended.result.outcome is Outcome.TRANSFERRED
    assert ended.result.follow_ups == (FollowUpKind.COMPLAINT_PAUSE_30D,)
    (transfer,) = ended.result.transfers
    assert transfer.result == "connected"
    assert transfer.agent_id == "a1"
    assert transfer.wrap_up["note"] == "已补发"
    assert kinds(ended) == [JournalKind.COMPLAINT]
    (offer,) = desk.offers
    assert offer.skill == "complaint"
    assert offer.brief.own_words == "你们东西坏了没人管"
    assert offer.brief.may_offer == ()
    assert "转接人工" in next(turn.heard for turn in ended.result.turns if turn.act == "transfer")
    bridged, unbridged = ended.at("bridged"), ended.at("unbridged")
    assert not [span for span in ended.line.sounding if bridged < span[1] < unbridged], "the bot is silent"


def test_waiting_for_a_human_is_never_silent() -> None:
    ended = hold("转人工", desk=FakeDesk(ring_s=30.0, frames=50))
    spans = sorted(span for span in ended.line.sounding if span[0] >= ended.at("transfer-offered"))
    quiet = [later[0] - earlier[1] for earlier, later in itertools.pairwise(spans)]
    assert max(quiet[:3]) <= 8_500
    assert sum(turn.act == "hold" for turn in ended.result.turns) >= 2


@pytest.mark.parametrize("result", ["declined", "no_answer", "no_agent", "bridge_failed"])
def test_without_a_human_the_bot_comes_back_and_books_a_call_back(result: Any) -> None:
    desk = FakeDesk([NotPlaced(offer_id="", result=result)], ring_s=3.0)
    ended = hold("你们东西坏了没人管", "明天下午三点吧", desk=desk)
    assert ended.result.transfers[0].result == result
    assert ended.result.outcome is Outcome.CALLBACK
    assert FollowUpKind.COMPLAINT_PAUSE_30D in ended.result.follow_ups
    assert "抱歉" in next(turn.heard for turn in ended.result.turns if turn.act == "transfer_failed")
    promised = [note.data["what"] for note in ended.journal.notes if note.kind is JournalKind.PROMISE]
    assert kinds(ended) == [
        JournalKind.COMPLAINT,
        JournalKind.PROMISE,
        JournalKind.CALLBACK,
        JournalKind.PROMISE,
    ]
    assert promised == ["agent_contact", "callback"]
    assert ended.result.callback_spoken == "明天下午三点"


class BrokenDesk(FakeDesk):
    async def place(self, offer: Any, telephone: Any = None) -> Placed | NotPlaced:
        raise ConnectionError("no desk")


def test_a_desk_that_breaks_counts_as_nobody_there() -> None:
    ended = hold("转人工", desk=BrokenDesk())
    assert ended.result.transfers[0].result == "bridge_failed"
    assert ended.result.outcome is Outcome.CALLBACK
    assert ended.result.callback_at is not None


def test_the_callee_hanging_up_while_waiting_withdraws_the_offer() -> None:
    desk = FakeDesk(ring_s=60.0)
    ended = hold("转人工", Utter(text=HANG_UP, when="silence", after_ms=2000), desk=desk)
    assert desk.abandoned == [desk.offers[0].id]
    assert ended.result.transfers[0].result == "callee_left"
    assert ended.result.outcome is Outcome.CALLBACK


def test_the_callee_may_change_their_mind_while_waiting() -> None:
    desk = FakeDesk(ring_s=60.0)
    ended = hold("转人工", "算了不用转了", desk=desk)
    assert desk.abandoned
    assert "transfer_cancelled" in ended.acts


@pytest.mark.parametrize("ring_s", [9.5, 10.0, 10.5, 11.0, 11.5])
@pytest.mark.parametrize("placed", [True, False])
def test_do_not_call_said_while_the_desk_answers_is_not_lost(ring_s: float, placed: bool) -> None:
    answers = [] if placed else [NotPlaced(offer_id="", result="no_agent")]
    ended = hold("转人工", "别再打了", desk=FakeDesk(answers, ring_s=ring_s, frames=100))
    assert ended.result.outcome is Outcome.DO_NOT_CALL
    assert JournalKind.DO_NOT_CALL in kinds(ended)


class CountedDesk(FakeDesk):
    """Knows which agents were left with a customer who never came, and a form nobody asks for."""

    def __init__(self) -> None:
        super().__init__(ring_s=1.0)
        self.held: set[str] = set()

    async def place(self, offer: Any, telephone: Any = None) -> Placed | NotPlaced:
        placed = await super().place(offer)
        if isinstance(placed, Placed):
            self.held.add(offer.id)
        return placed

    async def wrap_up(self, placed: Placed, timeout_s: float) -> WrapUp:
        form = await super().wrap_up(placed, timeout_s)
        self.held.discard(placed.offer_id)
        return form


@pytest.mark.parametrize("after_ms", range(0, 4000, 250))
@pytest.mark.parametrize("words", ["算了不用转了", "别再打了", HANG_UP])
def test_an_agent_who_accepted_is_free_again_when_the_callee_wants_nobody(words: str, after_ms: int) -> None:
    desk = CountedDesk()
    hold("转人工", Utter(text=words, when="speech", after_ms=after_ms), desk=desk, end=(60.0, "normal"))
    assert desk.held == set()


def test_hanging_up_on_the_human_is_a_transfer_that_took_place() -> None:
    ended = hold("转人工", desk=FakeDesk(ring_s=1.0), end=(40.0, "normal"))
    assert ended.result.outcome is Outcome.TRANSFERRED
    assert ended.result.transfers[0].result == "connected"


@pytest.mark.parametrize("seconds", [0.0, 0.5, 3.0, 8.0, 14.5, 20.0])
def test_a_line_cut_at_any_point_leaves_one_outcome(seconds: float) -> None:
    ended = hold("方便", "质量吧", "行给我吧", end=(seconds, "socket-lost"))
    assert ended.result.outcome in (Outcome.INTERRUPTED, Outcome.INTERESTED)
    assert ended.result.ended_by == "carrier"
    assert ended.result.end_reason == "socket-lost"


def test_a_recogniser_that_fails_leads_to_an_apology_and_the_call_goes_on() -> None:
    ended = hold("方便", "方便", "质量吧", "行给我吧", failing=(1,))
    assert "clarify" in ended.acts
    assert ended.result.outcome is Outcome.INTERESTED


def test_a_recogniser_that_always_fails_ends_politely() -> None:
    ended = hold("方便", "方便", "方便", "方便", failing=range(1, 20))
    assert ended.acts[-1] == "unclear_end"
    assert ended.result.end_reason == "goodbye"


def test_a_reader_that_fails_ends_politely() -> None:
    ended = hold("方便", "方便", "方便", "方便", reader=FakeReader({}, failing=True))
    assert ended.acts[-1] == "unclear_end"


def test_a_slow_reader_is_covered_by_a_filler() -> None:
    ended = hold("方便", reader=FakeReader(READINGS, delay_s=2.8))
    assert "filler" in ended.acts
    assert "needs" in ended.acts


def test_another_voice_takes_over_when_the_first_fails() -> None:
    ended = hold("方便", "质量吧", "行给我吧", voice=FakeVoice(failures=1000), fallback=FakeVoice(tone_hz=220))
    assert ended.result.outcome is Outcome.INTERESTED


def test_without_any_voice_the_call_ends_at_once_instead_of_in_silence() -> None:
    ended = hold("方便", voice=FakeVoice(failures=1000))
    assert ended.result.end_reason == "voice-failed"
    assert ended.result.outcome is Outcome.INTERRUPTED
    assert ended.result.duration_ms < 5000


def test_a_journal_that_fails_does_not_stop_the_call_or_lose_the_note() -> None:
    ended = hold("别再打了", journal=MemoryJournal(failing=True))
    assert ended.result.outcome is Outcome.DO_NOT_CALL
    assert kinds(ended) == [JournalKind.DO_NOT_CALL]
    assert "journal-failed" in ended.log.names()


def test_what_the_guard_refuses_is_replaced_by_the_plain_line() -> None:
    def refuse(text: str, sheet: Sheet) -> tuple[Violation, ...]:
        return (Violation(span="八折", why="not on the sheet"),) if "八折" in text else ()

    ended = hold("方便", "质量吧", "行给我吧", check=refuse)
    assert not any("八折" in heard for heard in ended.bot)
    assert "guard-blocked" in ended.log.names()
    assert any("专属顾问给您介绍" in heard for heard in ended.bot)


def test_sympathy_comes_from_the_writer_and_passes_the_guard_too() -> None:
    upset = Reading(
        text="烦死了",
        intent=Intent.AFFIRM,
        confidence=0.9,
        emotion=Emotion.ANGRY,
        emotion_confidence=0.9,
    )
    kind = call([Utter(text="烦死了")], {"烦死了": upset}, writer=FakeWriter("我明白，打扰您了。"))
    assert "我明白，打扰您了。" in kind.bot
    false = call([Utter(text="烦死了")], {"烦死了": upset}, writer=FakeWriter("给您打三折。"))
    assert "给您打三折。" not in false.bot


def test_cancelling_hangs_up() -> None:
    from calls import plan
    from virtual_time import run_virtual

    from callbot.conversation.session import Session
    from callbot.testing import FixedClock, MemoryLog, ScriptedLine, ScriptRecognizer

    async def held() -> ScriptedLine:
        line = ScriptedLine([])
        session = Session(
            plan(),
            line=line,
            recognizer=ScriptRecognizer(line),
            reader=FakeReader({}),
            writer=FakeWriter(),
            voice=FakeVoice(),
            desk=FakeDesk(),
            journal=MemoryJournal(),
            log=MemoryLog(),
            clock=FixedClock(NOW),
        )
        task = asyncio.create_task(session.run())
        await asyncio.sleep(3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return line

    assert run_virtual(held()).hung_up_at == 3000


UTTERS = st.lists(
    st.builds(
        Utter,
        text=st.sampled_from([*READINGS, "", "嗯", "那个", "听不懂的话", HANG_UP]),
        after_ms=st.integers(0, 6000),
        when=st.sampled_from(["silence", "speech", "own"]),
        duration_ms=st.sampled_from([0, 120, 900, 4000]),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(
    script=UTTERS,
    ring_s=st.sampled_from([0.0, 5.0, 40.0]),
    placed=st.booleans(),
    failing=st.sets(st.integers(1, 6), max_size=2),
)
def test_any_callee_leaves_one_outcome_and_only_heard_words(
    script: list[Utter], ring_s: float, placed: bool, failing: set[int]
) -> None:
    answers = [] if placed else [NotPlaced(offer_id="", result="no_agent")] * 9
    ended = hold(*script, desk=FakeDesk(answers, ring_s=ring_s, frames=100), failing=tuple(failing))
    assert isinstance(ended.result.outcome, Outcome)
    assert "session-failed" not in ended.log.names()
    assert "answer-failed" not in ended.log.names()
    for turn in ended.result.turns:
        assert turn.text.startswith(turn.heard)
    spans = sorted(ended.line.sounding)
    assert all(earlier[1] <= later[0] + 1 for earlier, later in itertools.pairwise(spans))
    said = [turn.text for turn in ended.result.turns if turn.speaker == "callee"]
    if "别再打了" in said:
        assert ended.result.outcome is Outcome.DO_NOT_CALL
        assert JournalKind.DO_NOT_CALL in kinds(ended)
    if "你们东西坏了没人管" in said:
        assert JournalKind.COMPLAINT in kinds(ended)
