"""What a worker that was declared dead still hears: its attempt is settled, its words count all the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from callbot.conversation.labels import FollowUpKind
from callbot.conversation.result import JournalKind
from callbot.outreach.follow_up_rows import AGENT_WITHIN, COMPLAINT_DESK, SALES_DESK
from callbot.outreach.promised import kind_of
from callbot.store.late_notes import LateConsequence
from callbot.store.tables import JournalRow

PAUSE = timedelta(days=30)
"""Of all touches after a complaint, as in docs/outcomes.md."""


def late_words(note: JournalRow, now: datetime) -> LateConsequence:
    """What follows from one journal line of an attempt that was settled without it.

    A stop is obeyed and a complaint pauses at once; everything else, and the complaint too, becomes the task
    of a human who decides within 24 h. Source: docs/outcomes.md.
    """
    kind = JournalKind(note.kind)
    if kind is JournalKind.DO_NOT_CALL:
        scope = "voice" if note.data.get("scope") == "voice" else "all"
        return LateConsequence(stop=scope)
    complaint = kind is JournalKind.COMPLAINT
    return LateConsequence(
        task=FollowUpKind.ASSIGN_AGENT_24H,
        owner=COMPLAINT_DESK if complaint else SALES_DESK,
        due_at=now + AGENT_WITHIN,
        promise=kind_of(note) if kind is JournalKind.PROMISE else "",
        pause_until=now + PAUSE if complaint else None,
    )
