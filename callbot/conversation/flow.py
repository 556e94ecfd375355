"""A conversation flow as data: steps, lines and handlers that a supervisor can read aloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callbot.conversation.labels import Emotion, Intent, Outcome, TransferReason
from callbot.conversation.result import JournalKind


class Do(StrEnum):
    """What a reaction does beyond words."""

    TRANSFER = "transfer"
    BOOK_CALLBACK = "book_callback"
    REPEAT = "repeat"
    HANG_UP = "hang_up"
    """At once and without a word: nobody is there to hear one."""


class Condition(StrEnum):
    """What a variation may depend on."""

    OFFER = "offer"
    DISCOUNT = "offer.discount"
    AMOUNT = "offer.amount"
    GIFT = "offer.gift"
    DEADLINE = "offer.deadline"
    """The offer ends on a known day and this person may be told so (C5)."""


OPENER = "opener"
"""The line that was written for this person before the phone rang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing the bot can say, in several wordings."""

    name: str
    variants: tuple[str, ...]
    promises: Mapping[str, str] = field(default_factory=dict)
    """Wording → what it promises, by its `PromiseKind`; registered when it was heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question and what kind of answer it wants."""

    line: Line
    kind: str
    """`yes_no`, `choice`, `open`, `anything_else`, `identity`, `offer` or `transfer`."""
    again: Line | None = None
    """How to put it the second time."""
    choices: tuple[str, ...] = ()
    keys: Mapping[str, Intent] = field(default_factory=dict)
    """What a key of the telephone answers. 0 always asks for a human."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What follows from an answer."""

    say: tuple[Line, ...] = ()
    goto: str = ""
    resume: bool = False
    """Come back to the question that was open."""
    do: Do | None = None
    reason: TransferReason | None = None
    """Of a transfer."""
    note: JournalKind | None = None
    end: Outcome | None = None
    """The words are the goodbye; the outcome is decided over the whole call, this is what the flow expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """Other words for a step when the callee sounds a certain way."""

    say: tuple[Line, ...]
    only_if: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of the conversation."""

    name: str
    title: str
    say: tuple[Line, ...] = ()
    ask: Ask | None = None
    then: Mapping[Intent, Reaction] = field(default_factory=dict)
    otherwise: Reaction | None = None
    when: Mapping[Emotion, Variation] = field(default_factory=dict)
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Slot → the words whose mention fills it."""
    end: Outcome | None = None
    do: Do | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rung of the silence ladder."""

    after_ms: int
    do: str
    """`repeat`, `say` or `end`."""
    line: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A checked flow: every name it mentions exists, every intent is answered at every question."""

    name: str
    version: int
    title: str
    industry: str
    entry: str
    steps: Mapping[str, Step]
    lines: Mapping[str, Line]
    always: Mapping[Intent, Reaction]
    silence: tuple[Rung, ...]
    hotwords: tuple[str, ...] = ()
    """Words the recogniser should expect."""
    source: str = ""

    def line(self, name: str) -> Line:
        return self.lines[name]


NEEDED_LINES = (
    "disclosure",
    "opener_plain",
    "clarify",
    "clarify_again",
    "unclear_end",
    "not_understood",
    "filler",
    "goodbye",
    "transfer_complaint",
    "transfer_request",
    "transfer_care",
    "hold",
    "hold_listening",
    "transfer_cancelled",
    "transfer_failed",
    "human_owed",
    "agent_gone",
    "ask_callback_time",
    "callback_booked",
    "callback_default",
    "callback_waived",
    "technical_end",
)
"""Lines the engine itself says; a flow without one of them is refused."""
