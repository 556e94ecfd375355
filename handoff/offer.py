"""What a desk is offered and what comes back. Plain values; no callbot imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class OfferState(StrEnum):
    """offered → ringing → accepted → connected → wrap_up → done, or one of the failures."""

    OFFERED = "offered"
    RINGING = "ringing"
    ACCEPTED = "accepted"
    CONNECTED = "connected"
    WRAP_UP = "wrap_up"
    DONE = "done"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    NO_AGENT = "no_agent"
    ABANDONED = "abandoned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The card an agent reads in 15 seconds before saying hello. zh-CN."""

    why: str
    customer: str
    """Name as the agent should say it."""
    own_words: str
    """The sentence of the customer that made the transfer necessary."""
    own_words_ms: tuple[int, int] | None = None
    """Where that sentence lies in the recording."""
    mood: tuple[str, ...] = ()
    answered: Mapping[str, str] = field(default_factory=dict)
    """What was already asked and answered, so that nobody asks again."""
    promised: tuple[str, ...] = ()
    may_offer: tuple[str, ...] = ()
    do: tuple[str, ...] = ()
    dont: tuple[str, ...] = ()
    summary: str = ""
    """The whole in one sentence, where a model wrote one that holds; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence of the conversation, times in ms of the recording."""

    speaker: Literal["bot", "callee", "agent"]
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOffer:
    """One customer who needs a human now."""

    id: str
    call_id: str
    customer_id: str
    reason: str
    skill: str
    """Skill an agent needs, e.g. `complaint`."""
    priority: int
    """Lower is more urgent."""
    brief: Brief
    own_agent_id: str = ""
    """Id or name of the customer's own agent, who is asked first; empty where there is none."""
    only_agent_id: str = ""
    """The supervisor who takes the call over and is asked alone; empty for everybody else's offers."""
    said: tuple[Line, ...] = ()
    """What was said so far, for the screen; the store does not keep it twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUp:
    """What the agent wrote down afterwards."""

    outcome: str = ""
    note: str = ""
    promise: str = ""
    follow_up: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
