"""A condition in Chinese, as a supervisor would say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from callbot.audience.tags.words import NUMBERS, TESTS, TRAITS, NumberWord
from callbot.store.tag_tree import (
    Compare,
    Every,
    Figure,
    Holds,
    Node,
    Not,
    Number,
    OneOf,
    Op,
    Some,
    Trait,
    Unit,
    Within,
)

_UNITS: Final = {Unit.DAY: "天", Unit.WEEK: "周", Unit.MONTH: "个月", Unit.YEAR: "年"}
_FEWER: Final = {
    Op.LT: "少于",
    Op.LE: "不超过",
    Op.GT: "超过",
    Op.GE: "不少于",
    Op.EQ: "正好",
    Op.NE: "不是",
}
_LOWER: Final = {**_FEWER, Op.LT: "小于", Op.GT: "大于", Op.GE: "不小于", Op.EQ: "是"}
_MEASURES: Final = frozenset({Number.AGE, Number.BIRTHDAY_MONTH, Number.PRIORITY})
_TRAITS: Final = {word.trait: word for word in TRAITS}
_TESTS: Final = {word.test: word for word in TESTS}
_NUMBERS: Final = {(word.number, word.kinds): word for word in NUMBERS}


def explain(tree: Node) -> str:
    """One zh-CN sentence without a full stop."""
    return _say(tree, nested=False)


def title(figure: Figure) -> str:
    """What a figure measures: 近 6 个月登录."""
    words = number_word(figure)
    if figure.period is not None:
        return f"近 {figure.period.count} {_UNITS[figure.period.unit]}{words.title}"
    return f"累计{words.title}" if words.counts else words.title


def trait_title(trait: Trait) -> str:
    return _TRAITS[trait].title


def shown(figure: Figure, value: int) -> str:
    """A value with its unit."""
    words = number_word(figure)
    if words.scale > 1:
        yuan, fen = divmod(value, words.scale)
        return f"{yuan:,}.{fen:02} {words.unit}" if fen else f"{yuan:,} {words.unit}"
    return f"{value:,} {words.unit}"


def number_word(figure: Figure) -> NumberWord:
    return _NUMBERS[(figure.number, figure.kinds)]


def said(leaf: Holds, yes: bool) -> str:
    """A test and its answer: 未持有「金融产品」."""
    word = _TESTS[leaf.test]
    return (word.yes if yes else word.no).format(_spoken(leaf.text, word.choices))


def spoken(trait: Trait, stored: str) -> str:
    """What staff call a stored word: ecommerce is 电商."""
    return _spoken(stored, _TRAITS[trait].choices)


def _say(tree: Node, *, nested: bool) -> str:
    match tree:
        case Every(parts=parts):
            text = "，且".join(_say(part, nested=True) for part in parts)
            return f"（{text}）" if nested else text
        case Some(parts=parts):
            text = "，或".join(_say(part, nested=True) for part in parts)
            return f"（{text}）" if nested else text
        case Not(part=Holds() as leaf):
            return said(leaf, False)
        case Not(part=OneOf(trait=trait, values=values)):
            return f"{trait_title(trait)}不是{_either(trait, values)}"
        case Not(part=Within(figure=figure, low=low, high=high)):
            return f"{title(figure)}不在 {_number(figure, low)} 至 {shown(figure, high)}之间"
        case Not(part=part):
            inside = _say(part, nested=False)
            return f"不满足“{inside}”"
        case OneOf(trait=trait, values=values):
            return f"{trait_title(trait)}是{_either(trait, values)}"
        case Compare(figure=figure, op=op, value=value):
            words = _LOWER if figure.number in _MEASURES else _FEWER
            return f"{title(figure)}{words[op]} {shown(figure, value)}"
        case Within(figure=figure, low=low, high=high):
            return f"{title(figure)} {_number(figure, low)} 至 {shown(figure, high)}"
        case Holds():
            return said(tree, True)
    assert_never(tree)


def _number(figure: Figure, value: int) -> str:
    return shown(figure, value).rsplit(" ", 1)[0]


def _either(trait: Trait, values: tuple[str, ...]) -> str:
    return "或".join(spoken(trait, value) for value in values)


def _spoken(stored: str, choices: Mapping[str, str]) -> str:
    return next((said for said, kept in choices.items() if kept == stored), stored)
