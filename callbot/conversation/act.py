"""What the dialogue decides: what to say, what to keep and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from callbot.conversation.labels import TransferReason
from callbot.conversation.prompt_use import PromptUse
from callbot.conversation.result import JournalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One thing to say, in final words."""

    text: str
    plain: str = ""
    """The same without any fact that could be wrong, said when the guard refuses `text`."""
    step: str = ""
    act: str = ""
    interruptible: bool = True
    asks: str = ""
    puts: bool = False
    """It puts the question that `asks` names; other words with `asks` only leave it open: 您先忙，我等您。"""
    choices: tuple[str, ...] = ()
    final: bool = False
    """The goodbye: the call ends once it was heard."""
    offers: tuple[str, ...] = ()
    """Codes of the offers it speaks of."""
    promise: str = ""
    """What it promises, journalled once it was heard."""
    prompts: tuple[PromptUse, ...] = ()
    """Requests to models whose answers are in these words."""
    disclosure: bool = False
    """It says that an AI calls and that the call is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A journal note to be written before anything else happens."""

    kind: JournalKind
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """The bot's reaction to one event."""

    name: str
    """`needs`, `ask_price_offer`, `transfer`, `callback_booked`..., as the transcript shows it."""
    utterances: tuple[Utterance, ...] = ()
    drafts: tuple[Draft, ...] = ()
    transfer: TransferReason | None = None
    cancel_transfer: bool = False
    heard_out: bool = False
    """The flow has asked for what a human would be needed for elsewhere, and takes it up itself."""
    hang_up: bool = False
    """At once and without a word."""
    via: tuple[str, ...] = ()
    """The handlers of the flow that led here, in order."""

    def after(
        self,
        words: tuple[Utterance, ...] = (),
        drafts: tuple[Draft, ...] = (),
        via: tuple[str, ...] = (),
    ) -> Act:
        """This act with something said, noted and gone through before it."""
        return replace(
            self,
            utterances=(*words, *self.utterances),
            drafts=(*drafts, *self.drafts),
            via=(*via, *self.via),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """A sub-flow that has been called and has not come back."""

    step: str
    """Where it was called."""
    resume: bool = False
    """Called by a handler: coming back means the question that was open, else the step says what follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a conversation stands. A value: going back to an earlier one forgets what came after."""

    step: str = ""
    awaiting: Literal["", "callback_time"] = ""
    owed_human: bool = False
    """The call-back is for somebody whom no human could take."""
    holding: bool = False
    closed: bool = False
    """A goodbye was said."""
    slots: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, int] = field(default_factory=dict)
    """Line → how often it was said."""
    unclear: int = 0
    """Turns in a row that were not understood."""
    asks: str = ""
    question: str = ""
    """The open question, as it was put last."""
    choices: tuple[str, ...] = ()
    last: tuple[Utterance, ...] = ()
    """The last act's words, for “再说一遍”."""
    asked: int = 0
    """How often the open question was put."""
    asked_at: str = ""
    """The last step whose question was asked: where a change of mind goes back to."""
    calls: tuple[Calling, ...] = ()
    """Sub-flows that were entered, the innermost last."""
    feels: str = ""
    """The emotion of the last turn."""
    waiting: bool = False
    """The callee asked for a moment."""
    used: tuple[str, ...] = ()
    """Knowledge entries that were given: they vouch for what is said of them."""
    unanswered: tuple[str, ...] = ()
    """Questions nobody had an answer to, in the callee's words."""
    callback_at: datetime | None = None
    """UTC."""
    callback_spoken: str = ""
