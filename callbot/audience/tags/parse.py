"""From what staff write to a condition tree; every mistake is named with its column and a cure."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from callbot.audience.tags.words import WORDS, NumberWord, TestWord, TraitWord, find_word, nearest
from callbot.errors import BadInput, Problem
from callbot.store.tag_tree import (
    Compare,
    Every,
    Figure,
    Holds,
    Node,
    Not,
    OneOf,
    Op,
    Period,
    Some,
    Unit,
    Within,
)

LONGEST: Final = 2_000
"""Characters of one condition."""
DEEPEST: Final = 30
"""Brackets and negations inside one another."""
_LARGEST: Final = 10**12
_LONGEST_PERIOD: Final = 10_000

_OPS: Final = {
    Op.LT: ("<", "＜", "少于", "小于", "低于"),
    Op.LE: ("<=", "≤", "不超过", "至多"),
    Op.GT: (">", "＞", "超过", "大于", "多于"),
    Op.GE: (">=", "≥", "不少于", "不低于", "至少"),
    Op.EQ: ("==", "=", "＝", "等于", "是", "为"),
    Op.NE: ("!=", "<>", "≠", "不等于", "不是"),
}
_OP: Final = {written: op for op, all_written in _OPS.items() for written in all_written}
_UNITS: Final = {
    "d": Unit.DAY,
    "天": Unit.DAY,
    "日": Unit.DAY,
    "w": Unit.WEEK,
    "周": Unit.WEEK,
    "m": Unit.MONTH,
    "月": Unit.MONTH,
    "个月": Unit.MONTH,
    "y": Unit.YEAR,
    "年": Unit.YEAR,
}
_EXPECTED: Final = (
    ({"OP", "IN", "_BETWEEN"}, "比较", '写上比较，例如 < 3、== "男" 或 in 30..40'),
    ({"NUMBER", "STRING"}, "值", "写上数字，或用引号括起的文字"),
    ({"NAME"}, "条件", "写上一个条件，例如 logins(6m) < 3"),
    ({"_OR", "$END"}, "连接词", "两个条件之间写 and 或 or"),
    ({"_TO"}, "范围的终点", "范围写成 30..40"),
    ({"_RSQB"}, "右方括号", "补上右方括号 ]"),
    ({"_RPAR"}, "右括号", "补上右括号 )"),
)


@lru_cache(maxsize=1_024)
def parse(text: str) -> Node:
    """The tree of a condition. Raises `BadInput` with column (from 1), mistake and cure of each problem."""
    if not text.strip():
        raise _bad(1, "条件是空的", "写一个条件，例如 logins(6m) < 3")
    if len(text) > LONGEST:
        raise _bad(LONGEST + 1, f"条件超过 {LONGEST} 个字符", "拆成几个标签，再用 has_tag 组合")
    try:
        found = _lark().parse(text)
    except UnexpectedInput as error:
        raise _syntax(error, text) from None
    reading = _Reading()
    tree = reading.node(found, 0)
    if reading.problems:
        raise BadInput(sorted(reading.problems, key=lambda each: int(each.where.removeprefix("列 "))))
    return cast(Node, tree)


@cache
def _lark() -> Lark:
    grammar = files("callbot.audience.tags").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


class _Reading:
    """One walk over the parse tree: collects every mistake, so that all are shown at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def complain(self, at: Any, what: str, cure: str) -> None:
        self.problems.append(Problem(where=f"列 {_column(at)}", what=what, cure=cure))

    def node(self, tree: Tree[Token], depth: int) -> Node | None:
        if depth > DEEPEST:
            self.complain(tree, f"括号与否定套了超过 {DEEPEST} 层", "拆成几个标签，再用 has_tag 组合")
            return None
        match tree.data:
            case "start":
                return self.node(_child(tree, 0), depth)
            case "either" | "both":
                if len(tree.children) == 1:
                    return self.node(_child(tree, 0), depth if tree.data == "either" else depth + 1)
                parts = [self.node(_child(tree, index), depth + 1) for index in range(len(tree.children))]
                known = tuple(part for part in parts if part is not None)
                return Some(parts=known) if tree.data == "either" else Every(parts=known)
            case "negated":
                part = self.node(_child(tree, 0), depth + 1)
                return Not(part=part) if part is not None else None
            case _:
                return self.condition(tree)

    def condition(self, tree: Tree[Token]) -> Node | None:
        term = _child(tree, 0)
        name = term.children[1]
        word = find_word(str(name))
        if word is None:
            close = nearest(str(name), WORDS)
            self.complain(
                name,
                f"没有「{name}」这个词",
                f"是不是 {close}？" if close else "callbot tag words 列出全部可用的词",
            )
            return None
        match word:
            case TestWord():
                return self.test(tree, term, word)
            case TraitWord():
                return self.trait(tree, term, word)
            case NumberWord():
                return self.number(tree, term, word)

    # The three kinds of words

    def test(self, tree: Tree[Token], term: Tree[Token], word: TestWord) -> Node | None:
        period, name, argument = term.children
        example = f'{name}("{next(iter(word.choices), "金融产品")}")'
        if tree.data != "bare" or period is not None:
            self.complain(
                tree.children[1] if tree.data != "bare" else period,
                f"{name} 问的是“是或否”，不能比较",
                f"只写 {example}",
            )
            return None
        if not (isinstance(argument, Tree) and argument.data == "text"):
            self.complain(
                argument if argument is not None else name, f"{name} 要在括号里写一段文字", f"写成 {example}"
            )
            return None
        text = self.choice(argument, word)
        return Holds(test=word.test, text=text) if text is not None else None

    def trait(self, tree: Tree[Token], term: Tree[Token], word: TraitWord) -> Node | None:
        period, name, argument = term.children
        example = f'{name} == "{next(iter(word.choices), "…")}"'
        if period is not None or argument is not None:
            self.complain(period or argument, f"{name} 是客户的属性，不带时间或括号", f"写成 {example}")
            return None
        match tree.data:
            case "compared":
                op = _OP[str(tree.children[1])]
                if op not in (Op.EQ, Op.NE):
                    self.complain(tree.children[1], f"{name} 是文字，不能比大小", f"写成 {example}")
                    return None
                value = self.text(_child(tree, 2), word, example)
                found = OneOf(trait=word.trait, values=(value,)) if value is not None else None
                return Not(part=found) if found is not None and op is Op.NE else found
            case "listed":
                places = [each for each in tree.children[2:] if isinstance(each, Tree)]
                if not places:
                    self.complain(tree.children[1], "列表是空的", f'写成 {name} in ["…", "…"]')
                    return None
                values = [self.text(place, word, example) for place in places]
                known = tuple(dict.fromkeys(each for each in values if each is not None))
                listed = OneOf(trait=word.trait, values=known)
                return Not(part=listed) if _negated(tree.children[1]) else listed
            case "within":
                self.complain(tree, f"{name} 是文字，没有范围", f'写成 {name} in ["…", "…"]')
                return None
            case _:
                self.complain(tree, f"{name} 后面缺少比较", f"写成 {example}")
                return None

    def number(self, tree: Tree[Token], term: Tree[Token], word: NumberWord) -> Node | None:
        figure = self.figure(term, word)
        example = f"{word.name}{'(6m)' if word.counts else ''} < 3"
        match tree.data:
            case "compared":
                value = self.whole(_child(tree, 2), word, example)
                if figure is None or value is None:
                    return None
                return Compare(figure=figure, op=_OP[str(tree.children[1])], value=value)
            case "within":
                *head, first, last = tree.children
                low, high = self.whole(first, word, example), self.whole(last, word, example)
                if low is not None and high is not None and low > high:
                    self.complain(first, "范围的起点大于终点", "把两个数对调")
                    return None
                if figure is None or low is None or high is None:
                    return None
                within = Within(figure=figure, low=low, high=high)
                return Not(part=within) if len(head) > 1 and _negated(head[1]) else within
            case "listed":
                places = [each for each in tree.children[2:] if isinstance(each, Tree)]
                if not places:
                    self.complain(tree.children[1], "列表是空的", f"写成 {word.name} in [3, 4]")
                    return None
                values = [self.whole(place, word, example) for place in places]
                if figure is None or None in values:
                    return None
                parts = tuple(
                    Compare(figure=figure, op=Op.EQ, value=each) for each in values if each is not None
                )
                listed: Node = Some(parts=parts) if len(parts) > 1 else parts[0]
                return Not(part=listed) if _negated(tree.children[1]) else listed
            case _:
                self.complain(tree, f"{word.name} 是数字，后面缺少比较", f"写成 {example}")
                return None

    # Their parts

    def figure(self, term: Tree[Token], word: NumberWord) -> Figure | None:
        front, name, argument = term.children
        given = [each for each in (front, argument) if each is not None]
        if not given:
            return Figure(number=word.number, kinds=word.kinds)
        if not word.counts:
            self.complain(given[0], f"{name} 不按时间段计数", f"写成 {word.name} < 3，不带括号")
            return None
        if len(given) > 1:
            self.complain(given[1], "时间段写了两次", "只留一个")
            return None
        if not (isinstance(given[0], Token) and given[0].type == "PERIOD"):
            self.complain(
                given[0], "时间段缺少单位", f"写成 {name}(6m)（月）、{name}(90d)（天）、{name}(1y)（年）"
            )
            return None
        period = self.period(given[0])
        return Figure(number=word.number, kinds=word.kinds, period=period) if period else None

    def period(self, token: Token) -> Period | None:
        digits, unit_word = re.findall(r"\d+|\D+$", str(token))
        count, unit = int(digits), _UNITS[unit_word.strip().lower()]
        if not 1 <= count <= _LONGEST_PERIOD:
            self.complain(token, f"时间段要在 1 到 {_LONGEST_PERIOD} 之间", "改成例如 6m")
            return None
        return Period(count=count, unit=unit)

    def whole(self, place: Any, word: NumberWord, example: str) -> int | None:
        """The value in the figure's own unit."""
        if place.data != "number":
            self.complain(place, f"{word.name} 是数字，不能与文字比较", f"写成 {example}")
            return None
        digits, unit = place.children
        if unit is not None and str(unit) != word.unit:
            self.complain(unit, f"{word.name} 的单位是{word.unit}，不是{unit}", f"写 {word.unit} 或不写单位")
            return None
        value = Decimal(str(digits)) * word.scale
        if value != value.to_integral_value():
            what = "金额最多到分" if word.scale > 1 else f"{word.name} 只有整数"
            self.complain(digits, what, "改成整数" if word.scale == 1 else "最多两位小数")
            return None
        if abs(value) > _LARGEST:
            self.complain(digits, "数字太大", "核对数字")
            return None
        return int(value)

    def text(self, place: Any, word: TraitWord, example: str) -> str | None:
        if place.data != "text":
            self.complain(place, f"{word.name} 是文字，要加引号", f"写成 {example}")
            return None
        return self.choice(place, word)

    def choice(self, place: Tree[Token], word: TraitWord | TestWord) -> str | None:
        """The text between the quotes, as it is stored."""
        text = str(place.children[0])[1:-1].strip()
        if not text or not text.isprintable():
            self.complain(place, "引号里没有可用的文字", "写上文字")
            return None
        if not word.choices or text in word.choices:
            return word.choices.get(text, text)
        close = nearest(text, word.choices)
        known = "、".join(key for key in word.choices if not key.isascii() or key == "APP")
        self.complain(
            place, f"{word.name} 没有「{text}」", f"是不是「{close}」？" if close else f"可以写：{known}"
        )
        return None


def _child(tree: Tree[Token], index: int) -> Tree[Token]:
    return cast("Tree[Token]", tree.children[index])


def _negated(token: Any) -> bool:
    return isinstance(token, Token) and str(token)[:1] in "nN不"


def _column(at: Any) -> int:
    if isinstance(at, Token):
        return (at.start_pos or 0) + 1
    return int(getattr(at.meta, "start_pos", 0)) + 1


def _bad(column: int, what: str, cure: str) -> BadInput:
    return BadInput.one(f"列 {column}", what, cure)


def _syntax(error: UnexpectedInput, text: str) -> BadInput:
    """A parser's complaint in the words of whoever wrote the condition."""
    expected = set[str]()
    if isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
    elif isinstance(error, UnexpectedCharacters):
        expected = set(error.allowed or ())
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    what, cure = next(
        ((missing, cure) for names, missing, cure in _EXPECTED if names & expected), ("条件", "核对写法")
    )
    if at_end:
        return _bad(len(text.rstrip()) + 1, f"条件没有写完，缺少{what}", cure)
    position = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken):
        found = str(error.token)
    else:
        found = text[position : position + 1]
        if found in "\"'“「":
            return _bad(position + 1, "引号没有配对", "补上另一半引号")
    return _bad(position + 1, f"这里应是{what}，却是「{found}」", cure)
