"""What no call of this process may say any more. One book for all its calls; the guard reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from callbot.conversation import guard
from callbot.conversation.guard import Sheet, Violation
from callbot.conversation.result import Turn


class RecallBook:
    """Grows while calls run; every text that is made afterwards is checked against it."""

    def __init__(self) -> None:
        self._offers: set[str] = set()
        self._lines: set[str] = set()

    def withdraw_offer(self, code: str) -> None:
        self._offers.add(code)

    def withdraw_line(self, words: str) -> None:
        """A sentence or a part of one; punctuation does not matter."""
        if plain := _plain(words):
            self._lines.add(plain)

    def check(self, text: str, sheet: Sheet) -> Sequence[Violation]:
        """`guard.check` without what was withdrawn. Pure for a book that stands still."""
        offers = tuple(offer for offer in sheet.offers if offer.code not in self._offers)
        gone = [offer for offer in sheet.offers if offer.code in self._offers]
        recalled = [
            *(offer.title for offer in gone if offer.title in text),
            *(words for words in self._lines if words in _plain(text)),
        ]
        return (
            *(Violation(span=words, why="已被主管撤回") for words in recalled),
            *guard.check(text, replace(sheet, offers=offers)),
        )


def heard(turns: Iterable[Turn], kind: str, value: str) -> Turn | None:
    """The first turn of the bot in which the callee heard what is recalled now."""
    for turn in turns:
        if turn.speaker != "bot" or not turn.heard:
            continue
        if value in turn.offers if kind == "offer" else _plain(value) in _plain(turn.heard):
            return turn
    return None


def _plain(text: str) -> str:
    return re.sub(r"[\s，。！？；、,.!?;:：“”\"']", "", text)
