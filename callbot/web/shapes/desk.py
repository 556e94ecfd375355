"""The desk in answers and requests."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from callbot.web.shapes.base import In, Masked, MaskedObject, Moment, Out
from callbot.web.site import DeskIs
from handoff.presence import Presence

Skill = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Level = Annotated[int, Field(ge=0, le=5)]


class DeskAgentOut(Out):
    """Somebody who takes transfers."""

    id: str
    name: str
    presence: Presence
    reason: str
    """Of a break."""
    since: Moment | None
    skills: dict[str, int]
    capacity: int
    desk: str
    here: bool
    """Connected to the desk of this process."""


class InLineOut(Out):
    """A customer who waits for a human or talks to one."""

    transfer_id: str
    call_id: str
    customer_id: str
    name: Masked
    reason: str
    skill: str
    priority: int
    state: str
    agent_id: str | None
    waited_s: float
    """To the answer, or so far."""
    sla_s: float
    escalation: int
    """1: every skill is asked; 2: late."""
    offered_at: Moment
    connected_at: Moment | None


class DeskOut(Out):
    agents: list[DeskAgentOut]
    line: list[InLineOut]
    where: DeskIs
    """`away`: the office of another host cannot be reached, and customers get a call-back."""


class EquipIn(In):
    """What an agent can do."""

    skills: Annotated[dict[Skill, Level], Field(max_length=20)]
    capacity: Annotated[int, Field(ge=1, le=5)] = 1


class WrapUpIn(In):
    """What came of a conversation."""

    outcome: Annotated[str, Field(max_length=40)] = ""
    note: Annotated[str, Field(max_length=2_000)] = ""
    promise: Annotated[str, Field(max_length=500)] = ""
    follow_up: Annotated[str, Field(max_length=500)] = ""
    extra: dict[str, str | int | float | bool] = {}


class OfferOut(Out):
    """One transfer as its agent sees it."""

    transfer_id: str
    call_id: str
    customer_id: str
    reason: str
    state: str
    result: str | None
    offered_at: Moment
    connected_at: Moment | None
    ended_at: Moment | None
    brief: MaskedObject
    wrap_up: MaskedObject
    has_clip: bool


class AskedAgainOut(Out):
    """How often an agent asked what was known."""

    agent_id: str
    transfers: int
    questions: int
    asked_again: int
    rate: float | None
    """None before the first question."""
    latest: list[dict[str, Any]]
