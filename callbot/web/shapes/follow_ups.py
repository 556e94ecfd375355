"""What has to happen after a contact."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from callbot.outreach.message_rules import Failed
from callbot.store.follow_ups import Listed
from callbot.web.shapes.base import In, Instant, Masked, MaskedObject, Moment, Out


class FollowUpOut(Out):
    id: str
    customer_id: str
    attempt_id: str | None
    kind: str
    leading: bool
    owner: str
    due_at: Moment
    state: str
    step: int | None
    claimed_by: str
    claimed_at: Moment | None
    sent_at: Moment | None
    closed_by: str
    closed_at: Moment | None
    note: Masked
    blocked_by: str
    failed: str | None
    detail: MaskedObject
    created_at: Moment


class FollowUpLine(FollowUpOut):
    """A follow-up in a list, with the person it is about."""

    name: str
    phone_masked: str
    overdue: bool

    @classmethod
    def of(cls, listed: Listed, *, overdue: bool) -> Self:
        row = listed.follow_up.model_dump()
        return cls.model_validate(
            {**row, "name": listed.name, "phone_masked": listed.phone_masked, "overdue": overdue}
        )


class PromiseOut(Out):
    id: str
    customer_id: str
    attempt_id: str
    call_id: str | None
    turn: int | None
    kind: str
    words: Masked
    due_at: Moment
    owner: str
    state: str
    follow_up_id: str | None
    kept_by: str | None
    kept_at: Moment | None
    note: Masked
    made_at: Moment


class FinishIn(In):
    """A task that was done."""

    note: str = Field(default="", max_length=2_000)
    called: bool = False
    """The customer was spoken with by phone."""
    failed: Failed | None = None
    """It moved nobody, and why."""


class CancelIn(In):
    note: str = Field(min_length=1, max_length=2_000)


class PostponeIn(In):
    to: Instant
    note: str = Field(default="", max_length=2_000)
