"""Batches and their members."""

from __future__ import annotations

from datetime import date
from typing import Any

from callbot.web.shapes.base import Masked, Moment, Out


class BatchOut(Out):
    id: str
    name: str
    flow: str
    purpose: str
    state: str
    hold_out_percent: float
    lines: int
    priority: int
    starts_on: date | None
    ends_on: date | None
    offers: list[str]
    policy: dict[str, Any]
    paused_because: Masked
    history: list[Any]
    source: str
    created_by: str
    created_at: Moment
    launched_at: Moment | None
    ended_at: Moment | None


class BatchLineOut(Out):
    """A batch with the counts of its attempts."""

    batch: BatchOut
    members: int
    states: dict[str, int]
    outcomes: dict[str, int]
    activated: int


class MemberOut(Out):
    """A customer of a batch with the last attempt, its call and what follows."""

    customer_id: str
    external_id: str | None
    name: str
    phone_masked: str
    stage: str
    reason: str
    priority: int
    hold_out: bool
    state: str
    """ready, waiting, never, tried or left."""
    blocked_by: str
    blocked_until: Moment | None
    blocked_because: Masked
    attempt_id: str | None
    attempt_state: str | None
    attempts: int
    outcome: str | None
    cause: str | None
    call_id: str | None
    duration_ms: int | None
    follow_ups: list[str]
    """Kinds, the leading one first."""


class ImportOut(Out):
    """A list that was taken in."""

    id: str
    kind: str
    """customers, orders, events or consents."""
    source: str
    """File name."""
    state: str
    line: int
    rows: int
    new: int
    changed: int
    rejected: int
    started_at: Moment
    updated_at: Moment
    ended_at: Moment | None
