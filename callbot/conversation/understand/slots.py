"""Values heard in an utterance: a time to call back, how far a do-not-call reaches, what matters, a name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callbot.conversation.understand.spoken_time import find

_VOICE_ONLY = re.compile(
    r"(?:发|用|走|加|上|通过|改)(?:个|我)?(?:微信|短信|邮件|消息|信息|app)(?:就|联系|可以|通知|告诉|也?行|吧|说|好了|沟通)|(?:微信|短信|邮件|发消息|发信息)(?:可以|就行|就好|就可以|联系|都行|没关系|倒是可以|吧)"
    r"|有事(?:就)?(?:发)?(?:微信|短信|留言|邮件)|(?:只|仅)(?:能|要|收|接受)?(?:用)?(?:微信|短信|邮件)|(?:电话就不用|不接电话|别打电话|不要打电话).{0,10}(?:微信|短信|邮件|消息)"
)
_EVERYTHING = re.compile(
    r"(?:短信|微信|邮件|消息|什么)(?:也|都)(?:别|不要|不用|不许)|任何(?:方式|形式|渠道)|都不要联系|别联系我"
)

CONCERNS: tuple[tuple[str, str], ...] = (
    ("价格", r"价格|价钱|便宜|多少钱|优惠|划算|折扣|省钱|性价比|预算|太贵|贵|费用|收费|利率|利息"),
    ("效果", r"效果|管用|有用|功效|成绩|提分|好使|功能|性能"),
    ("质量", r"质量|品质|耐用|结实|正品|做工"),
    ("售后", r"售后|保修|维修|退货|退换|退款|服务"),
    ("安全", r"安全|副作用|风险|过敏|疼|保本|靠谱"),
    ("时间", r"时间|排课|没空|来不及|进度|恢复期"),
    ("距离", r"距离|太远|地址|近一?点|交通|停车"),
    ("师资", r"老师|师资|教练|医生|技师"),
)
_CONCERNS = tuple((name, re.compile(pattern)) for name, pattern in CONCERNS)

_RELATION = re.compile(
    r"我是(?:她|他)(?:的)?(老公|老婆|爱人|丈夫|妻子|儿子|女儿|妈妈?|爸爸?|妹妹?|姐姐?|哥哥?|弟弟?|同事|助理|朋友|室友|媳妇|家属|家人|对象|男朋友|女朋友|秘书|孙子|孙女|奶奶|爷爷|姥姥)"
    r"|(?:我|俺)(妈妈?|爸爸?|老公|老婆|媳妇|儿子|女儿|姐姐?|哥哥?|弟弟?|妹妹?|爷爷|奶奶)的?(?:手机|电话)|[帮替](?:我)?(他|她|爸|妈|老公|老婆|媳妇)接"
)
_NAME = re.compile(r"我(?:叫|的?名字[叫是]|姓)([一-鿿]{1,3}?)(?=$|，|。|不|你|我|吧|啊|呢|的)")


def slots(text: str, choices: Sequence[str] = ()) -> dict[str, str]:
    """Slots in `text` (as `plain` spells it); `choices` are the options a question offered, tried first."""
    found: dict[str, str] = {}
    if spoken := find(text):
        found["callback_time"] = spoken
    if _VOICE_ONLY.search(text) and not _EVERYTHING.search(text):
        found["scope"] = "voice"
    if concern := concern_of(text, choices):
        found["concern"] = concern
    if match := _RELATION.search(text):
        found["relation"] = next(group for group in match.groups() if group)
    if match := _NAME.search(text):
        found["name"] = match.group(1)
    return found


def concern_of(text: str, choices: Sequence[str] = ()) -> str:
    """What matters to the callee: an option in the flow's own words, or a known concern; empty if none.

    Of several the last named wins, unless it is denied: 不是价格是效果.
    """
    places: list[tuple[int, str]] = []
    for choice in choices:
        for match in re.finditer(re.escape(choice), text):
            places.append((match.start(), choice))
    if not places:
        for name, pattern in _CONCERNS:
            places += [(match.start(), name) for match in pattern.finditer(text)]
    said = [
        (at, name) for at, name in places if not re.search(r"(?:不是|不在乎|不看|不关心|无所谓)$", text[:at])
    ]
    return max(said)[1] if said else ""
