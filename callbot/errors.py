"""The errors that callbot shows to people: what happened, to which thing, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with something a person gave us."""

    where: str
    """File, row and column, line, setting or call id: as exact as it is known."""
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} → {self.cure}"


class CallbotError(Exception):
    """Base of every error meant for a person.

    `code` is stable and machine-readable; `retryable` says whether the same call may succeed later.
    """

    code = "callbot-error"
    retryable = False


class BadInput(CallbotError):
    """A file, setting, flow, offer sheet, wav or prompt that cannot be used; lists every problem found."""

    code = "bad-input"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def one(cls, where: str, what: str, cure: str) -> BadInput:
        return cls([Problem(where=where, what=what, cure=cure)])
