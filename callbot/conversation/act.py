"""What the dialogue decides: what to say, what to keep and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    hang_up: bool = False
    """At once and without a word."""


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
    choices: tuple[str, ...] = ()
    last: tuple[Utterance, ...] = ()
    """The last act's words, for “再说一遍”."""
    callback_at: datetime | None = None
    """UTC."""
    callback_spoken: str = ""
