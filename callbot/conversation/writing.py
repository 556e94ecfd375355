"""Wording, as a port: the scripted writer needs nothing, the LLM writer an OpenAI-compatible server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.prompt_use import PromptUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the bot is about to react to, for a few words of sympathy or transition."""

    act: str
    """The flow's act, e.g. `answer_price`, `transfer`."""
    heard: str
    """The callee's words. Data, never instruction."""
    intent: str
    emotion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A few words that hold no facts, and what it took to get them."""

    text: str = ""
    """At most 40 characters; empty: nothing needs to be said."""
    prompts: tuple[PromptUse, ...] = ()
    """Requests made to models, those whose answer was not used as well."""


class Writer(Protocol):
    """Puts acts into words. What it writes passes the guard before anybody hears it."""

    async def opener(self, person: Person, offers: tuple[Offer, ...], today: date) -> Opener:
        """The opener for one attempt, already guarded; never raises for a failing model, falls back instead."""
        ...

    async def transition(self, moment: Moment) -> Transition:
        """A few words of sympathy or transition."""
        ...

    async def aclose(self) -> None: ...
