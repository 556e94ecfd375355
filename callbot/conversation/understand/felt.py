"""Words that tell of a feeling whatever they are said about; they vote, the model decides. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from callbot.conversation.labels import Emotion

_VOTES: tuple[tuple[Emotion, float, re.Pattern[str]], ...] = (
    (
        Emotion.IMPATIENT,
        1.0,
        re.compile(
            r"快点|赶紧|痛快|麻利|别(?:磨叽|啰嗦|废话|绕|念|催|扯|墨迹|磨蹭)|长话短说|[说讲]重点|废话|一句话|没完没了|有完没完|直接(?:说|讲|告诉|给)|到底"
        ),
    ),
    (
        Emotion.HESITANT,
        0.5,
        re.compile(
            r"不知道|拿不准|说不准|不确定|犹豫|纠结|没想好|打鼓|又怕|怕.{1,6}(?:不|没)|会不会|要不|万一|有点.{1,4}(?:不敢|怕)|好像|可能"
        ),
    ),
)
"""Feeling, what it adds to its log-odds, words; set on files whose authors the model had not read."""


def voted(text: str, felt: Mapping[Emotion, float]) -> dict[Emotion, float]:
    """`felt`, probabilities that add up to 1, after the votes of `text` (as `essence` spells it)."""
    chances = dict(felt)
    for emotion, weight, words in _VOTES:
        if emotion in chances and words.search(text):
            chances[emotion] *= math.exp(weight)
    whole = sum(chances.values()) or 1.0
    return {emotion: chance / whole for emotion, chance in chances.items()}
