"""Before anything is spoken, every number, discount, date, price and promise word is checked against the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from callbot.conversation.facts import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that may be said as a fact in this call."""

    offers: tuple[Offer, ...]
    facts: tuple[str, ...]
    """Profile facts cited and knowledge entries used, in plain zh-CN."""
    slots: Mapping[str, str] = field(default_factory=dict)
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing that must not be said."""

    span: str
    why: str
