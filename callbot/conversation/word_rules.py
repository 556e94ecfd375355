"""Words that mean something, except beside words that take the meaning back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from re import Match, Pattern

BEFORE, AFTER = 12, 12
"""How many characters around the words may take their meaning back; speech comes without clauses."""


@dataclass(frozen=True, slots=True)
class WordRule:
    """Finds `words` in plain text, unless `unless` is found close to them in the same sentence."""

    words: Pattern[str]
    unless: Pattern[str] | None = None

    def match(self, text: str) -> Match[str] | None:
        for match in self.words.finditer(text):
            if self.unless is None or not self.unless.search(around(text, match)):
                return match
        return None


def around(text: str, match: Match[str]) -> str:
    """The words with their neighbours, cut at the ends of the sentence."""
    before = re.split(r"[。？]", text[max(0, match.start() - BEFORE) : match.start()])[-1]
    after = re.split(r"。", text[match.end() : match.end() + AFTER])[0]
    return before + match.group(0) + after


def rules(unless: str, *words: str) -> tuple[WordRule, ...]:
    """Rules that share what takes their meaning back; an empty `unless` takes nothing back."""
    excused = re.compile(unless) if unless else None
    return tuple(WordRule(re.compile(source), excused) for source in words)


def first_words(found_by: Sequence[WordRule], text: str) -> str:
    """The words of the first rule that applies, empty when none does."""
    for rule in found_by:
        if match := rule.match(text):
            return match.group(0)
    return ""
