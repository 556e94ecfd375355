"""Short answers, understood in the terms of the question that is open, whatever else they could mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Reading
from callbot.conversation.turn_cues import is_back_channel, is_greeting

_IN_TERMS = 0.9
"""Confidence of an answer in the terms of its question."""
_INDIFFERENT: Mapping[str, Intent] = {
    "callback_time": Intent.AFFIRM,
    "choice": Intent.AFFIRM,
    "yes_no": Intent.AFFIRM,
    "offer": Intent.CONSIDERING,
    "open": Intent.CONSIDERING,
}
"""What 随便 means, by what was asked."""

_LEAD = r"^(?:[嗯那就我啊哦，]|还是|应该|主要|当然|可能|选|是)*"
_TAIL = r"(?:那?个|那?种|那?样|一?项)?(?:[吧啊呀呢的了嘛哦，]|更?重要|更?要紧)*$"
_FORMER = re.compile(_LEAD + r"(?:前者|前面|前一|头一|第一)" + _TAIL)
_LATTER = re.compile(_LEAD + r"(?:后者|后面|后一|最后一?|第二)" + _TAIL)
_EITHER = re.compile(_LEAD + r"(?:两|三|几)?[个样种者]?(?:全|都)都?(?:看重|重要|在意|关心|一样|差不多)" + _TAIL)
_ANY = re.compile(
    r"^(?:[嗯那就我啊哦，]|怎么|什么时候|随时)*"
    r"(?:随便[你您]?|随[你您]|随时|都行|都可以|都好|无所谓|(?:[你您](?:们)?)?看着办|[你您](?:们)?(?:来|说了)?[定算])"
    r"(?:[吧啊呀呢的了嘛咯呗，]|都行|都可以)*$"
)


def in_terms(reading: Reading, asks: str, choices: Sequence[str]) -> Reading:
    """The reading of a short answer in the terms of the open question, whatever else its words could mean.

    前者, 第二个: an option by its place. 都看重: all of them. 随便, 都行: a yes to a question of when or
    which, no decision where something is offered, lukewarm praise where it was asked how things are.
    """
    text = reading.text.strip("。！!.")
    if _ANY.match(text) and asks in _INDIFFERENT:
        return _answering(reading, _INDIFFERENT[asks])
    if asks != "choice":
        return reading
    if _EITHER.match(text):
        return _answering(reading, Intent.AFFIRM)
    first, last = _FORMER.match(text), _LATTER.match(text)
    if not choices or not (first or last):
        return reading
    option = choices[0] if first else choices[-1]
    return replace(_answering(reading, Intent.AFFIRM), slots={**reading.slots, "concern": option})


def _answering(reading: Reading, intent: Intent) -> Reading:
    level = replace(reading, intent=intent, confidence=max(reading.confidence, _IN_TERMS), others=())
    return replace(level, emotion=Emotion.NEUTRAL, signals={})


def calm(reading: Reading) -> Reading:
    """嗯, 喂: who only listens or picks up shows no feeling by it."""
    listens = is_back_channel(reading.text) or is_greeting(reading.text)
    return replace(reading, emotion=Emotion.NEUTRAL) if listens else reading
