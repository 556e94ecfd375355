"""What a few Chinese words say about the floor: listening along, cutting in, done, or still thinking."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"[\s，。！？；：、,.!?;:~…—\-“”\"'《》（）()]+")

_LISTENING = re.compile(
    r"(?:嗯|恩|唔|哦|噢|喔|啊|呃|对对?|对啊|对呀|好的?|好嘞|行|是的?|是啊|是呀|您说|你说|您讲|你讲|您继续|你继续|继续"
    r"|知道了?|明白了?|听着呢|在听|在呢|呀|呢)+"
)
_GREETING = re.compile(r"(?:喂+|你好|您好|哎|诶|嗨|哈喽|早上好|上午好|中午好|下午好|晚上好)+")
_FAREWELL = re.compile(r"(?:再见|拜拜|拜|谢谢你?您?|谢了|多谢|辛苦了?|挂了|先这样|就这样|了|啊|吧|哈)+")
_URGENT = re.compile(
    r"等一下|等下|等等|等会|稍等|慢着|听我说|让我说|我先说|别说了|不要说了|不用说了|别讲了|停一?下|停停|打住|先别说|闭嘴|行了行了|好了好了|够了"
)
_COMPLETE = re.compile(
    r"(?:了吗|是吗|对吗|好吗|吗|吧|谢谢|再见|拜拜|好的|好了|可以|可以的|不用了|不用|不需要|不要|没有|没兴趣|行|是的|对的|没错|就这样|挂了|多少钱|哪位|哪里|什么)$"
)
_HESITATING = re.compile(
    r"(?:嗯+|呃+|额+|啊这|这个|那个|就是|就是说|然后|因为|但是|可是|不过|所以|而且|还有|比如|如果|要是|我想想|我想一下|我看看|让我想想|怎么说呢)$"
)

_LONGEST_BACK_CHANNEL = 8
_COMPLETE_SHARE = 0.6
_HESITATION_SHARE = 2.2
_SHORTEST_MS = 300


def bare(text: str) -> str:
    """`text` without punctuation and spaces."""
    return _PUNCTUATION.sub("", text)


def is_back_channel(text: str) -> bool:
    """True when the words only say "I am listening": 嗯, 对, 好的, 您说. At most 8 characters."""
    words = bare(text)
    return 0 < len(words) <= _LONGEST_BACK_CHANNEL and _LISTENING.fullmatch(words) is not None


def is_greeting(text: str) -> bool:
    """True when the words are nothing but picking up the phone: 喂, 你好."""
    words = bare(text)
    return bool(words) and _GREETING.fullmatch(words) is not None


def is_farewell(text: str) -> bool:
    """True when the words only close a call: 好的谢谢再见."""
    words = bare(text)
    rest = _FAREWELL.sub("", words)
    return bool(words) and (not rest or _LISTENING.fullmatch(rest) is not None)


def is_urgent(text: str) -> bool:
    """True when the callee asks for the floor in so many words: 等一下, 听我说, 别说了."""
    return _URGENT.search(bare(text)) is not None


def is_hesitating(text: str) -> bool:
    """True when the words stop in the middle of a thought: 嗯…那个…"""
    return _HESITATING.search(bare(text)) is not None


def end_of_turn_ms(text: str, *, silence_ms: int, answers_yes_no: bool = False) -> int:
    """Silence in ms after which a turn that reads `text` so far is over.

    `silence_ms` is the configured silence; complete phrases shorten it, hesitation lengthens it.
    `answers_yes_no`: the bot asked a yes/no question, so that a bare 嗯 is a whole answer.
    """
    if answers_yes_no and is_back_channel(text):
        return max(_SHORTEST_MS, round(silence_ms * _COMPLETE_SHARE))
    if is_hesitating(text):
        return round(silence_ms * _HESITATION_SHARE)
    if _COMPLETE.search(bare(text)):
        return max(_SHORTEST_MS, round(silence_ms * _COMPLETE_SHARE))
    return silence_ms
