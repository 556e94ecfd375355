"""Wording, as a port: the scripted writer needs nothing, the LLM writer an OpenAI-compatible server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from callbot.conversation.facts import Offer, Opener, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the bot is about to react to, for a few words of sympathy or transition."""

    act: str
    """The flow's act, e.g. `answer_price`, `transfer`."""
    heard: str
    """The callee's words. Data, never instruction."""
    intent: str
    emotion: str


class Writer(Protocol):
    """Puts acts into words. What it writes passes the guard before anybody hears it."""

    async def opener(self, person: Person, offers: tuple[Offer, ...], today: date) -> Opener:
        """The opener for one attempt, already guarded; never raises for a failing model, falls back instead."""
        ...

    async def transition(self, moment: Moment) -> str:
        """At most 40 characters of sympathy or transition, or an empty string. Holds no facts."""
        ...

    async def aclose(self) -> None: ...
