"""Did the human ask again what was known? Rules on the words of a conversation. Pure; zh-CN."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_ASKS: Final = re.compile(
    r"[?？]|吗|么[。，！]?$|呢[。，！]?$|什么|怎么|为什么|多少|哪|几[点号天个年月]|谁|是不是|有没有|能不能|可不可以"
    r"|请问|麻烦您(再)?(说|讲|报)|(再|重新)(说|讲|描述)"
)
_CLAUSES: Final = re.compile(r"[。！!；;\n]|(?<=[?？])")
_OPEN: Final = re.compile(r"什么事|什么问题|怎么回事|什么情况|(说|讲|描述)(一下|一遍)|有什么(可以|能)帮")
"""您遇到什么问题: asks for all that the customer has told already."""
_POLITE: Final = re.compile(
    r"方便(接|说|听)|听得(清|到|见)|可以吗|好吗|行吗|对吗|是吗|还有(什么|别的|其他)|满意吗"
)
"""Asks for leave, for a check of what is known, or for what is new: good manners, not a repetition."""
_STOP: Final = frozenset("的了吗呢啊呀吧您你我他她它这那是在有和就都也还请问一下个什么怎么为多少哪几谁")
_ALIKE: Final = 0.5
_ABOUT: Final[Mapping[str, str]] = {
    "产品": r"(什么|哪个|哪款|哪种)(产品|商品|东西|型号)|买的(是)?什么",
    "金额": r"多少钱|什么价|金额|花了多少",
    "在意": r"(在意|顾虑|担心|不满意).{0,4}(什么|哪)|(什么|哪里).{0,4}(顾虑|不满意|担心)",
    "方便时间": r"什么时(候|间)|几点|哪天|多久|方便.{0,3}时间",
    "姓名": r"(您|你)?(贵姓|叫什么|怎么称呼)|(您|你)的(名字|姓名)",
    "电话": r"(您|你)的?(电话|手机|号码).{0,4}(多少|是)",
}
"""Slots by the name the brief shows, and how people ask for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAgain:
    """A question to which the answer was known."""

    words: str
    about: str
    """The slot, or the question that the bot had asked and got an answer to."""
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A turn, times in ms of the recording."""

    text: str
    start_ms: int


def questions(turns: Iterable[Spoken]) -> Iterator[Spoken]:
    """Every question in these turns, polite ones left out."""
    for turn in turns:
        for clause in _CLAUSES.split(turn.text):
            words = (clause or "").strip("，, ")
            if words and _ASKS.search(words) and not _POLITE.search(words):
                yield Spoken(text=words, start_ms=turn.start_ms)


def asked_again(
    agent: Sequence[Spoken],
    *,
    answered: Mapping[str, str],
    bot_asked: Sequence[str],
    reason_told: bool,
) -> tuple[AskedAgain, ...]:
    """The human's questions whose answer the brief or the call held already (R163).

    `answered`: slots by their shown names. `bot_asked`: questions of the bot that got an answer. `reason_told`:
    the customer had said what it is about, so that asking for it is asking again.
    """
    found: list[AskedAgain] = []
    for question in questions(agent):
        about = _about(question.text, answered, bot_asked, reason_told)
        if about:
            found.append(AskedAgain(words=question.text, about=about, at_ms=question.start_ms))
    return tuple(found)


def _about(text: str, answered: Mapping[str, str], bot_asked: Sequence[str], reason_told: bool) -> str:
    for name, value in answered.items():
        pattern = _ABOUT.get(name)
        if value and pattern is not None and re.search(pattern, text):
            return name
    if reason_told and _OPEN.search(text):
        return "来意"
    return next((asked for asked in bot_asked if _alike(text, asked)), "")


def _alike(one: str, other: str) -> bool:
    """Whether two questions share most of their pairs of characters, small words aside."""
    first, second = _pairs(one), _pairs(other)
    return bool(first and second) and len(first & second) / min(len(first), len(second)) >= _ALIKE


def _pairs(text: str) -> frozenset[str]:
    signs = [sign for sign in text if "\u4e00" <= sign <= "\u9fff" and sign not in _STOP]
    return frozenset(first + second for first, second in pairwise(signs))
