"""A list on its way into a batch: row by row, then the people in it."""

from __future__ import annotations

from typing import Self

from callbot.errors import Problem
from callbot.outreach.staged_list import RowProblem, StagedList
from callbot.store.makeup import Makeup
from callbot.store.tables import Segment
from callbot.web.shapes.base import Masked, Moment, Out, ProblemOut


class RowProblemOut(Out):
    """One bad cell."""

    line: int
    """Of the file; its header is line 1."""
    who: Masked
    column: str
    what: Masked
    cure: str


class StagedListOut(Out):
    """A list after its check; nobody of it is stored before it is taken in."""

    id: str
    name: str
    at: Moment
    industry: str
    brand: str
    rows: int
    good: int
    bad: int
    problems: list[RowProblemOut]
    """The first 500."""
    warnings: list[ProblemOut]
    """What would keep a batch of all of them from being made."""
    industries: list[str]
    taken: bool

    @classmethod
    def of(cls, staged: StagedList) -> Self:
        return cls(
            id=staged.id,
            name=staged.name,
            at=staged.at,
            industry=staged.industry,
            brand=staged.brand,
            rows=staged.rows,
            good=staged.good,
            bad=staged.bad,
            problems=sorted((_row(each) for each in staged.problems), key=lambda each: each.line),
            warnings=[problem_out(each) for each in staged.warnings],
            industries=list(staged.industries),
            taken=staged.taken,
        )


class SegmentOut(Out):
    """A named group of customers and the strategy meant for them."""

    name: str
    expression: str
    explanation: str
    version: int
    priority: int
    origin: str
    strategy_name: str
    terms: dict[str, str]
    """whom, when, what, channel, wording and offers of the strategy, where it has them."""
    updated_at: Moment

    @classmethod
    def of(cls, segment: Segment) -> Self:
        strategy = segment.strategy
        terms = {key: _text(strategy[key]) for key in _TERMS if strategy.get(key)}
        return cls(
            name=segment.name,
            expression=segment.expression,
            explanation=segment.explanation,
            version=segment.version,
            priority=segment.priority,
            origin=segment.origin or segment.created_by,
            strategy_name=str(strategy.get("name", "")),
            terms=terms,
            updated_at=segment.updated_at,
        )


class CountedSegment(Out):
    segment: SegmentOut
    people: int
    """Of the list; whoever is in several segments counts in each."""


class MakeupOut(Out):
    """Counts by machine name; people who were not judged stand under the empty name."""

    industries: dict[str, int]
    stages: dict[str, int]
    reasons: dict[str, int]
    strategies: dict[str, int]

    @classmethod
    def of(cls, found: Makeup) -> Self:
        return cls(
            industries=dict(found.industries),
            stages=dict(found.stages),
            reasons=dict(found.reasons),
            strategies=dict(found.strategies),
        )


class TakenInOut(Out):
    """The people of a list, stored and judged."""

    list_id: str
    people: int
    new: int
    makeup: MakeupOut
    segments: list[CountedSegment]
    """Those that somebody of the list is in, the one that decides the strategy first on top."""


class SegmentPeopleOut(Out):
    """Who meets the condition of a segment now."""

    segment: SegmentOut
    people: int
    of: int
    """Customers in the base."""
    makeup: MakeupOut


_TERMS = ("whom", "when", "what", "channel", "wording", "offers")


def _text(value: object) -> str:
    return "、".join(str(each) for each in value) if isinstance(value, list | tuple) else str(value)


def _row(problem: RowProblem) -> RowProblemOut:
    return RowProblemOut.model_validate(problem)


def problem_out(problem: Problem) -> ProblemOut:
    return ProblemOut(where=problem.where, message=problem.what, hint=problem.cure)
