"""Danger said in so many words: what nobody may miss, whatever the model makes of the rest. Pure."""

from __future__ import annotations

import re

_NO_MORE_LIFE = re.compile(
    r"(?:吞|吃)(?:了|下)(?:一|半|整)?(?:大)?(?:把|瓶)(?:安眠|降压)?药|药.{0,5}(?:吃|吞)(?:了|下)(?:一|半|整)?(?:大)?(?:把|瓶)"
    r"|割(?:了)?手?腕|喝(?:了)?农药|(?:想|要|就|去|从.{1,6})(?:去)?(?:跳楼|跳河|跳下去|自杀|上吊|寻死)|不想(?:往下)?(?:再)?活|不想往下过|活着(?:也|都|真)?没.{0,4}(?:意思|盼头|意义|劲)"
)
_OTHERS = re.compile(
    r"(?:电视|电影|小说|新闻|剧|网上|听说|视频|朋友圈).{0,8}|(?:没|不是|别|又不|不会|不至于)(?:想|要|去)?$"
)
_KIN = r"(?:孩子|儿子|女儿|闺女|娃|我?妈妈?|我?爸爸?|老公|老婆|老伴|爱人|我?爷爷|我?奶奶)"
_JUST = r"(?:昨天|前天|今天|今早|刚刚?|上个?(?:礼拜|星期|周|月)|这两天|前几天)"
_GONE = r"(?:人)?(?:就|刚)?(?:没了|去世|过世|不在了|走的人)"
_GRIEF = re.compile(
    rf"{_KIN}[^的]{{0,3}}{_JUST}.{{0,3}}{_GONE}|{_KIN}(?:人)?没了.{{0,2}}{_JUST}|{_JUST}.{{0,2}}{_KIN}.{{0,2}}{_GONE}"
)
_LOST = (
    r"引产|流产|胎停|夭折|没保住|没救(?:回|过)来"
    r"|(?:确诊|查出)(?:来)?(?:了)?(?:肺|胃|肝|乳腺|肠|胰腺|血)?(?:癌|恶性|晚期|白血病)"
)
_LOSS = re.compile(rf"{_JUST}.{{0,6}}(?:{_LOST})|(?:{_LOST}).{{0,4}}{_JUST}")
_THING = re.compile(r"(?:课|卡|券|钱|号|名额|手机|衣服|工作)(?:都|也|就)?没了")


def is_said(text: str) -> bool:
    """Whether `text` (as `plain` spells it) tells of self-harm or of a death or loss of these days.

    Source: labels, section Transfer; R153.
    """
    if found := _NO_MORE_LIFE.search(text):
        return not _OTHERS.search(text[: found.start()])
    return (_GRIEF.search(text) or _LOSS.search(text)) is not None and not _THING.search(text)
