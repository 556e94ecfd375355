"""Signs that the bot misheard: the callee says so, corrects it, or has to say the same thing again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callbot.conversation.labels import Intent
from callbot.conversation.understand.normal import essence, plain

ALIKE = 0.6
"""Share of the shorter utterance's character pairs that makes two utterances the same content."""


def sign_of_mishearing(
    text: str, *, intents: Sequence[Intent], bot_said: str, said_before: Sequence[str]
) -> bool:
    """Whether this callee turn shows that the bot did not understand what was said before it.

    `said_before` are the callee's earlier turns. Repeated refusals, greetings and a bad line are no sign.
    Source: labels, section Transfer.
    """
    heard = plain(text)
    if intents[0] in _OTHERWISE or _REFUSES.search(heard):
        return bool(_CLEARLY.search(heard))
    if _CLEARLY.search(heard) or _CORRECTS.search(heard) or _denies_the_bot(heard, plain(bot_said)):
        return True
    if intents[0] in _SAME_EVERY_TIME:
        return False
    if _BOT_ASKS_AGAIN.search(plain(bot_said)):
        # What stays unclear falls under the dialogue's own limit of asking back.
        return len(essence(text)) >= 2 and intents[0] is not Intent.SILENCE_FILLER_UNCLEAR
    return any(_alike(essence(text), essence(earlier)) for earlier in said_before)


def _denies_the_bot(heard: str, bot_said: str) -> bool:
    """`周六不是周一` after the bot said 周一: what is denied is the bot's own word."""
    return (
        any((match.group(1) or match.group(2)) in bot_said for match in _NOT.finditer(heard)) and len(heard) > 3
    )


def _alike(one: str, other: str) -> bool:
    first, second = _pairs(one), _pairs(other)
    return min(len(first), len(second)) >= 1 and len(first & second) >= ALIKE * min(len(first), len(second))


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


_OTHERWISE = frozenset({Intent.REFUSE, Intent.DO_NOT_CALL, Intent.REQUEST_HUMAN, Intent.ABUSIVE})
_SAME_EVERY_TIME = frozenset(
    {
        Intent.AFFIRM,
        Intent.GREETING_ACK,
        Intent.THANKS_BYE,
        Intent.CONSIDERING,
        Intent.CANNOT_HEAR_REPEAT,
        Intent.ASK_IDENTITY,
    }
)
_REFUSES = re.compile(
    r"(?:不(?:需要|要|用|买|感兴趣|想要|考虑)|没兴趣|没空|别打|别再)(?:了|啊|不要|谢谢|，)*(?:$|，)"
)
_CLEARLY = re.compile(
    r"听错|又错|(?:搞|弄|记|写|说|登记)错(?:了)?(?:我|意思|吧|，|$)|错了错了|(?:理解|领会)错|会错意|听岔|听劈|答非所问|鸡同鸭讲|驴唇不对|牛头不对|对牛弹琴|车轱辘|复读机"
    r"|(?:你|您|机器|到底|究竟|咋|怎么).{0,4}(?:听不懂|没听懂|听不明白|没听明白|没(?:听)?(?:懂|明白)我|没在听|听没听)|听不懂(?:人话|我|吗|吧|话)|没(?:听)?(?:懂|明白)我(?:的)?(?:意思|说|话)|不是(?:这|那)个意思|跟你(?:沟通|说话|讲话).{0,4}(?:费劲|累|不通)"
    r"|(?:我)?说的不是(?:这|那)|压根不是|不在一个频道|沟通(?:真|好|太)?(?:费劲|困难|不了)|没听进去|听清楚(?:了|没|行)"
)
_CORRECTS = re.compile(
    r"我(?:刚才?|都|明明|刚刚)?(?:说|问|讲|要|指|想问|想要)的(?:是|不是|可是)?(?!对|话)|我(?:可|都|又|根本|压根)?没(?:有)?(?:说|问|要|提|讲)(?:过)?(?!事|空|有)|我(?:不是|没)(?:在)?(?:说|问|要)"
    r"|(?:说|讲|问|重复)(?:了|过)?(?:多少|几|好几|两|三|四|八百|n)(?:遍|次|回)|(?:我|都|刚|刚才|早就|不是)(?:都|跟你|就|已经|早|刚)*说(?:过)?了.{0,2}(?:是|不是|我|在|吗|嘛)|(?:都|刚|刚才)说(?:了|过)(?!不要)"
    r"|(?:怎么|咋|你)(?:又|还|老|总|一直)(?:是|在)?(?:说|问|扯|绕|提|讲|重复|给我)|怎么(?:还|又)是|你(?:又|还|老|总)(?:说|问|扯|绕|是)|不对不对|(?:不对|错了|不是)[，]?(?:我|是).{1,10}|不是.{1,8}是.{1,8}|你咋回事"
)
_NOT = re.compile(
    r"(?:不是|没说|没问|没要|不叫|不姓|不在)(.{1,2})|不(?!需|想|感|考虑|了解|方便|知道|清楚|明白|用|要|是)(..)"
)
_BOT_ASKS_AGAIN = re.compile(
    r"没(?:有)?(?:太|大)?(?:听)?(?:清|懂|明白|理解)|再说(?:一)?[遍次下]|重复一[遍下次]|再讲一遍"
)
