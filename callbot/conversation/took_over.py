"""Whether a human took over in a conversation that is written down: the bot's own words tell of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import assert_never

from callbot.conversation.danger import is_said
from callbot.conversation.labels import VULNERABLE, Intent, Signal, TransferReason
from callbot.conversation.outcome import Handover
from callbot.conversation.transfer import Need, Said, need
from callbot.conversation.understand.normal import plain


def took_over(bot_said: Mapping[int, str], history: Sequence[Said]) -> Handover | None:
    """The human who came, if one did. `bot_said` are the bot's turns by index, `history` the callee's as read.

    One who is needed comes where the bot answers that need by a human, an apology or a deed at once, or where
    the need is plain; one that only a guess shows is none where the bot goes on. A bot that says it puts
    somebody through does so, whatever was read before.
    """
    if need(history) is not None:
        for heard in range(len(history), 0, -1):
            found = need(history[:heard])
            if found is not None and _was_met(found, bot_said, history):
                return Handover(turn=found.turn, reason=found.reason, connected=True)
    for turn, text in bot_said.items():
        before = [said for said in history if said.turn < turn]
        if before and _PUTS_THROUGH.search(text) and not _declines(history, turn):
            grieved = any(Intent.COMPLAINT in (said.reading.intent, *said.reading.others) for said in before)
            reason = TransferReason.COMPLAINT if grieved else TransferReason.EXPLICIT_REQUEST
            return Handover(turn=before[-1].turn, reason=reason, connected=True)
    return None


def _was_met(found: Need, bot_said: Mapping[int, str], history: Sequence[Said]) -> bool:
    answers = [text for turn, text in bot_said.items() if turn > found.turn]
    return any(map(_answers_need, answers)) or _is_plain(found, history)


PLAIN, SHOWN = 0.8, 0.5
"""Probability from which an intent, and from which a signal, is no guess."""


def _is_plain(found: Need, history: Sequence[Said]) -> bool:
    """Whether the words leave no doubt about the need."""
    said = next(said for said in history if said.turn == found.turn)
    reading, signals = said.reading, said.reading.signals
    match found.reason:
        case TransferReason.COMPLAINT:
            return reading.confidence >= PLAIN and signals.get(Signal.COMPLAINT, 1.0) >= SHOWN
        case TransferReason.EXPLICIT_REQUEST:
            return max(reading.confidence, signals.get(Signal.EXPLICIT_REQUEST, 0.0)) >= PLAIN
        case TransferReason.VULNERABLE_PERSON:
            return is_said(plain(said.text)) or any(signals.get(one, 0.0) >= SHOWN for one in VULNERABLE)
        case TransferReason.LEGAL_THREAT:
            return signals.get(Signal.LEGAL_THREAT, 0.0) >= SHOWN
        case TransferReason.HIGH_VALUE_COMPLEX_QUERY:
            return signals.get(Signal.HIGH_VALUE_COMPLEX, 0.0) >= SHOWN
        case TransferReason.REPEATED_MISUNDERSTANDING:
            return True
        case _:
            assert_never(found.reason)


def _declines(history: Sequence[Said], bot_turn: int) -> bool:
    after = next((said for said in history if said.turn > bot_turn), None)
    return after is not None and after.reading.intent in (Intent.DENY, Intent.REFUSE)


def _answers_need(text: str) -> bool:
    return _HANDS_OVER.search(text) is not None or _MINDS.search(text) is not None


_PERSON = (
    r"(?:专员|专人|人工|真人|同事|负责人|经理|主管|顾问|医生|老师|客服|专家|工作人员|师傅|店长|律师|法务|财务"
    r"|商务|技术|管家|班主任|校长|院长|领导|人(?=协助|帮|来|接|处理|跟|和|给))"
)
_PUTS_THROUGH = re.compile(
    r"(?:为您|给您|帮您|替您|正在|马上|立刻|立即|这就|现在|我)(?:就)?转(?!告|达|述|账|发|让|型|化)"
)
_HANDS_OVER = re.compile(
    rf"转(?!告|达|述|账|发|让|型|化|了|眼)|接听|接进来|(?:请|让|叫|安排|联系|找|喊|派|接|由|换).{{0,8}}{_PERSON}(?!吗|么|嘛|？|\?)"
)
_MINDS = re.compile(
    r"抱歉(?!打扰)|对不起|不好意思(?!打扰)|重视|别(?:着急|急|怕|慌|动)|稍等|稍候|(?:马上|立即|立刻|这就)(?!就?(?:到|结束|截止|开始|过期|涨))|尽快.{0,12}(?:处理|核实|解决|查|联系|帮|办)|(?:反馈|上报|登记|记录).{0,6}(?:问题|情况|下来|了)"
)
