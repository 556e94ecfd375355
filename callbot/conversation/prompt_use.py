"""One question to a model, accounted for: which prompt, which model, how many tokens, what it cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptUse:
    """One request to one server. It is kept whether or not its answer was used: it is paid for all the same."""

    prompt: str
    """Name of the prompt file: `opener`."""
    version: str
    sha256: str
    """Of the prompt file, so that the words can be traced to the very text that asked for them."""
    model: str
    server: str
    """`primary` or `secondary`."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: int = 0
    """Micro-yuan: tokens times the price in yuan for a million of them."""
    metered: bool = False
    """The server said how many tokens it were; one that broke off did not."""
    failed: str = ""
    """Empty: its answer was used. Else `first-token`, `gap`, `deadline`, `empty`, `too-long`, `broken-off`,
    `unreadable`, `rejected` (by the checks of its words), `unreachable` or `status-` with the number."""
    ms: int = 0
    """How long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What several requests came to."""

    asked: int = 0
    failed: int = 0
    unmetered: int = 0
    """Requests whose tokens nobody knows; they are not in the sums."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: int = 0
    """Micro-yuan."""


def spending(uses: Iterable[PromptUse]) -> Spending:
    """The account of some requests."""
    made = tuple(uses)
    return Spending(
        asked=len(made),
        failed=sum(bool(use.failed) for use in made),
        unmetered=sum(not use.metered for use in made),
        tokens_in=sum(use.tokens_in for use in made),
        tokens_out=sum(use.tokens_out for use in made),
        cost=sum(use.cost for use in made),
    )


def answered(uses: Iterable[PromptUse]) -> tuple[PromptUse, ...]:
    """Those whose answer was used."""
    return tuple(use for use in uses if not use.failed)
