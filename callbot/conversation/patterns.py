"""What people do in any conversation, whatever it is about: ask for a moment, take a word back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from callbot.conversation.labels import Intent, Signal
from callbot.conversation.reading import Reading
from callbot.conversation.turn_cues import bare, is_hesitating
from callbot.conversation.understand.normal import plain
from callbot.conversation.understand.phrases import look

__all__ = [
    "MEANWHILE",
    "QUESTIONS",
    "as_question",
    "asks_for_a_moment",
    "in_so_many_words",
    "is_an_account",
    "is_hesitating",
    "may_ask",
    "takes_back",
    "wants_to_speak",
]

_MOMENT = re.compile(
    r"^(?:[哎诶唉喂啊哦嗯那你您我先麻烦请不好意思，]|那个)*"
    r"(?:等(?:我|俺)?一?[下会等](?:儿|子)?|等等|稍等|稍候|别挂|先别挂|慢着|打住|停一?下|听我说|我先说|让我说)"
)
_NOT_NOW = re.compile(
    r"打(?:来|给|过来)|再(?:打|说|聊|联系|谈|看)|联系|回(?:你|您|电|复)|考虑|有空|没空|没时间|开会|多少|吗|什么"
)
_TO_SPEAK = re.compile(r"听我说|我先说|让我说|打住|停一?下|慢着|我(?:想)?问")
_SHORT = 5
_ACCOUNT = 5

_TAKES_BACK = re.compile(
    r"^(?:[哎诶唉喂啊哦喔嗯呃额那你您，]|那个|等一?下|等等)*"
    r"(?:不是|不对|错了|说错了|搞错了|记错了|我说错|你听错|您听错|听错了|我是说|我的意思|我说的是|应该是|改成|改一下|换成)"
)

_ASKING = re.compile(
    r"[吗么呢？?]|什么|怎么|哪|几[个点天次种号月]|多少|多久|多长|为啥|为什么|能不能|可不可以|有没有|是不是|要不要|会不会|行不行|谁"
)

QUESTIONS = frozenset(
    {
        Intent.ASK_IDENTITY,
        Intent.ASK_PRICE_OFFER,
        Intent.ASK_PRODUCT_DETAIL,
        Intent.ASK_LOCATION_TIME,
        Intent.ASK_IS_ROBOT,
        Intent.PRIVACY_CONCERN,
    }
)
"""What the knowledge base may know an answer to."""
MEANWHILE = QUESTIONS | {Intent.CANNOT_HEAR_REPEAT}
"""What is answered before the open question comes again."""
_FOR_SOMEBODY = Signal.EXPLICIT_REQUEST
_UNSURE_OF = frozenset({Intent.SILENCE_FILLER_UNCLEAR, Intent.CANNOT_HEAR_REPEAT})
_LATER = frozenset({Intent.SILENCE_FILLER_UNCLEAR, Intent.GREETING_ACK, Intent.BUSY_CALLBACK, Intent.AFFIRM})


def asks_for_a_moment(reading: Reading) -> bool:
    """等一下我关个门: they will be back. Not 等会儿再打, which is a wish to be called later."""
    text = reading.text
    return (
        reading.intent in _LATER
        and not reading.slots.get("callback_time")
        and _MOMENT.match(text) is not None
        and not _NOT_NOW.search(text)
    )


def wants_to_speak(text: str) -> bool:
    """等一下, 听我说 over the bot's words: they want to say something, not to leave the phone."""
    return len(text) <= _SHORT or _TO_SPEAK.search(text) is not None


def takes_back(reading: Reading, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """不是，我是说质量: what matters to them is something else than what was heard before."""
    was, now = before.get("concern", ""), after.get("concern", "")
    return bool(now) and was != now and _TAKES_BACK.match(reading.text) is not None


def is_an_account(text: str, asks: str) -> bool:
    """Words in answer to an open question that say something, whatever their label: nobody is asked to say
    again what they have just told."""
    return asks == "open" and len(bare(text)) >= _ACCOUNT and not is_hesitating(text)


def may_ask(reading: Reading, *, unsure: bool) -> bool:
    """Is it worth looking for an answer: a question by its intent, or by its words where the intent is not
    clear?"""
    if reading.intent in QUESTIONS:
        return True
    perhaps = unsure or reading.intent in _UNSURE_OF or _asks_for_somebody_in_passing(reading)
    return perhaps and _ASKING.search(reading.text) is not None


def as_question(reading: Reading) -> Reading:
    """能不能换个老师, 能加客户经理微信吗: where the knowledge base has the answer, no human is asked for now.

    What is said in so many words (转人工) stays.
    """
    if not _asks_for_somebody_in_passing(reading):
        return reading
    return replace(
        reading,
        intent=Intent.ASK_PRODUCT_DETAIL,
        others=tuple(intent for intent in reading.others if intent is not Intent.REQUEST_HUMAN),
        signals={signal: value for signal, value in reading.signals.items() if signal != _FOR_SOMEBODY},
    )


def in_so_many_words(text: str, intent: Intent) -> bool:
    """Whether `text` says `intent` by a phrase that means nothing else."""
    return any(hit.intent is intent for hit in look(plain(text)))


def _asks_for_somebody_in_passing(reading: Reading) -> bool:
    wants = reading.intent is Intent.REQUEST_HUMAN
    return wants and not in_so_many_words(reading.text, Intent.REQUEST_HUMAN)
