"""What a call leaves behind: turns, what was journalled, and one outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from callbot.conversation.labels import Emotion, FollowUpKind, Intent, Outcome
from callbot.conversation.prompt_use import PromptUse
from handoff.asked_again import AskedAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLatency:
    """Where the time between the callee's last word and the bot's first frame went, in ms."""

    turn_end: int = 0
    """From the last speech frame to the decision that the turn is over."""
    recogniser: int = 0
    """What recognition added after that decision (it starts in the first pause)."""
    reader: int = 0
    writer: int = 0
    voice: int = 0
    """Until the first audio of the answer."""
    wire: int = 0
    """From the first audio to the first frame handed to the socket."""

    @property
    def total(self) -> int:
        return self.turn_end + self.recogniser + self.reader + self.writer + self.voice + self.wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of the transcript, with times on the media clock."""

    speaker: Literal["bot", "callee", "agent"]
    text: str
    """What was said; for an interrupted bot turn, what was meant to be said."""
    heard: str
    """What reached the other side: all of it, or a prefix of `text`."""
    start_ms: int
    end_ms: int
    interrupted: bool = False
    intent: Intent | None = None
    emotion: Emotion | None = None
    confidence: float | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    step: str = ""
    act: str = ""
    offers: tuple[str, ...] = ()
    latency: TurnLatency | None = None
    prompts: tuple[PromptUse, ...] = ()
    """Requests to models whose answers are in the words (bot) or in the reading (callee)."""


class JournalKind(StrEnum):
    """What must survive a crash of the call."""

    DO_NOT_CALL = "do_not_call"
    COMPLAINT = "complaint"
    CALLBACK = "callback"
    PROMISE = "promise"
    TRANSFER_REQUEST = "transfer_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One journal line: committed the moment it is heard or spoken."""

    kind: JournalKind
    words: str
    """The words that were heard or spoken."""
    at_ms: int
    data: Mapping[str, Any] = field(default_factory=dict)
    """callback: `when` (ISO, UTC) and `spoken`; do_not_call: `scope`; promise: `offer`; ..."""


class Journal(Protocol):
    """Remembers notes durably. `write` returns only when the note is committed."""

    async def write(self, note: Note) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardBlock:
    """A text that was stopped before anybody heard it."""

    at_ms: int
    text: str
    violations: tuple[tuple[str, str], ...]
    """(span, why) of everything in it that nothing vouches for."""
    instead: str
    """What was said in its place; empty: nothing."""
    step: str = ""
    act: str = ""


class CallLog(Protocol):
    """The event log of one call, written as it goes."""

    def event(self, name: str, at_ms: int, **data: Any) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferResult:
    """How a transfer went: a typed value for every path."""

    transfer_id: str
    reason: str
    result: Literal[
        "connected", "declined", "no_answer", "no_agent", "callee_left", "agent_left", "bridge_failed"
    ]
    agent_id: str | None = None
    wrap_up: Mapping[str, Any] = field(default_factory=dict)
    """The agent's form: `outcome`, `note`, `promise`, `follow_up`."""
    bridged_ms: int = 0
    handed_back: str | None = None
    """What the agent said to the bot, who went on; None: they did not hand back."""
    questions: int = 0
    """That the human asked."""
    asked_again: tuple[AskedAgain, ...] = ()
    """Those to which the answer was known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """One conversation, finished. `Session.run()` always returns one."""

    outcome: Outcome
    follow_ups: tuple[FollowUpKind, ...]
    """The leading one first."""
    turns: tuple[Turn, ...]
    notes: tuple[Note, ...] = ()
    """Everything that was journalled, in order."""
    transfers: tuple[TransferResult, ...] = ()
    callback_at: datetime | None = None
    """UTC."""
    callback_spoken: str = ""
    concern: str = ""
    findings: Mapping[str, str] = field(default_factory=dict)
    """What the flow set out to learn, by the names people read: 关系温度, 回应类别, …."""
    unanswered: tuple[str, ...] = ()
    """Questions nobody had an answer to, in the callee's words."""
    ended_by: Literal["callee", "bot", "carrier"] = "bot"
    end_reason: str = "normal"
    duration_ms: int = 0
    flow: str = ""
    flow_version: int = 0
    prompts: tuple[PromptUse, ...] = ()
    """Every request made to a model during the call, used or not; not those for the opener."""
    blocks: tuple[GuardBlock, ...] = ()
    """What the guard stopped during the call."""
