"""The lines of a flow file: wordings, placeholders, promises and conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from callbot.conversation.condition import CONDITIONS, Condition
from callbot.conversation.flow import OPENER, Line
from callbot.conversation.flow_source import Mistakes, Place
from callbot.conversation.wording import PLACEHOLDERS, placeholders

LONGEST_SENTENCE = 40
"""Characters between two stops that a listener follows without effort."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_STOPS = re.compile(r"[。！？；]")


class LineReader:
    """Reads lines, and what is said by name or in so many words."""

    def __init__(self, mistakes: Mistakes) -> None:
        self.mistakes = mistakes
        self.lines: dict[str, Line] = {}

    def add(self, place: Place) -> None:
        """The lines of one file; a line known already is replaced."""
        for name, spot in place.items():
            self.lines[name] = self.line(name, spot)

    def line(self, name: str, place: Place) -> Line:
        body, promise = place, ""
        if isinstance(place.data, dict):
            promise, body = str(place.data.get("promise", "")), place["say"]
        variants: list[str] = []
        promises: dict[str, str] = {}
        only_if: dict[str, tuple[Condition, ...]] = {}
        for spot in body.rows():
            own = spot.data if isinstance(spot.data, dict) else {"say": spot.data}
            words = str(own["say"])
            self.check_words(words, spot)
            variants.append(words)
            if kind := str(own.get("promise", promise)):
                promises[words] = kind
            if "only_if" in own:
                only_if[words] = self.conditions(spot["only_if"])
        if len(only_if) == len(set(variants)):
            self.mistakes.complain(place, f"`{name}` 没有一种说法适合所有人", "补一种不带 `only_if` 的说法")
        return Line(name=name, variants=tuple(dict.fromkeys(variants)), promises=promises, only_if=only_if)

    def conditions(self, place: Place) -> tuple[Condition, ...]:
        """`[offer.deadline]`: known; `{person.reason: [体验受损], offer: false}`: by value, or absent."""
        found: list[Condition] = []
        if isinstance(place.data, Mapping):
            for name, spot in place.items():
                if isinstance(spot.data, bool):
                    found.append(Condition(name=name, known=spot.data))
                else:
                    found.append(Condition(name=name, among=tuple(str(row.data) for row in spot.rows())))
        else:
            found = [Condition(name=str(row.data)) for row in place.rows()]
        for condition in found:
            if condition.name not in CONDITIONS and not re.fullmatch(r"slot\.[a-z_]+", condition.name):
                self.mistakes.complain(
                    place,
                    f"没有 `{condition.name}` 这个条件",
                    f"可用：{'、'.join(CONDITIONS)}、slot.名称",
                )
        return tuple(found)

    def check_words(self, text: str, place: Place) -> None:
        complain = self.mistakes.complain
        try:
            names = placeholders(text)
        except ValueError as error:
            complain(place, f"“{text}”里的占位符不完整：{error}", "把每个括号配齐")
            return
        for name in names:
            if name not in PLACEHOLDERS and not name.startswith("slot."):
                complain(
                    place,
                    f"没有 {{{name}}} 这个占位符",
                    f"可用：{'、'.join(sorted(PLACEHOLDERS))}、slot.名称",
                )
        for sentence in _STOPS.split(text):
            if len(re.sub(r"\{[^}]*\}", "某某", sentence)) > LONGEST_SENTENCE:
                complain(place, f"一句话超过 {LONGEST_SENTENCE} 个字：{sentence}", "拆成两句")

    def words(self, place: Place, *, name: str = "") -> tuple[Line, ...]:
        """Lines by name, or text written where it is said."""
        return tuple(self.one(str(spot.data), spot, name) for spot in place.rows())

    def one(self, words: str, place: Place, name: str = "") -> Line:
        if words == OPENER:
            return Line(name=OPENER, variants=("",))
        if words in self.lines:
            return self.lines[words]
        if _NAME.fullmatch(words):
            self.mistakes.complain(
                place, f"没有 `{words}` 这一行话", "在 `lines:` 下面补上，或者直接把话写在这里"
            )
        else:
            self.check_words(words, place)
        return Line(name=name or words, variants=(words,))
