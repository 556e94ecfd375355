"""What became of items that another system handed in."""

from __future__ import annotations

from typing import Any

from callbot.web.shapes.base import Out


class IntakeProblem(Out):
    field: str
    reason: str
    cure: str


class IntakeResult(Out):
    """One item."""

    index: int
    status: str
    """created, changed, stored or rejected."""
    customer_id: str | None = None
    customer: dict[str, Any] | None = None
    """What the item changed in the judgement of its customer."""
    problems: list[IntakeProblem] | None = None


class IntakeOut(Out):
    accepted: int
    rejected: int
    results: list[IntakeResult]
