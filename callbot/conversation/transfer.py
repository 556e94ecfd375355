"""When a human is needed: six reasons, each with the turn and the words that show it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callbot.conversation.danger import is_said
from callbot.conversation.labels import VULNERABLE, Intent, Signal, TransferReason
from callbot.conversation.mishearing import signs_of_mishearing
from callbot.conversation.reading import Reading
from callbot.conversation.settled import is_harmless, is_settled, settles_what_was_said
from callbot.conversation.understand.context import lets_come, offers_person
from callbot.conversation.understand.normal import essence, plain


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
    requests. What the callee takes back (不用转人工了) or calls settled (投诉我撤了) is no longer needed,
    except danger.
    Source: labels, section Transfer; R153, R154, C9.
    """
    standing: Need | None = None
    danger: Need | None = None
    misheard = 0
    said_before: list[str] = []
    for said in history:
        text = plain(said.text)
        if said.reading.intent is Intent.ANNOUNCEMENT and said.reading.confidence >= SURE:
            continue
        again = max(
            shows(said.reading, Signal.MISHEARING),
            signs_of_mishearing(
                said.text,
                said.reading,
                bot_said=said.bot_said,
                said_before=said_before,
                signs_before=misheard,
            ),
        )
        misheard += again
        said_before.append(said.text)
        if said.turn < since:
            continue
        if danger is None and (
            is_said(text) or any(_in_danger(said.reading, text, signal) for signal in VULNERABLE)
        ):
            danger = Need(reason=TransferReason.VULNERABLE_PERSON, turn=said.turn, words=said.text)
        if _DECLINED.search(text) or (said.asks == "transfer" and said.reading.intent is Intent.DENY):
            standing = None
            continue
        if standing and standing.reason in _MAY_SETTLE and settles_what_was_said(text):
            standing = None
        reason = _reason(said, text, misheard=bool(again) and misheard >= ENOUGH)
        if reason and (standing is None or _WEIGHT.index(reason) < _WEIGHT.index(standing.reason)):
            standing = Need(reason=reason, turn=said.turn, words=said.text)
    return danger or standing


SURE = 0.5
"""Confidence from which an intent needs no signal beside it."""
GRIEVED = 0.7
"""The same for a complaint, which a plain story of trouble is easily taken for."""
VERY = 0.4
"""Probability from which a signal needs no intent beside it."""
CERTAIN, OUTWEIGHS = 0.9, 0.6
"""A grievance that is as good as certain is a complaint, and no danger that is less likely than this: a parcel
lost is no fraud under way. A human is needed either way."""
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
    enough = GRIEVED if intent is Intent.COMPLAINT else SURE
    sure = reading.intent is intent and reading.confidence >= enough
    return sure or (
        shows(reading, signal) and (intent in (reading.intent, *reading.others) or _very(reading, signal))
    )


def _very(reading: Reading, signal: Signal) -> bool:
    return reading.signals.get(signal, 0.0) >= VERY


def _in_danger(reading: Reading, text: str, signal: Signal) -> bool:
    likely = reading.signals.get(signal, 0.0)
    if reading.signals.get(Signal.COMPLAINT, 0.0) >= CERTAIN and likely < OUTWEIGHS:
        return False
    return shows(reading, signal) and not is_harmless(text, signal)


def _reason(said: Said, text: str, *, misheard: bool) -> TransferReason | None:
    law = shows(said.reading, Signal.LEGAL_THREAT) and not is_harmless(text, Signal.LEGAL_THREAT)
    if law and not _IF_CALLED_AGAIN.search(text):
        return TransferReason.LEGAL_THREAT
    complains = _means(said.reading, Intent.COMPLAINT, Signal.COMPLAINT)
    if complains and not (is_settled(text) or _NO_COMPLAINT.search(text)) and not _SOMEBODY_ELSES.search(text):
        return TransferReason.COMPLAINT
    asks = _means(said.reading, Intent.REQUEST_HUMAN, Signal.EXPLICIT_REQUEST)
    if said.reading.intent is Intent.AFFIRM and not text.startswith("不") and offers_person(said.bot_said):
        return TransferReason.EXPLICIT_REQUEST
    offered = said.reading.intent is Intent.INTERESTED and (
        said.asks == "offer" or lets_come(essence(said.text), said.bot_said)
    )
    if asks and not offered and not _TOLD.search(text):
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
_MAY_SETTLE = frozenset({TransferReason.COMPLAINT, TransferReason.LEGAL_THREAT})
_IF_CALLED_AGAIN = re.compile(
    r"(?:再|继续|还(?:敢|要|来)|别|不要|不准|不许)(?:再|给我|敢|来|往这|天天|老|总是?)*(?:打(?!官司|假|马虎|哈哈)|骚扰|来电|推销|联系我)"
)
"""再打我就报警: what follows only from further calls is a wish not to be called."""
_DECLINED = re.compile(
    r"(?:不用|不要|不需要|别|甭|先不|没必要|用不着|不必)(?:再|给我|帮我|麻烦)?(?:转|找|叫|接|换|麻烦|安排|联系)(?:接|到|个|给|什么|那个)?"
    r"(?:人工|真人|客服|别人|经理|领导|顾问|人(?!的)|你们(?:经理|领导))|(?:不用|别|不要|甭)转(?:接)?了?(?:$|，|。|你|我|谢)|不(?:需要|用|要)人(?:$|，|。|你|了)"
    r"|(?:别|不用|不要|甭)(?:再)?(?:让|叫|请|安排|麻烦)(?:你们)?(?:的)?(?:顾问|老师|经理|客服|人|同事|医生).{0,3}(?:打|联系|来|加|找)"
    r"|(?:人工|真人|客服)(?:就)?(?:不用|不要|不必|算|免)(?:了|啦|转)?|不(?:用|要|需要)(?:人工|真人)|(?:机器人|智能的?|ai)(?:就|也)(?:行|可以|好)"
)
_NO_COMPLAINT = re.compile(r"(?:不是|没有?要?|不想|不)(?:来)?投诉(?!没人)")
_SOMEBODY_ELSES = re.compile(
    r"被(?:公司|单位|老板)?裁|^(?:哎|唉|嗯|就|我|俺|听|是)*(?:有个|一个)?(?:朋友|同事|邻居|亲戚|同学|闺蜜|室友|老乡|楼[上下]|隔壁|群里|小区里?|单位里|表[哥姐弟妹]|别人|人家|有人|网上|听说|听人|新闻)"
    r"(?!.{0,30}(?:我要|给我|我的|我也|没人管))"
)
_TOLD = re.compile(
    r"(?:上次|之前|昨天|以前|刚才|前几天)?.{0,4}(?:经理|客服|人工|顾问|老师)(?:上次|之前|昨天|以前|刚才|前几天|已经)?.{0,4}(?:打过|联系过|加过|来过|聊过|说过)(?!.{0,10}(?:找|转|叫|让))"
    r"|(?:经理|客服|顾问|老师|师傅|小姑娘|小伙子?)(?:.{0,3})(?:态度|服务|人)?(?:可|挺|真|很|特别|非常)?(?:不错|好了|挺好|负责|耐心|逗|幽默|热情|实在|专业|细心|客气|会说)|(?:替|帮)我(?:谢谢|说声谢|感谢)|告诉你们?(?:领导|经理|老板)"
    r"|(?:问问|问一?下|咨询|请教|商量)(?:我|一下)?(?:的)?(?:律师|朋友|同事|家人|老公|老婆|爱人|我?爸|我?妈|孩子)|(?:跟|和|找|问|给)我(?:老公|老婆|爱人|爸|妈|儿子|女儿|闺女|家里|对象|先生|媳妇|弟|妹|哥|姐)|认识你们(?:老板|领导|经理)|怎么转(?:账|钱)|正(?:在)?(?:找|跟|和|同).{1,6}(?:谈|聊|吵|说|打架)"
)
"""A human who was there before, is praised, or is somebody of their own: nobody is asked for."""
