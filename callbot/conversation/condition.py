"""What a wording, a variation or a branch may depend on: the offer, the person, what was heard. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CONDITIONS = (
    "offer",
    "offer.discount",
    "offer.amount",
    "offer.min_spend",
    "offer.gift",
    "offer.until",
    "offer.deadline",
    "person.salutation",
    "person.reason",
    "person.strategy",
    "feels",
)
"""Everything a condition may name, besides `slot.…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that must be so."""

    name: str
    """One of `CONDITIONS`, or `slot.NAME`."""
    among: tuple[str, ...] = ()
    """The value must be one of these; empty: any."""
    known: bool = True
    """Whether it must be known, or must not be."""

    def holds(self, filled: Mapping[str, str]) -> bool:
        """`filled` as `wording.values` makes it: what is unknown is absent."""
        value = filled.get("offer.title" if self.name == "offer" else self.name, "")
        if not self.known:
            return not value
        return value in self.among if self.among else bool(value)

    def __str__(self) -> str:
        if not self.known:
            return f"没有 {self.name}"
        return f"{self.name} 是{'或'.join(self.among)}" if self.among else f"有 {self.name}"


def all_hold(conditions: Iterable[Condition], filled: Mapping[str, str]) -> bool:
    """Are all of them true of what can be filled in?"""
    return all(condition.holds(filled) for condition in conditions)
