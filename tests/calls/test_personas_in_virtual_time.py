"""Every packaged callee, called over the real line, floor, reader, flow and guard, in virtual time."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from persona_calls import NOW, PersonaCall, TalkingDesk, answering, dossiers, hold, personas

from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.conversation.result import JournalKind
from callbot.outreach.outcomes import follow_ups
from handoff.desk import NotPlaced
from handoff.testing import FakeDesk

SEEDS = (7, 11, 23)
CHINA = ZoneInfo("Asia/Shanghai")
AGGRIEVED = ("complaint", "complaint-unsaid", "furious")


@cache
def called(name: str, seed: int) -> PersonaCall:
    return hold(name, seed=seed, desk=TalkingDesk(ring_s=3.0))


@cache
def called_without_agents(name: str, seed: int) -> PersonaCall:
    return hold(name, seed=seed, desk=FakeDesk([NotPlaced(offer_id="", result="no_agent")] * 3, ring_s=2.0))


every_call = pytest.mark.parametrize(("name", "seed"), [(name, seed) for name in answering() for seed in SEEDS])
every_grievance = pytest.mark.parametrize(
    ("name", "seed"), [(name, seed) for name in AGGRIEVED for seed in SEEDS]
)


@every_call
def test_the_record_says_what_the_callee_meant(name: str, seed: int) -> None:
    call = called(name, seed)
    meant, result = call.persona.true_intention, call.result
    settled = follow_ups(result.outcome, [note.kind for note in result.notes], result.follow_ups)
    assert (result.outcome, result.follow_ups[0], settled[0]) == (
        meant.outcome,
        meant.follow_up,
        meant.follow_up,
    ), call.script()
    talked = any(transfer.result == "connected" for transfer in result.transfers)
    assert talked is meant.transfer, call.script()
    if meant.callback is not None:
        assert result.callback_at is not None
        booked = result.callback_at.astimezone(CHINA)
        day = (NOW.astimezone(CHINA) + timedelta(days=meant.callback.days)).date()
        assert (booked.date(), booked.time()) == (day, meant.callback.time), call.script()


@every_call
def test_the_callee_hears_to_the_end_that_an_ai_calls_and_records(name: str, seed: int) -> None:
    call = called(name, seed)
    first = call.bot()[0]
    # A machine that answers is hung up on; nobody is there to be told.
    if call.result.outcome is Outcome.VOICEMAIL and first.interrupted:
        return
    assert first.act == "disclosure", call.script()
    assert (first.heard, first.interrupted) == (first.text, False), call.script()
    assert "AI" in first.heard
    assert "录音" in first.heard
    assert dossiers()[name].person.brand in first.heard


@every_call
def test_only_what_was_heard_counts_as_said(name: str, seed: int) -> None:
    call = called(name, seed)
    for turn in call.bot():
        assert turn.text.startswith(turn.heard), call.script()
        assert turn.interrupted or turn.heard == turn.text, call.script()
        assert turn.end_ms >= turn.start_ms
        # A voice of 220 ms a character: nobody heard more than the time allowed for.
        sounded = sum(character.isalnum() for character in turn.heard) * 220
        assert sounded <= turn.end_ms - turn.start_ms + 250, call.script()


@every_call
def test_nothing_the_callee_says_is_lost(name: str, seed: int) -> None:
    call = called(name, seed)
    written = [turn for turn in call.result.turns if turn.speaker == "callee"]
    for said in call.callee_turns:
        if said.who == "callee":
            assert any(
                turn.start_ms < said.end_ms and said.start_ms < turn.end_ms and turn.text for turn in written
            ), f"{said.text}\n{call.script()}"


@every_call
def test_what_must_not_be_forgotten_is_journalled_while_the_callee_is_there(name: str, seed: int) -> None:
    call = called(name, seed)
    kinds = {note.kind for note in call.journal.notes}
    if call.persona.true_intention.outcome is Outcome.DO_NOT_CALL:
        assert JournalKind.DO_NOT_CALL in kinds, call.script()
    if call.persona.true_intention.follow_up is FollowUpKind.COMPLAINT_PAUSE_30D:
        assert JournalKind.COMPLAINT in kinds, call.script()
    if call.persona.true_intention.callback is not None:
        assert JournalKind.CALLBACK in kinds, call.script()
    assert tuple(call.journal.notes) == call.result.notes
    names = call.log.names()
    last = max((index for index, event in enumerate(names) if event == "note"), default=-1)
    assert last < names.index("hung-up"), call.script()


@every_call
def test_the_call_ends_in_good_order(name: str, seed: int) -> None:
    call = called(name, seed)
    assert call.result.end_reason in {"normal", "goodbye", "flow", "no-human"}, call.script()
    assert "session-failed" not in call.log.names()
    assert [turn.start_ms for turn in call.result.turns] == sorted(turn.start_ms for turn in call.result.turns)
    assert call.result.duration_ms < 120_000, call.script()


@every_grievance
def test_without_an_agent_the_aggrieved_are_called_back(name: str, seed: int) -> None:
    call = called_without_agents(name, seed)
    result = call.result
    assert result.outcome is Outcome.CALLBACK, call.script()
    assert {FollowUpKind.SCHEDULE_CALLBACK, FollowUpKind.COMPLAINT_PAUSE_30D} <= set(result.follow_ups)
    assert result.callback_at is not None
    assert timedelta() < result.callback_at - NOW <= timedelta(hours=24), call.script()
    # What could not be kept is not promised again.
    assert [transfer.result for transfer in result.transfers] == ["no_agent"], call.script()
    kinds = {note.kind for note in call.journal.notes}
    assert {JournalKind.COMPLAINT, JournalKind.CALLBACK} <= kinds, call.script()
    heard = "".join(turn.heard for turn in call.bot())
    assert "专人给您回电话" in heard, call.script()
    assert "投诉" in next(note.words for note in result.notes if note.kind is JournalKind.COMPLAINT) or (
        name != "complaint"
    )


@every_grievance
def test_the_agent_reads_the_words_that_made_the_transfer_necessary(name: str, seed: int) -> None:
    call = called(name, seed)
    assert isinstance(call.desk, TalkingDesk)
    (offer,) = call.desk.offers
    said = {re.sub(r"\W", "", turn.text) for turn in call.callee_turns if turn.who == "callee"}
    assert re.sub(r"\W", "", offer.brief.own_words) in said, call.script()
    assert personas()[name].customer.name[0] in offer.brief.customer


@pytest.mark.parametrize("name", answering())
def test_what_an_opener_remembers_is_said_once(name: str) -> None:
    for fact in dossiers()[name].person.facts:
        assert not re.search(r"(..)过\1|到过.*(上课|试听)|加购.*加入", fact), fact
