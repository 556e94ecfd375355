"""One outcome for every call, safety before sales, the last stable stance after that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.conversation.judging import SpokenTurn, judge_outcome, read_turns
from callbot.conversation.labels import FollowUpKind, Intent, Outcome, TransferReason
from callbot.conversation.outcome import Decision, Handover, LineEnd, Stance, announced, decide
from callbot.conversation.understand import LocalReader


def said(*turns: Intent | tuple[Intent, ...] | tuple[Intent, str], **slots: str) -> list[Stance]:
    """Stances in order; `slots` belong to the last turn."""
    stances = []
    for index, turn in enumerate(turns):
        asks, intents = "", turn if isinstance(turn, tuple) else (turn,)
        if isinstance(intents[-1], str) and not isinstance(intents[-1], Intent):
            intents, asks = intents[:-1], intents[-1]
        stances.append(
            Stance(
                turn=index,
                words=f"第{index}句",
                intents=tuple(Intent(intent) for intent in intents),
                asks=asks,
                slots=slots if index == len(turns) - 1 else {},
            )
        )
    return stances


@pytest.mark.parametrize(
    ("turns", "outcome", "leading"),
    [
        ([Intent.INTERESTED], Outcome.INTERESTED, FollowUpKind.ASSIGN_AGENT_24H),
        ([Intent.CONSIDERING], Outcome.CONSIDERING, FollowUpKind.PUSH_OFFER_3D),
        ([Intent.REFUSE], Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D),
        ([Intent.ALREADY_BOUGHT_ELSEWHERE], Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D),
        ([Intent.NO_LONGER_NEEDED], Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D),
        (
            [Intent.REFUSE, Intent.ASK_PRICE_OFFER, Intent.INTERESTED],
            Outcome.INTERESTED,
            FollowUpKind.ASSIGN_AGENT_24H,
        ),
        (
            [Intent.INTERESTED, Intent.CONSIDERING, Intent.THANKS_BYE],
            Outcome.CONSIDERING,
            FollowUpKind.PUSH_OFFER_3D,
        ),
        ([Intent.INTERESTED, Intent.REFUSE], Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D),
        ([(Intent.AFFIRM, "offer")], Outcome.INTERESTED, FollowUpKind.ASSIGN_AGENT_24H),
        ([(Intent.DENY, "offer")], Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D),
        (
            [Intent.INTERESTED, (Intent.DENY, "anything_else")],
            Outcome.INTERESTED,
            FollowUpKind.ASSIGN_AGENT_24H,
        ),
        ([Intent.WRONG_PERSON], Outcome.WRONG_NUMBER, FollowUpKind.MARK_NUMBER_INVALID),
        (
            [Intent.WRONG_PERSON, (Intent.AFFIRM, "identity"), Intent.INTERESTED],
            Outcome.INTERESTED,
            FollowUpKind.ASSIGN_AGENT_24H,
        ),
        ([Intent.BUSY_CALLBACK], Outcome.CALLBACK, FollowUpKind.SCHEDULE_CALLBACK),
        ([Intent.BUSY_CALLBACK, Intent.INTERESTED], Outcome.INTERESTED, FollowUpKind.ASSIGN_AGENT_24H),
        ([Intent.BUSY_CALLBACK, Intent.REFUSE], Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D),
        ([Intent.INTERESTED, Intent.BUSY_CALLBACK], Outcome.CALLBACK, FollowUpKind.SCHEDULE_CALLBACK),
        ([Intent.INTERESTED, Intent.DO_NOT_CALL], Outcome.DO_NOT_CALL, FollowUpKind.BLACKLIST),
        ([Intent.DO_NOT_CALL, Intent.INTERESTED], Outcome.DO_NOT_CALL, FollowUpKind.BLACKLIST),
        ([(Intent.WRONG_PERSON, Intent.DO_NOT_CALL)], Outcome.DO_NOT_CALL, FollowUpKind.BLACKLIST),
        ([Intent.ASK_PRICE_OFFER, Intent.THANKS_BYE], Outcome.CONSIDERING, FollowUpKind.PUSH_OFFER_3D),
        ([Intent.GREETING_ACK, Intent.THANKS_BYE], Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D),
        ([Intent.ABUSIVE], Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D),
        ([Intent.SILENCE_FILLER_UNCLEAR], Outcome.NO_ANSWER, FollowUpKind.RETRY_LATER),
        ([Intent.ANNOUNCEMENT], Outcome.VOICEMAIL, FollowUpKind.RETRY_LATER),
        ([Intent.ANNOUNCEMENT, Intent.INTERESTED], Outcome.INTERESTED, FollowUpKind.ASSIGN_AGENT_24H),
    ],
)
def test_table(turns: list[Intent], outcome: Outcome, leading: FollowUpKind) -> None:
    decision = decide(said(*turns))
    assert (decision.outcome, decision.follow_ups[0]) == (outcome, leading)


def test_a_named_time_outlives_a_passing_yes_but_not_a_no() -> None:
    booked = said(Intent.BUSY_CALLBACK, callback_time="明天下午三点")
    later = [Stance(turn=1, words="好的", intents=(Intent.INTERESTED,))]
    assert decide(booked + later).callback_spoken == "明天下午三点"
    assert decide(booked + later).outcome is Outcome.CALLBACK
    no = [Stance(turn=1, words="算了不用了", intents=(Intent.REFUSE,))]
    assert decide(booked + no).outcome is Outcome.REFUSED


def test_a_relative_with_a_time_leaves_a_callback() -> None:
    relative = [
        Stance(
            turn=0,
            words="我是他老婆，你晚上八点再打",
            intents=(Intent.WRONG_PERSON, Intent.BUSY_CALLBACK),
            slots={"relation": "老婆", "callback_time": "晚上八点"},
        )
    ]
    assert decide(relative).outcome is Outcome.CALLBACK


def complaint(connected: bool) -> Handover:
    return Handover(turn=0, reason=TransferReason.COMPLAINT, connected=connected)


def test_a_complaint_that_reached_a_human_is_paused() -> None:
    decision = decide(said(Intent.COMPLAINT), handovers=[complaint(True)])
    assert decision.outcome is Outcome.TRANSFERRED
    assert decision.follow_ups == (FollowUpKind.COMPLAINT_PAUSE_30D,)


def test_a_complaint_without_an_agent_is_owed_a_callback_and_paused() -> None:
    decision = decide(said(Intent.COMPLAINT), handovers=[complaint(False)])
    assert decision.outcome is Outcome.CALLBACK
    assert decision.follow_ups == (FollowUpKind.SCHEDULE_CALLBACK, FollowUpKind.COMPLAINT_PAUSE_30D)


def test_a_complaint_with_do_not_call_is_blacklisted_and_paused() -> None:
    decision = decide(said((Intent.COMPLAINT, Intent.DO_NOT_CALL)), handovers=[complaint(True)])
    assert decision.outcome is Outcome.DO_NOT_CALL
    assert decision.follow_ups == (FollowUpKind.BLACKLIST, FollowUpKind.COMPLAINT_PAUSE_30D)


@pytest.mark.parametrize(
    ("why", "leading"),
    [
        (TransferReason.COMPLAINT, FollowUpKind.COMPLAINT_PAUSE_30D),
        (TransferReason.LEGAL_THREAT, FollowUpKind.COMPLAINT_PAUSE_30D),
        (TransferReason.VULNERABLE_PERSON, FollowUpKind.AGENT_HANDLES_NOW),
    ],
)
def test_what_a_transfer_was_made_for_leads_and_a_complaint_pauses_anyway(
    why: TransferReason, leading: FollowUpKind
) -> None:
    decision = decide(said(Intent.COMPLAINT), handovers=[Handover(turn=0, reason=why, connected=True)])
    assert decision.follow_ups[0] is leading
    assert FollowUpKind.COMPLAINT_PAUSE_30D in decision.follow_ups


def test_whoever_answers_for_an_assistant_is_the_assistant() -> None:
    helper = Stance(turn=0, words="我是机主的智能助理，请留言", intents=(Intent.ANNOUNCEMENT,))
    polite = Stance(turn=2, words="好的，还有要转达的吗", intents=(Intent.ASK_PRODUCT_DETAIL,))
    person = Stance(turn=2, words="多少钱", intents=(Intent.ASK_PRICE_OFFER,))
    assert decide([helper, polite]).outcome is Outcome.VOICEMAIL
    assert decide([helper, person]).outcome is Outcome.CONSIDERING


def test_what_is_only_guessed_is_no_stance() -> None:
    wish = Stance(turn=0, words="给我来一个", intents=(Intent.INTERESTED,))
    mumbled = Stance(turn=2, words="麻烦了", intents=(Intent.REFUSE,), confidence=0.25)
    assert decide([wish, mumbled]).outcome is Outcome.INTERESTED


def test_a_time_that_the_bot_books_as_a_visit_is_no_callback() -> None:
    time = Stance(
        turn=0, words="周六上午吧", intents=(Intent.BUSY_CALLBACK,), slots={"callback_time": "周六上午"}
    )
    assert decide([replace(time, replied="好的，周六上午师傅上门。")]).outcome is Outcome.INTERESTED
    assert decide([replace(time, replied="好的，周六上午再给您打电话约时间。")]).outcome is Outcome.CALLBACK


def test_another_transfer_is_left_to_the_agent() -> None:
    human = Handover(turn=0, reason=TransferReason.EXPLICIT_REQUEST, connected=True)
    assert decide(said(Intent.REQUEST_HUMAN), handovers=[human]).follow_ups == (FollowUpKind.AGENT_HANDLES_NOW,)


def test_scope_is_all_unless_every_wish_was_limited_to_calls() -> None:
    assert decide(said(Intent.DO_NOT_CALL, scope="voice")).scope == "voice"
    assert decide(said(Intent.DO_NOT_CALL, Intent.DO_NOT_CALL, scope="voice")).scope == "all"


@pytest.mark.parametrize(
    "cause",
    [
        Outcome.NO_ANSWER,
        Outcome.BUSY,
        Outcome.POWER_OFF,
        Outcome.INVALID_NUMBER,
        Outcome.REJECTED,
        Outcome.SUSPENDED,
    ],
)
def test_the_line_decides_when_nobody_spoke(cause: Outcome) -> None:
    assert decide([], line=LineEnd(cause=cause)).outcome is cause


def test_a_lost_line_is_interrupted_only_without_a_stance() -> None:
    lost = LineEnd(lost=True, ended_by="carrier")
    assert decide([], line=lost).outcome is Outcome.INTERRUPTED
    assert decide(said(Intent.GREETING_ACK), line=lost).outcome is Outcome.INTERRUPTED
    assert decide(said(Intent.INTERESTED), line=lost).outcome is Outcome.INTERESTED


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("您拨打的号码是空号", Outcome.INVALID_NUMBER),
        ("您拨打的电话已关机", Outcome.POWER_OFF),
        ("请在滴声后留言", Outcome.VOICEMAIL),
        ("您拨打的用户正在通话中", Outcome.BUSY),
        ("用户已停机", Outcome.SUSPENDED),
        ("暂时无法接通", Outcome.NETWORK),
        ("电话无人接听，请在提示音后留言", Outcome.VOICEMAIL),
        ("我是机主的智能助理", Outcome.VOICEMAIL),
    ],
)
def test_announcements_say_why(words: str, outcome: Outcome) -> None:
    assert announced(words) is outcome


intents = st.lists(st.sampled_from(list(Intent)), min_size=1, max_size=3).map(tuple)


@given(
    turns=st.lists(intents, max_size=6),
    connected=st.none() | st.booleans(),
    lost=st.booleans(),
    cause=st.none() | st.sampled_from([Outcome.NO_ANSWER, Outcome.BUSY]),
)
def test_every_call_has_one_outcome_and_a_do_not_call_is_never_contactable(
    turns: list[tuple[Intent, ...]], connected: bool | None, lost: bool, cause: Outcome | None
) -> None:
    handovers = [] if connected is None else [complaint(connected)]
    decision: Decision = decide(said(*turns), line=LineEnd(lost=lost, cause=cause), handovers=handovers)
    assert decision.follow_ups
    assert len(set(decision.follow_ups)) == len(decision.follow_ups)
    if any(Intent.DO_NOT_CALL in turn and Intent.ANNOUNCEMENT not in turn for turn in turns):
        assert decision.follow_ups[0] is FollowUpKind.BLACKLIST


def test_a_plain_no_to_the_question_for_their_name_is_a_wrong_number() -> None:
    assert decide(said((Intent.DENY, "identity"))).outcome is Outcome.WRONG_NUMBER
    assert decide(said((Intent.DENY, "identity"), (Intent.AFFIRM, "identity"))).outcome is not (
        Outcome.WRONG_NUMBER
    )


DIALOGUES = [
    json.loads(line) for line in (Path(__file__).parent / "outcome_cases.jsonl").read_text("utf-8").splitlines()
]
"""Whole conversations: {"turns", "outcome", "follow_up", "callback_time"}."""
RIGHT = 60
"""At least so many of the 65 must end as they should, with their first follow-up."""


async def test_reader_and_rules_together_find_what_comes_of_a_conversation() -> None:
    reader = LocalReader()
    right = 0
    for row in DIALOGUES:
        turns = [SpokenTurn(**turn) for turn in row["turns"]]
        found = judge_outcome(turns, await read_turns(turns, reader))
        right += (found.outcome, found.follow_ups[0]) == (row["outcome"], row["follow_up"])
        assert not row["callback_time"] or found.callback_spoken == row["callback_time"]
    assert right >= RIGHT
