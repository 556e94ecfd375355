"""When a human is needed: six reasons, each with the turn and the words that show it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callbot.conversation.labels import VULNERABLE, Intent, Signal, TransferReason
from callbot.conversation.mishearing import sign_of_mishearing
from callbot.conversation.reading import Reading
from callbot.conversation.understand.normal import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One callee turn with its reading."""

    turn: int
    """Index of the turn in the transcript; turns come in rising order."""
    text: str
    reading: Reading
    bot_said: str = ""
    """What the bot had said before it."""
    asks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A human is needed."""

    reason: TransferReason
    turn: int
    """The callee turn that shows it."""
    words: str
    """The callee's own words."""


def need(history: Sequence[Said], *, since: int = 0) -> Need | None:
    """Why a human is needed after the last turn of `history`, or `None`.

    Turns before `since` were dealt with already (a transfer was tried); they only count as background.
    Danger to a person speaks first and at first mention, then threats of law, then complaints and
    requests. What the callee takes back (不用转人工了) is no longer needed, except danger.
    Source: labels, section Transfer; R153, R154, C9.
    """
    standing: Need | None = None
    danger: Need | None = None
    misheard = 0
    said_before: list[str] = []
    for said in history:
        text = plain(said.text)
        if said.reading.intent is Intent.ANNOUNCEMENT:
            continue
        again = shows(said.reading, Signal.MISHEARING) or sign_of_mishearing(
            said.text, intents=_intents(said), bot_said=said.bot_said, said_before=said_before
        )
        misheard += again
        said_before.append(said.text)
        if said.turn < since:
            continue
        if danger is None and any(shows(said.reading, signal) for signal in VULNERABLE):
            danger = Need(reason=TransferReason.VULNERABLE_PERSON, turn=said.turn, words=said.text)
        if _DECLINED.search(text) or (said.asks == "transfer" and said.reading.intent is Intent.DENY):
            standing = None
            continue
        reason = _reason(said, text, misheard=again and misheard >= ENOUGH)
        if reason and (standing is None or _WEIGHT.index(reason) < _WEIGHT.index(standing.reason)):
            standing = Need(reason=reason, turn=said.turn, words=said.text)
    return danger or standing


SURE = 0.5
"""Confidence from which an intent needs no signal beside it."""
VERY = 0.4
"""Probability from which a signal needs no intent beside it."""
SHOWN: Mapping[Signal, float] = dict.fromkeys(Signal, 0.15) | {Signal.MISHEARING: 0.04}
"""Probability from which a signal is believed; lowest where two turns have to show it."""

ENOUGH = 2
"""So many turns must show that the bot misheard; one correction is everyday."""

_WEIGHT = (
    TransferReason.VULNERABLE_PERSON,
    TransferReason.LEGAL_THREAT,
    TransferReason.COMPLAINT,
    TransferReason.EXPLICIT_REQUEST,
    TransferReason.HIGH_VALUE_COMPLEX_QUERY,
    TransferReason.REPEATED_MISUNDERSTANDING,
)


def shows(reading: Reading, signal: Signal) -> bool:
    """Whether `signal` is likely enough in `reading`."""
    return reading.signals.get(signal, 0.0) >= SHOWN[signal]


def _means(reading: Reading, intent: Intent, signal: Signal) -> bool:
    """Whether the callee means `intent`: an intent that is not sure wants its signal beside it."""
    sure = reading.intent is intent and reading.confidence >= SURE
    return sure or (
        shows(reading, signal) and (intent in (reading.intent, *reading.others) or _very(reading, signal))
    )


def _very(reading: Reading, signal: Signal) -> bool:
    return reading.signals.get(signal, 0.0) >= VERY


def _intents(said: Said) -> tuple[Intent, ...]:
    return (said.reading.intent, *said.reading.others)


def _reason(said: Said, text: str, *, misheard: bool) -> TransferReason | None:
    if shows(said.reading, Signal.LEGAL_THREAT) and not _IF_CALLED_AGAIN.search(text):
        return TransferReason.LEGAL_THREAT
    complains = _means(said.reading, Intent.COMPLAINT, Signal.COMPLAINT)
    if complains and not _SETTLED.search(text) and not _SOMEBODY_ELSES.search(text):
        return TransferReason.COMPLAINT
    asks = _means(said.reading, Intent.REQUEST_HUMAN, Signal.EXPLICIT_REQUEST)
    if asks and not _TOLD.search(text):
        return TransferReason.EXPLICIT_REQUEST
    if shows(said.reading, Signal.HIGH_VALUE_COMPLEX) and said.reading.intent not in _UNWANTED:
        return TransferReason.HIGH_VALUE_COMPLEX_QUERY
    return TransferReason.REPEATED_MISUNDERSTANDING if misheard else None


_UNWANTED = frozenset(
    {
        Intent.REFUSE,
        Intent.ALREADY_BOUGHT_ELSEWHERE,
        Intent.NO_LONGER_NEEDED,
        Intent.WRONG_PERSON,
        Intent.THANKS_BYE,
    }
)
"""Large words beside these are no large deal."""
_IF_CALLED_AGAIN = re.compile(
    r"(?:再|继续|还(?:敢|要|来)|别|不要|不准|不许)(?:再|给我|敢|来|往这|天天|老|总是?)*(?:打(?!官司|假|马虎|哈哈)|骚扰|来电|推销|联系我)"
)
"""再打我就报警: what follows only from further calls is a wish not to be called."""
_DECLINED = re.compile(
    r"(?:不用|不要|不需要|别|甭|先不|没必要|用不着|不必)(?:再|给我|帮我|麻烦)?(?:转|找|叫|接|换|麻烦|安排|联系)(?:接|到|个|给|什么|那个)?"
    r"(?:人工|真人|客服|别人|经理|领导|顾问|人(?!的)|你们(?:经理|领导))|(?:不用|别|不要|甭)转(?:接)?了?(?:$|，|。|你|我)"
    r"|(?:人工|真人|客服)(?:就)?(?:不用|不要|不必|算|免)(?:了|啦|转)?|不(?:用|要|需要)(?:人工|真人)|(?:机器人|智能的?|ai)(?:就|也)(?:行|可以|好)"
)
_SETTLED = re.compile(
    r"(?:已经|都|后来|早就|上次|早)(?:给我|帮我|也|就|都)?(?:解决|处理(?:好|完)|退(?:了|款了|给我了)|赔(?:了|给我)|弄好|搞定|给?换(?:了新|好了))(?:了|掉|完)?"
    r"|(?:不是|没有?要?|不想|不)(?:来)?投诉(?!没人)"
)
_SOMEBODY_ELSES = re.compile(
    r"^(?:我)?(?:有个)?(?:朋友|同事|邻居|亲戚|同学|别人|人家|网上|听说|新闻)(?!.{0,30}(?:我要|给我|我的|我也|没人管))"
)
_TOLD = re.compile(
    r"(?:上次|之前|昨天|以前|刚才|前几天)?.{0,4}(?:经理|客服|人工|顾问|老师)(?:上次|之前|昨天|以前|刚才|前几天|已经)?.{0,4}(?:打过|联系过|加过|来过|聊过|说过)(?!.{0,10}(?:找|转|叫|让))"
)
