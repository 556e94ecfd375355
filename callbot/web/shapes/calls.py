"""Calls: in a list, and one with all that was said and follows."""

from __future__ import annotations

from typing import Any

from callbot.web.shapes.base import Masked, MaskedList, MaskedObject, Moment, Out
from callbot.web.shapes.follow_ups import FollowUpOut, PromiseOut


class CallLine(Out):
    """A call in a list."""

    id: str
    batch_id: str
    attempt_id: str
    customer_id: str
    name: str
    phone_masked: str
    flow: str
    started_at: Moment
    ended_at: Moment | None
    duration_ms: int
    outcome: str | None
    ended_by: str
    has_recording: bool
    transfer_reason: str | None
    transfer_result: str | None
    agent_id: str | None


class CallOut(Out):
    id: str
    attempt_id: str
    customer_id: str
    flow: str
    flow_version: int
    started_at: Moment
    ended_at: Moment | None
    duration_ms: int
    outcome: str | None
    ended_by: str
    end_reason: Masked
    recording: str
    disclosure_ms: int | None
    summary: MaskedObject


class AttemptOut(Out):
    id: str
    batch_id: str
    customer_id: str
    seq: int
    purpose: str
    channel: str
    priority: int
    state: str
    due_at: Moment
    queued_at: Moment
    dialing_at: Moment | None
    answered_at: Moment | None
    ended_at: Moment | None
    permit: MaskedObject
    opener: MaskedObject
    outcome: str | None
    cause: str | None
    error: Masked


class CalleeOut(Out):
    """The person of a call, as far as a call shows them."""

    id: str
    external_id: str | None
    name: str
    gender: str
    phone_masked: str
    region: str
    industry: str
    brand: str
    member_level: str
    stage: str
    reason: str
    segment: str
    strategy: str
    named_agent: str


class TurnOut(Out):
    position: int
    speaker: str
    text: Masked
    heard: Masked
    start_ms: int
    end_ms: int
    interrupted: bool
    intent: str | None
    emotion: str | None
    confidence: float | None
    slots: MaskedObject
    step: str
    act: str
    offers: list[str]
    latency: dict[str, Any]
    prompts: list[dict[str, Any]]


class TransferOut(Out):
    id: str
    call_id: str
    customer_id: str
    reason: str
    skill: str
    priority: int
    state: str
    agent_id: str | None
    brief: MaskedObject
    offered_at: Moment
    ringing_at: Moment | None
    accepted_at: Moment | None
    connected_at: Moment | None
    ended_at: Moment | None
    result: str | None
    declined_reason: Masked
    wrap_up: MaskedObject


class JournalOut(Out):
    """Something heard or promised, written at that moment."""

    id: str
    call_id: str
    kind: str
    words: Masked
    at_ms: int
    at: Moment
    data: MaskedObject


class GuardBlockOut(Out):
    """A text that the guard stopped before anybody heard it."""

    id: str
    at_ms: int
    text: Masked
    violations: MaskedList
    instead: Masked
    step: str
    act: str


class CallSheetOut(Out):
    """Everything about one call."""

    call: CallOut
    attempt: AttemptOut
    customer: CalleeOut
    turns: list[TurnOut]
    transfers: list[TransferOut]
    follow_ups: list[FollowUpOut]
    journal: list[JournalOut]
    promises: list[PromiseOut]
    blocks: list[GuardBlockOut]


class CallEvent(Out):
    """A line of the call's event log."""

    at_ms: int
    event: str
    data: MaskedObject
