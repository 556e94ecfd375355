"""Signs that the bot misheard: the callee says so, corrects it, or has to say the same thing again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callbot.conversation.labels import Intent
from callbot.conversation.reading import Reading
from callbot.conversation.understand.normal import essence, plain
from callbot.conversation.understand.phrases import look

ALIKE = 0.6
"""Share of the shorter utterance's character pairs that makes two utterances the same content."""


MANY = 2
"""Signs that one turn counts for which says that it was all said several times."""
CONFIDENT = 0.5
"""Confidence from which a refusal is one; under it, words said twice are words said twice."""


def signs_of_mishearing(
    text: str, reading: Reading, *, bot_said: str, said_before: Sequence[str], signs_before: int = 0
) -> int:
    """How many signs this callee turn gives that the bot did not understand what was said before it: 0 to 2.

    `said_before` are the callee's earlier turns, `signs_before` the signs they gave. Repeated refusals,
    greetings and a bad line are no sign; 说了三遍了, and 跟你说不通 once two turns have gone by, stand for two
    at once. What is no sign by itself (真服了, 你脑子呢) is one after a sign. Source: labels, section Transfer.
    """
    heard = plain(text)
    if said_before and _MANY_TIMES.search(heard):
        return MANY
    if _wants_nothing(heard, reading):
        return int(_CLEARLY.search(heard) is not None)
    if _HOPELESS.search(heard):
        return MANY if len(said_before) >= MANY else 1
    if signs_before and (_EXASPERATED.search(heard) or reading.intent is Intent.ABUSIVE):
        return 1
    return int(_shows_mishearing(text, heard, reading, bot_said=bot_said, said_before=said_before))


def _wants_nothing(heard: str, reading: Reading) -> bool:
    """A refusal, a do-not-call, a request for a human, an insult: said twice they are no mishearing."""
    refuses = reading.intent in _OTHERWISE and reading.confidence >= CONFIDENT
    if reading.intent is Intent.ABUSIVE:
        refuses = any(hit.intent is Intent.ABUSIVE for hit in look(heard))
    return refuses or _REFUSES.search(heard) is not None


def _shows_mishearing(
    text: str, heard: str, reading: Reading, *, bot_said: str, said_before: Sequence[str]
) -> bool:
    intent = reading.intent
    if _CLEARLY.search(heard) or _CORRECTS.search(heard) or _denies_the_bot(heard, plain(bot_said)):
        return True
    everyday = intent in _SAME_EVERY_TIME and reading.confidence >= CONFIDENT
    if everyday or _AGREES.search(heard) or _FORMULA.match(heard):
        return False
    if _BOT_ASKS_AGAIN.search(plain(bot_said)):
        # What stays unclear falls under the dialogue's own limit of asking back.
        return len(essence(text)) >= 2 and intent is not Intent.SILENCE_FILLER_UNCLEAR
    return _says_again(text, essence(bot_said), [essence(earlier) for earlier in said_before])


def _says_again(text: str, bot: str, earlier: Sequence[str]) -> bool:
    """Whether the turn, or one clause of it that the bot has not said, was said in an earlier turn."""
    core = _core(text)
    if any(_alike(core, _core(one)) or _same_sound(core, one, bot) for one in earlier):
        return True
    clauses = [_core(clause) for clause in re.split(r"[，。？！\s]+", text)]
    return any(
        (len(clause) >= 2 and clause in one and clause not in bot) or _same_sound(clause, one, bot)
        for clause in clauses
        if clause and not _FORMULA.match(clause)
        for one in earlier
    )


def _core(text: str) -> str:
    """What is left when "我说的是", "不是" and a word said twice in a row are taken away: 漏水漏水 is 漏水."""
    left = _FRAME.sub("", essence(text))
    return _TWICE.sub(r"\1", left) or essence(text)


def _same_sound(core: str, earlier: str, bot: str) -> bool:
    """鲁 after 姓鲁 and a bot that said 卢, 鲁迅的鲁, 日字底那个鲁: a character that the bot has not said."""
    if (spelled := _SPELLED.search(core)) and spelled[1] in earlier:
        return True
    if (named := _NAMED.search(core)) and named[1] in earlier and named[1] not in bot:
        return True
    return len(core) == 1 and core in earlier and core not in bot and core not in _PARTICLES


def _denies_the_bot(heard: str, bot_said: str) -> bool:
    """`周六不是周一` after the bot said 周一: what is denied is the bot's own word."""
    denied = {match.group(1) or match.group(2) for match in _NOT.finditer(heard)} - _PARTICLES
    return any(words in bot_said for words in denied) and len(heard) >= 3


def _alike(one: str, other: str) -> bool:
    first, second = _pairs(one), _pairs(other)
    return min(len(first), len(second)) >= 1 and len(first & second) >= ALIKE * min(len(first), len(second))


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


_FRAME = re.compile(
    r"^(?:不是|不对|错了?|我说的?是?|我(?:要|问|想问)的是|我(?:要|想)的?是?|就是|是|都说了?|我?刚?说了|天[呐哪啊]|哎呀?|哎哟|那个)+|(?:啊|呀|了|吧|呢|嘛|哦|喂)+$"
)
_AGREES = re.compile(r"^(?:嗯|对(?!不|了)|是的|好的?|没错|行)")
_SPELLED = re.compile(r"(.).{1,2}(?:的|那个)\1")
_NAMED = re.compile(r"(?:的|那个|这个)(.)$")
_TWICE = re.compile(r"^(.{1,6}?)\1+$")
_PARTICLES = frozenset("嗯啊哦好对是行不没喂哎唉您你我他她的了吗吧呢")
_MANY_TIMES = re.compile(
    r"(?:说|讲|问|记|重复|报|念|跟你讲|告诉你)(?:了|过)?(?:不下)?(?:多少|几|好几|[三四五六七八九十]|八百|n|无数|很多)(?:遍|次|回)(?!见|来|再)"
)
_OTHERWISE = frozenset({Intent.REFUSE, Intent.DO_NOT_CALL, Intent.REQUEST_HUMAN, Intent.ABUSIVE})
_SAME_EVERY_TIME = frozenset({Intent.CONSIDERING, Intent.CANNOT_HEAR_REPEAT, Intent.ASK_IDENTITY})
_FORMULA = re.compile(
    r"^(?:喂|你好|您好|嗯|啊|哦|好的?|行|可以|对的?|是的?|谢谢你?|再见|拜拜?|你说|您说|哪位|谁|什么|啥|没有|不用|知道了?|明白了?|那|了|吧|呢|啊|，|。|？)*$"
)
"""What people say over and over without having been misheard."""
_REFUSES = re.compile(
    r"(?:不(?:需要|要|用|买|感兴趣|想要|考虑)|没兴趣|没空|别打|别再)(?:了|啊|不要|谢谢|，)*(?:$|，)"
)
_CLEARLY = re.compile(
    r"听错|又错|听反|记反|搞反|听不(?:明白|懂|见)(?:吗|么|是不是|我)|没(?:有)?(?:一|半)(?:个|遍|次|句)?(?:字)?.{0,2}对|(?:没|不|没有)(?:在)?回答(?:我|问题)?|问东.{0,2}答西|(?:有没有|到底|究竟|你).{0,4}在?听(?:没听)?我(?:说|讲)(?:搞|弄|记|写|说|登记)错(?:了)?(?:我|意思|吧|，|$)|错了错了|(?:理解|领会)错|会错意|听岔|听劈|答非所问|鸡同鸭讲|驴唇不对|牛头不对|对牛弹琴|车轱辘|复读机"
    r"|(?:你|您|机器|到底|究竟|咋|怎么).{0,4}(?:听不懂|没听懂|听不明白|没听明白|没(?:听)?(?:懂|明白)我|没在听|听没听)|听不懂(?:人话|我|吗|吧|话)|没(?:听|搞|弄)?(?:懂|明白)我|不是(?:这|那)个意思|跟你(?:沟通|说话|讲话).{0,4}(?:费劲|累|不通)"
    r"|(?:我)?说的不是(?:这|那)|压根不是|不在一个频道|沟通(?:真|好|太)?(?:费劲|困难|不了)|没听进去|听清楚(?:了|没|行)|能不能听(?:懂|明白|清)|听(?:得)?(?:懂|明白)(?:吗|么|没|不)(?:$|，|。|我|啊|呀)"
)
_CORRECTS = re.compile(
    r"(?:不是|不都|都|早就?|刚才?)(?:已经)?(?:告诉|跟)(?:过)?你(?:们)?(?:说|讲)?(?:了|过|.{0,8}(?:了|过)?(?:吗|嘛))|我(?:刚才?|都|明明|刚刚)?(?:说|问|讲|要|指|想问|想要)的(?:是|不是|可是)?(?!对|话)|我(?:可|都|又|根本|压根)?没(?:有)?(?:说|问|要|提|讲)(?:过)?(?!事|空|有)|我(?:不是|没)(?:在)?(?:说|问|要)"
    r"|(?:说|讲|问|重复)(?:了|过)?(?:多少|几|好几|两|三|四|八百|n)(?:遍|次|回)|(?:我|都|刚|刚才|早就|不是)(?:都|跟你|就|已经|早|刚)*说(?:过)?了.{0,2}(?:是|不是|我|在|吗|嘛)|(?:都|刚|刚才)说(?:了|过)(?!不要)"
    r"|(?:怎么|咋|你)(?:又|还|老|总|一直)(?:是|在)?(?:说|问|扯|绕|提|讲|重复|给我)|怎么(?:还|又)是|你(?:又|还|老|总)(?:说|问|扯|绕|是)|不对不对|(?:不对|错了|不是)[，]?(?:我|是).{1,10}|不是.{1,8}是.{1,8}|你咋回事"
)
_HOPELESS = re.compile(
    r"自说自话|自顾自|没法(?:聊|沟通|交流|谈)|(?<![不坦明])白(?:说|讲)(?:了|$|，)|(?:就|只)会(?:说|念|讲)?(?:这|那)(?:一)?(?:句|套|几句)|翻来覆去|颠来倒去|(?:说|讲)不通"
    r"|(?:怎么|咋|怎样)(?:跟你|给你)?(?:说|讲)(?:你)?(?:都|也|才)(?:不|能)?(?:听)?(?:懂|明白)|我(?:说|讲|跟你说|跟你讲)了?半天|(?:说|讲)了?半天(?:白|等于|你)|没(?:一|半)(?:句|个|次|遍|样)(?:字)?.{0,3}对"
    r"|越(?:说|讲|改|记)越(?:离谱|错|偏|远|乱)|(?:^|，|。|都|已经|这是)第[三四五六](?:遍|次|回)了|对着?墙|(?:怎么|咋)(?:这么|那么|恁)费(?:劲|事)|你(?:自己)?(?:说|讲)你的"
)
"""What is said of a talk that fails as a whole."""
_EXASPERATED = re.compile(
    r"服了|无语|我的(?:妈|天|老天|娘)|天[呐哪啊]|哎[哟呦]喂|随便你|你随便|爱(?:咋|怎么|姓|叫)|耳朵|聋|脑子|傻|笨|别(?:再)?(?:念|背)|急死|气死|要疯|疯了|什么玩意|啥玩意|什么跟什么|哪跟哪|离谱|(?:听|能)(?:得)?(?:懂|明白)(?:吗|么|不|没)"
    r"|怎么(?:就)?(?:又|还|老)|你(?:这个?)?(?:人|机器|系统)|[他它]又|你又|还在(?:说|讲|问|念)|我再(?:说|讲)|最后(?:说|讲)?一[遍次回]|一个字一个字|(?:都|不是|就)?(?:说|讲)过了|(?:说|讲)(?:得)?(?:很|够)?清楚|(?:叫|说|记|写|听|念|认)(?:都|也|又|还)?不对"
)
"""What is a sign only where one was given before it."""
_NOT = re.compile(
    r"(?:不是|没说|没问|没要|不叫|不姓|不在)(.{1,2})|不(?!需|想|感|考虑|了解|方便|知道|清楚|明白|用|要|是)(..)"
)
_BOT_ASKS_AGAIN = re.compile(
    r"没(?:有)?(?:太|大)?(?:听)?(?:清|懂|明白|理解)|再说(?:一)?[遍次下]|重复一[遍下次]|再讲一遍"
)
