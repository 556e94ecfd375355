"""The card an agent reads in 15 seconds, made from what the call knows. Pure; zh-CN."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handoff.offer import Brief

_OWN_WORDS: Final = 60
_VALUE: Final = 20
_LINE: Final = 30
_ANSWERED: Final = 5
_LISTED: Final = 3
_TELLING: Final = 5
"""Characters from which an utterance says something: 嗯 and 你好 do not."""

_WHY: Final[Mapping[str, str]] = {
    "complaint": "客户投诉，需要人工受理",
    "explicit_request": "客户要求人工服务",
    "high_value_complex_query": "重要客户的问题较复杂",
    "repeated_misunderstanding": "机器人几次没有听懂",
    "vulnerable_person": "客户可能需要特别照顾",
    "legal_threat": "客户提到法律途径或媒体",
}
_DO: Final[Mapping[str, tuple[str, ...]]] = {
    "complaint": ("先道歉，再问清经过", "给出处理人和答复时间"),
    "explicit_request": ("先报姓名，直接接着问题谈",),
    "high_value_complex_query": ("称呼姓名，一次说清方案",),
    "repeated_misunderstanding": ("先为沟通不顺道歉", "用自己的话确认一遍需求"),
    "vulnerable_person": ("放慢语速，先问是否方便", "必要时约家人一起沟通"),
    "legal_threat": ("先道歉并如实记录", "转告主管，由专人答复"),
}
_DONT: Final[Mapping[str, tuple[str, ...]]] = {
    "complaint": ("不要推销", "不要让客户重复已说过的经过"),
    "explicit_request": ("不要再问已经回答过的问题",),
    "high_value_complex_query": ("不要承诺优惠单以外的条件",),
    "repeated_misunderstanding": ("不要从头重问一遍",),
    "vulnerable_person": ("不要推销", "不要催促客户决定"),
    "legal_threat": ("不要推销，不要争辩", "不要评价责任归属"),
}
_MOOD: Final[Mapping[str, str]] = {
    "positive": "心情不错",
    "hesitant": "犹豫",
    "impatient": "着急",
    "angry": "生气",
    "sad_worried": "难过或担心",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefTurn:
    """One turn of the call so far, times in ms of the recording."""

    speaker: str
    """bot, callee or agent."""
    text: str
    start_ms: int
    end_ms: int
    emotion: str = ""


def make_brief(
    *,
    reason: str,
    customer_name: str,
    turns: Sequence[BriefTurn],
    slots: Mapping[str, str] | None = None,
    promises: Sequence[str] = (),
    offers_allowed: Sequence[str] = (),
) -> Brief:
    """The card for one transfer.

    `reason` is one of the transfer reasons; another text stands as it is. `slots` are what was asked and
    answered, by the name to show. For a complaint or a legal threat `offers_allowed` holds compensation only.
    """
    said = _own_words(turns)
    return Brief(
        why=_WHY.get(reason, shortened(reason, _LINE) or "需要人工服务"),
        customer=customer_name.strip() or "客户（姓名未知）",
        own_words=shortened(said.text, _OWN_WORDS) if said else "（还没有说明原因）",
        own_words_ms=(said.start_ms, said.end_ms) if said else None,
        mood=_moods(turns),
        answered={
            name: shortened(value, _VALUE) for name, value in list((slots or {}).items())[:_ANSWERED] if value
        },
        promised=_listed(promises),
        may_offer=_listed(offers_allowed),
        do=_DO.get(reason, ("先报姓名，确认客户的需求",)),
        dont=_DONT.get(reason, ("不要再问已经回答过的问题",)),
    )


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut after a clause where one ends in the second half, and marked with …"""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    ends = [match.end() for match in re.finditer(r"[，。！？；,.!?;]", kept) if match.end() > limit // 2]
    return (kept[: ends[-1]] if ends else kept).rstrip("，。；,.; ") + "…"


def _own_words(turns: Sequence[BriefTurn]) -> BriefTurn | None:
    """The last telling sentence of the callee, else the last one at all."""
    spoken = [turn for turn in turns if turn.speaker == "callee" and turn.text.strip()]
    telling = [turn for turn in spoken if len(turn.text.strip()) >= _TELLING]
    return telling[-1] if telling else spoken[-1] if spoken else None


def _moods(turns: Sequence[BriefTurn]) -> tuple[str, ...]:
    """How the mood went, the last three changes; a calm callee has none."""
    moods: list[str] = []
    for turn in turns:
        mood = _MOOD.get(turn.emotion, "") if turn.speaker == "callee" else ""
        if mood and moods[-1:] != [mood]:
            moods.append(mood)
    return tuple(moods[-_LISTED:])


def _listed(lines: Sequence[str]) -> tuple[str, ...]:
    distinct = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    return tuple(shortened(line, _LINE) for line in distinct[:_LISTED])
