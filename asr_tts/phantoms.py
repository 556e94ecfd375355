"""What a recogniser writes although nobody said it, and how its text is tidied. Pure rules on text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_PHANTOM_LINES: Final = re.compile(
    r"请不吝(?:点赞|點讚)|订阅.{0,4}(?:转发|打赏|频道)|打赏支持|明镜(?:与|需要)|点点栏目"
    r"|字幕(?:由|by|志愿者|组|制作|提供|来源)|中文字幕|索兰娅|优优独播剧场|amara"
    r"|(?:谢谢|感谢)(?:您的|你的|大家的?|各位)?(?:观看|收看|收听)|我们下期再见|下期节目|作[词曲].{0,8}作[词曲]|yoyo\s?television",
    re.IGNORECASE,
)
"""Lines of subtitled videos that Whisper prints over noise and silence; no callee says them on the phone."""

_LOOP_OF_ONE: Final = re.compile(r"(\D)\1{5,}")
_LOOP_OF_MORE: Final = re.compile(r"(.{2,20}?)\1{3,}")
"""Figures such as 1000000 and phone numbers repeat by right: a loop holds something else than digits."""
_STAGE_DIRECTION: Final = re.compile(r"[(（\[【][^)）\]】]{0,12}[)）\]】]")
_PUNCTUATION: Final = re.compile(
    r"(?<!\d)[.,:]|[.,:](?!\d)|[，。！？、；：…!?;\"'“”‘’《》〈〉「」~～—♪]+|-{2,}"
)
_SPACES_BY_HANZI: Final = re.compile(r"(?<=[\u4e00-\u9fff])\s+|\s+(?=[\u4e00-\u9fff])")

_FASTEST_SPEECH: Final = 9.0
"""Characters a second; brisk Mandarin is about six."""
_MIN_ECHOED: Final = 5
_NO_SPEECH: Final = 0.6
_POOR_LOGPROB: Final = -1.0
_HOPELESS_LOGPROB: Final = -1.3
"""Noise scores below -1.6 on the base model, telephone speech above -0.5."""


def tidy(text: str) -> str:
    """Without punctuation, directions such as (音乐) and spaces beside hanzi; 3.5 and 12:30 stay whole."""
    spaced = _PUNCTUATION.sub(" ", _STAGE_DIRECTION.sub(" ", text))
    return _SPACES_BY_HANZI.sub("", " ".join(spaced.split()))


def without_loops(text: str) -> str:
    """A unit repeated beyond human patience is cut to two of it: 对对对对 stays, a decoder's loop does not.

    Digits are left alone: 1000000 and 88888888 repeat by right.
    """
    return _LOOP_OF_MORE.sub(_twice, _LOOP_OF_ONE.sub(_twice, text))


def without_echo(text: str, seconds: float) -> str:
    """A sentence that a decoder wrote again, whole or in part, faster than anybody speaks, stands once.

    不用了不用了 in a second is a person; five characters or more said twice at over nine characters a second
    are not.
    """
    if len(text) <= _FASTEST_SPEECH * seconds:
        return text
    for length in range(_MIN_ECHOED, len(text)):
        if text[:length].startswith(text[length:]) and len(text) - length >= length // 2:
            return text[:length]
    return text


def _twice(loop: re.Match[str]) -> str:
    return loop[0] if loop[1].isdigit() else loop[1] * 2


def is_phantom(
    text: str, *, avg_logprob: float, no_speech_probability: float, hotwords: Sequence[str] = ()
) -> bool:
    """Whether tidied text was made up over noise.

    `avg_logprob` is the mean log probability of a token. Hotwords echoed one after another are the prompt, not
    the callee; a single one may well be an answer.
    """
    if _PHANTOM_LINES.search(text):
        return True
    if avg_logprob < (_POOR_LOGPROB if no_speech_probability > _NO_SPEECH else _HOPELESS_LOGPROB):
        return True
    return len(hotwords) > 1 and _echo(text) == _echo("".join(hotwords))


def _echo(text: str) -> str:
    return "".join(text.split()).casefold()
