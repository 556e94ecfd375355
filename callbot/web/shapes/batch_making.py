"""A batch being made, looked at before anybody is called, and steered while it runs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from pydantic import AwareDatetime, Field

from callbot.outreach.batch_preview import Preview, Waiting
from callbot.outreach.batch_status import BatchStatus
from callbot.outreach.what_if import WhatIf
from callbot.web.shapes.base import In, Masked, Moment, Out

MOST_LINES = 1_000


class NewBatchIn(In):
    """What a supervisor asks for. Everybody of a list or of segments; of both: those of the list who are in one
    of the segments."""

    name: str = Field(min_length=1, max_length=80)
    list_id: str = Field(default="", max_length=26)
    segments: list[str] = Field(default=[], max_length=50)
    flow: str = Field(max_length=200)
    purpose: str = "marketing"
    lines: int = Field(default=1, ge=1, le=MOST_LINES)
    priority: int = 0
    starts_on: date | None = None
    ends_on: date | None = None
    offers: list[str] = Field(default=[], max_length=200)
    """Codes; empty: every offer that holds."""
    hold_out_percent: float = Field(default=5.0, ge=0, lt=100)
    policy: dict[str, dict[str, Any]] = {}
    """The batch's own values inside the outer limits: windows, caps, refusal, pacing, breaker."""
    instead_of: str = Field(default="", max_length=26)
    """A draft that this one replaces."""


class MadeOut(Out):
    batch_id: str
    people: int


class ReasonIn(In):
    reason: str = Field(default="", max_length=500)


class CancelledOut(Out):
    closed: int
    """Queued calls that will not be made."""
    promised: int
    """Promised calls, which are kept."""
    promises_in: str
    """The batch that keeps them; empty when there are none."""


class ExampleOut(Out):
    customer_id: str
    name: str
    phone_masked: str


class WaitingOut(Out):
    """People whom one rule keeps from being called now."""

    rule: str
    count: int
    until: Moment | None
    """The first moment one of them may be called; null: never, until somebody changes something."""
    because: Masked
    examples: list[ExampleOut]


class PreviewOut(Out):
    """Who would be called if the batch ran at this moment."""

    at: Moment
    now: int
    later_count: int
    never_count: int
    first: list[ExampleOut]
    """Who would be called first."""
    later: list[WaitingOut]
    never: list[WaitingOut]

    @classmethod
    def of(cls, found: Preview, at: datetime, people: dict[str, tuple[str, str]], *, first: int) -> Self:
        def shown(ids: tuple[str, ...]) -> list[ExampleOut]:
            return [
                ExampleOut(customer_id=each, name=people[each][0], phone_masked=people[each][1])
                for each in ids
                if each in people
            ]

        def group(waiting: Waiting) -> WaitingOut:
            return WaitingOut(
                rule=waiting.rule,
                count=waiting.count,
                until=waiting.until,
                because=waiting.because,
                examples=shown(waiting.examples),
            )

        return cls(
            at=at,
            now=len(found.now),
            later_count=found.later_count,
            never_count=found.never_count,
            first=shown(found.now[:first]),
            later=[group(each) for each in found.later],
            never=[group(each) for each in found.never],
        )


class QuestionIn(In):
    """What if the policy had these values? They may exceed the outer limits; nothing is changed."""

    at: AwareDatetime | None = None
    caps: dict[str, int] = {}
    windows: dict[str, list[str]] = {}
    """`mon-fri` and `sat-sun`, spans as HH:MM-HH:MM."""

    @property
    def changes(self) -> dict[str, Any]:
        blocks: dict[str, Any] = {"caps": dict(self.caps), "windows": dict(self.windows)}
        return {name: values for name, values in blocks.items() if values}


class CountsOut(Out):
    now: int
    later: int
    never: int

    @classmethod
    def of(cls, found: Preview) -> Self:
        return cls(now=len(found.now), later=found.later_count, never=found.never_count)


class WhatIfOut(Out):
    at: Moment
    before: CountsOut
    after: CountsOut
    breaks: list[str]
    """Outer rules that the values would break."""

    @classmethod
    def of(cls, found: WhatIf, at: datetime) -> Self:
        return cls(
            at=at, before=CountsOut.of(found.before), after=CountsOut.of(found.after), breaks=list(found.breaks)
        )


class BreakerOut(Out):
    """The circuit breaker's limits, and what it has counted in its window."""

    window_minutes: int
    min_sample: int
    failures_percent: int
    hang_ups_percent: int
    complaints_percent: int
    attempts: int
    failures: int
    answered: int
    hang_ups: int
    complaints: int


class StandingOut(Out):
    """How a batch stands at this moment."""

    members: dict[str, int]
    """By state: ready, waiting, never, tried, left."""
    attempts: dict[str, int]
    under_way: int
    without_human: int
    """Calls of all batches that no human has taken: what the pace bounds."""
    pace: int
    """So many of those may be under way."""
    pace_because: str
    breaker: BreakerOut

    @classmethod
    def of(cls, found: BatchStatus) -> Self:
        breaker, record = found.breaker, found.record
        return cls(
            members=dict(found.members),
            attempts=dict(found.attempts),
            under_way=found.under_way,
            without_human=found.without_human,
            pace=found.pace.in_flight,
            pace_because=found.pace.because,
            breaker=BreakerOut(
                window_minutes=breaker.window_minutes,
                min_sample=breaker.min_sample,
                failures_percent=breaker.failures_percent,
                hang_ups_percent=breaker.hang_ups_percent,
                complaints_percent=breaker.complaints_percent,
                attempts=record.attempts,
                failures=record.failures,
                answered=record.answered,
                hang_ups=record.hang_ups,
                complaints=record.complaints,
            ),
        )


class OfferOut(Out):
    """The newest version of an offer."""

    code: str
    version: int
    industry: str
    title: str
    discount_percent: int | None
    amount_fen: int | None
    min_spend_fen: int | None
    gift: str | None
    valid_from: date | None
    valid_until: date | None
    stock: int | None
    priority: int
    compensation: bool
    withdrawn_at: Moment | None
    holds: bool
    """At this moment."""
