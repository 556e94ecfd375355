"""One sentence that tells an agent the whole call, as a port: nothing without a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from callbot.conversation.prompt_use import PromptUse
from handoff.offer import Brief, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a model made of the call."""

    text: str = ""
    """At most 60 characters that the rules let through; empty: the card stands as it is."""
    prompts: tuple[PromptUse, ...] = ()
    """Requests made to models, those whose answer was not used as well."""


class BriefWriter(Protocol):
    """Writes the sentence at the top of an agent's card."""

    async def summary(self, card: Brief, said: tuple[Line, ...]) -> Summary:
        """Never raises for a failing model; keeps its deadline."""
        ...


class NoBriefWriter(BriefWriter):
    """The card by rules alone."""

    async def summary(self, card: Brief, said: tuple[Line, ...]) -> Summary:
        return Summary()
