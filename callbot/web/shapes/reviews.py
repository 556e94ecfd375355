"""What QA sees and writes of a call."""

from __future__ import annotations

from pydantic import Field

from callbot.insight.scorecard import Check
from callbot.web.shapes.base import In, Masked, Moment, Out


class NoteOut(Out):
    id: str
    call_id: str
    at_ms: int | None
    text: Masked
    made_by: str
    made_at: Moment


class NoteIn(In):
    """A remark; without `at_ms` it is about the whole call."""

    text: str = Field(min_length=1, max_length=2_000)
    at_ms: int | None = Field(default=None, ge=0, le=86_400_000)


class VerdictOnCheckIn(In):
    passed: bool
    reason: str = Field(min_length=1, max_length=500)


class CheckOut(Out):
    """One line of the scorecard."""

    check: Check
    automatic: bool | None
    """None: it does not apply to this call."""
    passed: bool | None
    """What stands: the reviewer's word where there is one."""
    turns: list[int]
    """Positions of the turns that show it."""
    reason: Masked
    """The reviewer's."""
    made_by: str
    made_at: Moment | None


class ReviewOut(Out):
    """Scorecard and notes."""

    checks: list[CheckOut]
    notes: list[NoteOut]


class PeaksOut(Out):
    """The outline of a recording: the loudest of each stretch, 0 to 1, for each side."""

    duration_ms: int
    callee: list[float]
    bot: list[float]
    """The bot's and, after a transfer, the agent's."""
