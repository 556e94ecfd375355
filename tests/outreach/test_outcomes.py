"""The table of outcomes is total, and what was journalled is never lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.conversation.result import JournalKind
from callbot.outreach.calendar import is_open
from callbot.outreach.outcomes import LINE_OUTCOMES, MEANINGS, Response, follow_ups, settled_outcome
from callbot.outreach.policy import DEFAULT
from callbot.outreach.retries import RETRIES, next_try
from callbot.telephony.control import LineCause

K = FollowUpKind
J = JournalKind
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("outcome", "journal", "complained", "expected"),
    [
        (Outcome.INTERESTED, (), False, (K.ASSIGN_AGENT_24H,)),
        (Outcome.CONSIDERING, (), False, (K.PUSH_OFFER_3D,)),
        (Outcome.REFUSED, (), False, (K.LOW_PRIORITY_NO_TOUCH_30D,)),
        (Outcome.DO_NOT_CALL, (), False, (K.BLACKLIST,)),
        (Outcome.DO_NOT_CALL, (J.COMPLAINT,), False, (K.BLACKLIST, K.COMPLAINT_PAUSE_30D)),
        (Outcome.TRANSFERRED, (), False, (K.AGENT_HANDLES_NOW,)),
        (Outcome.TRANSFERRED, (), True, (K.COMPLAINT_PAUSE_30D,)),
        (Outcome.TRANSFERRED, (J.DO_NOT_CALL,), True, (K.COMPLAINT_PAUSE_30D, K.BLACKLIST)),
        (Outcome.CALLBACK, (), False, (K.SCHEDULE_CALLBACK,)),
        (Outcome.CALLBACK, (J.COMPLAINT,), False, (K.SCHEDULE_CALLBACK, K.COMPLAINT_PAUSE_30D)),
        (Outcome.WRONG_NUMBER, (), False, (K.MARK_NUMBER_INVALID,)),
        (Outcome.INVALID_NUMBER, (), False, (K.MARK_NUMBER_INVALID,)),
        (Outcome.VOICEMAIL, (), False, (K.RETRY_LATER,)),
        (Outcome.INTERRUPTED, (), False, (K.RETRY_LATER,)),
        (Outcome.INTERRUPTED, (J.COMPLAINT,), False, (K.COMPLAINT_PAUSE_30D,)),
        (Outcome.INTERRUPTED, (J.TRANSFER_REQUEST,), False, (K.ASSIGN_AGENT_24H,)),
        (Outcome.INTERRUPTED, (J.PROMISE,), False, (K.ASSIGN_AGENT_24H,)),
    ],
)
def test_what_follows(
    outcome: Outcome, journal: tuple[JournalKind, ...], complained: bool, expected: tuple[FollowUpKind, ...]
) -> None:
    assert follow_ups(outcome, journal, complained=complained) == expected


@given(st.sampled_from(Outcome), st.sets(st.sampled_from(JournalKind)), st.sets(st.sampled_from(FollowUpKind)))
def test_no_complaint_and_no_do_not_call_is_ever_lost(
    outcome: Outcome, journal: set[JournalKind], named: set[FollowUpKind]
) -> None:
    final = settled_outcome(outcome, journal)
    found = follow_ups(final, journal, named)
    assert found
    assert len(set(found)) == len(found)
    if J.DO_NOT_CALL in journal:
        assert K.BLACKLIST in found
        assert final is Outcome.DO_NOT_CALL
    if J.COMPLAINT in journal:
        assert K.COMPLAINT_PAUSE_30D in found
    assert named - {K.RETRY_LATER} <= set(found)
    assert K.RETRY_LATER not in found or found == (K.RETRY_LATER,)


def test_every_outcome_and_every_cause_has_its_row() -> None:
    assert set(MEANINGS) == set(Outcome)
    assert set(LINE_OUTCOMES) == set(LineCause)
    assert Response.ACTIVATED not in {meaning.response for meaning in MEANINGS.values()}


@given(
    st.sampled_from(sorted(RETRIES)),
    st.integers(0, 60 * 24 * 60).map(lambda past: datetime(2026, 9, 20, tzinfo=UTC) + timedelta(minutes=past)),
)
def test_a_retry_lies_inside_the_window_and_late_enough(cause: str, ended_at: datetime) -> None:
    due = next_try(cause, (), ended_at, SHANGHAI, DEFAULT.voice, every_day=False)
    if not isinstance(due, datetime):
        assert cause == "suspended"  # only a month ahead may the calendar be unknown
        return
    assert is_open(due, SHANGHAI, DEFAULT.voice)
    assert due >= ended_at + RETRIES[cause].after
    if RETRIES[cause].next_day:
        assert due.astimezone(SHANGHAI).date() > ended_at.astimezone(SHANGHAI).date()


def test_the_page_of_the_docs_has_every_outcome_and_cause() -> None:
    page = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text("utf-8")
    for name in [*Outcome, *LineCause, *RETRIES]:
        assert f"`{name}`" in page, name
    for response in Response:
        assert response.value in page
