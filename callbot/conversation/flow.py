"""A conversation flow as data: steps, lines and handlers that a supervisor can read aloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callbot.conversation.condition import Condition
from callbot.conversation.labels import Emotion, Intent, Outcome, TransferReason
from callbot.conversation.result import JournalKind


class Do(StrEnum):
    """What a reaction does beyond words."""

    TRANSFER = "transfer"
    BOOK_CALLBACK = "book_callback"
    REPEAT = "repeat"
    HANG_UP = "hang_up"
    """At once and without a word: nobody is there to hear one."""


OPENER = "opener"
"""The line that was written for this person before the phone rang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing the bot can say, in several wordings."""

    name: str
    variants: tuple[str, ...]
    promises: Mapping[str, str] = field(default_factory=dict)
    """Wording → what it promises, by its `PromiseKind`; registered when it was heard."""
    only_if: Mapping[str, tuple[Condition, ...]] = field(default_factory=dict)
    """Wording → when it fits; at least one wording always does."""


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

    handler: str = ""
    """Its id within the flow, as tests and transcripts name it: `offer: deny, refuse`."""
    say: tuple[Line, ...] = ()
    goto: str = ""
    resume: bool = False
    """Come back to the question that was open."""
    call: str = ""
    """A sub-flow to go through before coming back to the question that was open."""
    back: str = ""
    """Leave the sub-flow with this result."""
    do: Do | None = None
    reason: TransferReason | None = None
    """Of a transfer."""
    note: JournalKind | None = None
    end: Outcome | None = None
    """The words are the goodbye; the outcome is decided over the whole call, this is what the flow expects."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Slots that this answer fills, whatever its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """Other words for a step when the callee sounds a certain way."""

    say: tuple[Line, ...]
    only_if: tuple[Condition, ...] = ()
    handler: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way out of a step that only chooses; the first that fits is taken, the last always fits."""

    goto: str
    only_if: tuple[Condition, ...] = ()
    handler: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """A slot and what fills it."""

    slot: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Value → the words whose mention stands for it; empty: all that was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of the conversation."""

    name: str
    """Of a sub-flow's step with the sub-flow before it: `checkup/use`."""
    title: str
    say: tuple[Line, ...] = ()
    ask: Ask | None = None
    then: Mapping[Intent, Reaction] = field(default_factory=dict)
    otherwise: Reaction | None = None
    when: Mapping[Emotion, Variation] = field(default_factory=dict)
    keep: tuple[Keep, ...] = ()
    end: Outcome | None = None
    do: Do | None = None
    fork: tuple[Branch, ...] = ()
    call: str = ""
    """The sub-flow to go through."""
    returns: Mapping[str, str] = field(default_factory=dict)
    """Result of the sub-flow → the step that follows."""
    back: str = ""
    """Leave the sub-flow with this result."""

    @property
    def next_steps(self) -> tuple[str, ...]:
        """Every step that may follow directly, sub-flows apart."""
        reactions = (*self.then.values(), *((self.otherwise,) if self.otherwise else ()))
        return tuple(
            dict.fromkeys(
                (
                    *(reaction.goto for reaction in reactions if reaction.goto),
                    *(branch.goto for branch in self.fork),
                    *self.returns.values(),
                )
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A sub-flow: called from a step or a handler, it comes back with a result."""

    name: str
    title: str
    entry: str
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer of the knowledge base, with the ways in which people ask for it."""

    name: str
    asks: tuple[str, ...]
    answer: Line | None
    """None: the flow's own handlers answer these questions better, so they are not mistaken for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rung of the silence ladder."""

    after_ms: int
    do: str
    """`repeat`, `say` or `end`."""
    line: Line | None = None
    handler: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A checked flow: every name it mentions exists, every intent is answered at every question."""

    name: str
    version: int
    title: str
    industry: str
    entry: str
    steps: Mapping[str, Step]
    """Those of its sub-flows as well."""
    lines: Mapping[str, Line]
    always: Mapping[Intent, Reaction]
    silence: tuple[Rung, ...]
    parts: Mapping[str, Part] = field(default_factory=dict)
    knowledge: tuple[Entry, ...] = ()
    findings: Mapping[str, str] = field(default_factory=dict)
    """Slots that stand in the record of the call, with the names people read."""
    hotwords: tuple[str, ...] = ()
    """Words the recogniser should expect."""
    handlers: Mapping[str, str] = field(default_factory=dict)
    """Handler → file and line, in the order of the files."""
    source: str = ""

    def line(self, name: str) -> Line:
        return self.lines[name]


NEEDED_LINES = (
    "disclosure",
    "opener_plain",
    "clarify",
    "unsure",
    "clarify_again",
    "unclear_end",
    "not_understood",
    "filler",
    "goodbye",
    "goodbye_again",
    "go_ahead",
    "wait_for_you",
    "still_here",
    "corrected",
    "transfer_complaint",
    "transfer_request",
    "transfer_care",
    "hold",
    "hold_listening",
    "transfer_cancelled",
    "transfer_failed",
    "human_owed",
    "agent_gone",
    "agent_lost",
    "handed_back",
    "taken_over",
    "ask_callback_time",
    "callback_booked",
    "callback_default",
    "callback_waived",
    "technical_end",
)
"""Lines the engine itself says; a flow without one of them is refused."""
