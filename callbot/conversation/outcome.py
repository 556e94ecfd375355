"""What came of a call: one outcome, and what follows from it, the leading follow-up first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, assert_never

from callbot.conversation.labels import FollowUpKind, Intent, Outcome, TransferReason
from callbot.conversation.sounds import sounds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """What one callee turn said, as far as the outcome is concerned."""

    turn: int
    """Index of the turn in the transcript; stances come in rising order."""
    words: str
    intents: tuple[Intent, ...]
    """The primary intent first, then the others heard in the same turn."""
    asks: str = ""
    """What the bot had asked: `Context.asks`. A yes to `offer` is a wish, a no to it a refusal."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """`callback_time`, `scope`, `concern`, `relation` as the reader heard them."""
    confidence: float = 1.0
    """Probability of the primary intent, 0..1."""
    replied: str = ""
    """What the bot said after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One attempt to bring in a human."""

    turn: int
    reason: TransferReason
    connected: bool
    """Whether callee and human talked to each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEnd:
    """How the line itself ended."""

    cause: Outcome | None = None
    """Set when nobody answered, by the carrier's cause: `no_answer`, `busy`, `power_off`..."""
    machine: bool = False
    """Call progress analysis heard a voicemail or an announcement."""
    ended_by: Literal["callee", "bot", "carrier"] = "bot"
    lost: bool = False
    """The line or the process died before the conversation was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The one outcome of an attempt."""

    outcome: Outcome
    follow_ups: tuple[FollowUpKind, ...]
    """The leading one first, no duplicates."""
    turn: int | None = None
    """The turn that decided; `None` when the line decided."""
    words: str = ""
    """The callee's words of that turn."""
    callback_spoken: str = ""
    """The time as spoken, empty when none was named."""
    scope: Literal["", "all", "voice"] = ""
    """For do_not_call: every channel, or only calls."""
    concern: str = ""
    """What mattered to the callee: 价格, 效果..."""


class _Mind(StrEnum):
    """Where one turn leaves the callee."""

    INTERESTED = "interested"
    CONSIDERING = "considering"
    REFUSED = "refused"
    LATER = "later"


LEADING: Mapping[Outcome, tuple[FollowUpKind, ...]] = {
    Outcome.INTERESTED: (FollowUpKind.ASSIGN_AGENT_24H,),
    Outcome.CONSIDERING: (FollowUpKind.PUSH_OFFER_3D,),
    Outcome.REFUSED: (FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D,),
    Outcome.DO_NOT_CALL: (FollowUpKind.BLACKLIST,),
    Outcome.TRANSFERRED: (FollowUpKind.AGENT_HANDLES_NOW,),
    Outcome.CALLBACK: (FollowUpKind.SCHEDULE_CALLBACK,),
    Outcome.WRONG_NUMBER: (FollowUpKind.MARK_NUMBER_INVALID,),
    Outcome.INVALID_NUMBER: (FollowUpKind.MARK_NUMBER_INVALID,),
    Outcome.VOICEMAIL: (FollowUpKind.RETRY_LATER,),
    Outcome.NO_ANSWER: (FollowUpKind.RETRY_LATER,),
    Outcome.INTERRUPTED: (FollowUpKind.RETRY_LATER,),
    Outcome.BUSY: (FollowUpKind.RETRY_LATER,),
    Outcome.REJECTED: (FollowUpKind.RETRY_LATER,),
    Outcome.POWER_OFF: (FollowUpKind.RETRY_LATER,),
    Outcome.SUSPENDED: (FollowUpKind.RETRY_LATER,),
    Outcome.NETWORK: (FollowUpKind.RETRY_LATER,),
}
"""What follows from each outcome (R139, R142–R144, R167–R170); complaints are added by `decide`."""

ANNOUNCED: tuple[tuple[tuple[str, ...], Outcome], ...] = (
    (("空号", "号码不存在", "号码有误", "已注销"), Outcome.INVALID_NUMBER),
    (("留言", "语音信箱", "滴声", "嘟声", "提示音后", "助理", "助手"), Outcome.VOICEMAIL),
    (("已关机", "电话关机", "手机关机", "已关闭"), Outcome.POWER_OFF),
    (("停机", "暂停服务"), Outcome.SUSPENDED),
    (("正在通话", "通话中", "占线", "用户忙", "正忙"), Outcome.BUSY),
    (("不在服务区", "无法接通", "暂时无法"), Outcome.NETWORK),
    (("无人接听", "无人应答", "暂时无人"), Outcome.NO_ANSWER),
)
"""Carrier prompts and what they say, the first that fits decides; any other announcement is a voicemail.

"请在提示音后留言" stands before the prompts that only say why the mailbox answers.
"""

_ENGLISH = (
    ("not exist", Outcome.INVALID_NUMBER),
    ("power", Outcome.POWER_OFF),
    ("out of service", Outcome.SUSPENDED),
)


def announced(words: str) -> Outcome:
    """What a carrier prompt, voicemail or phone assistant says about the number.

    Compared by sound: a recogniser writes 请在滴声后留言 with whatever characters sound like it.
    """
    lowered, heard = words.lower(), sounds_of(words)
    for prompt, outcome in _ENGLISH:
        if prompt in lowered:
            return outcome
    for prompts, outcome in ANNOUNCED:
        if any(sounds_of(prompt) in heard for prompt in prompts):
            return outcome
    return Outcome.VOICEMAIL


def decide(
    history: Sequence[Stance],
    *,
    line: LineEnd | None = None,
    handovers: Sequence[Handover] = (),
    booked: bool = False,
) -> Decision:
    """The outcome of one attempt. `booked`: the bot has agreed on a call-back with them.

    Order: do_not_call > transferred > wrong_number > callback > the last stable stance; what the line
    itself says comes first when nobody spoke, last when somebody did. Total: every input has exactly
    one outcome. A call-back somebody still wants outlives a passing yes, but not a later no. A relative
    who names a time for the person meant leaves a call-back, not a wrong number: their number is right.
    Source: docs/outcomes.md; R139, R141–R144, R158, R167–R170.
    """
    line = line or LineEnd()
    people = _people(history)
    complained = any(Intent.COMPLAINT in stance.intents for stance in people) or any(
        handover.reason in _GRIEVANCES for handover in handovers
    )
    concern = next((stance.slots["concern"] for stance in reversed(people) if stance.slots.get("concern")), "")
    spoken = next(
        (stance.slots["callback_time"] for stance in reversed(people) if stance.slots.get("callback_time")), ""
    )

    def because(
        stance: Stance | None, outcome: Outcome, *, scope: Literal["", "all", "voice"] = ""
    ) -> Decision:
        return Decision(
            outcome=outcome,
            follow_ups=_follow_ups(outcome, complained=complained, handovers=handovers),
            turn=stance.turn if stance else None,
            words=stance.words if stance else "",
            callback_spoken=spoken if outcome is Outcome.CALLBACK else "",
            scope=scope,
            concern=concern,
        )

    unwanted = [stance for stance in people if Intent.DO_NOT_CALL in stance.intents]
    if unwanted:
        everywhere = any(stance.slots.get("scope", "all") != "voice" for stance in unwanted)
        return because(unwanted[-1], Outcome.DO_NOT_CALL, scope="all" if everywhere else "voice")
    if reached := [handover for handover in handovers if handover.connected]:
        return because(_at(people, reached[-1].turn), Outcome.TRANSFERRED)
    if not people:
        return because(None, _silent_line(history, line))

    minds = [(stance, mind) for stance in people if (mind := _mind(stance)) is not None]
    for handover in handovers:
        if not any(stance.turn > handover.turn and mind is _Mind.REFUSED for stance, mind in minds):
            return because(_at(people, handover.turn), Outcome.CALLBACK)
    booking = _standing_callback(minds)
    wrong = [stance for stance in people if _is_wrong_person(stance, people)]
    if wrong and not (booking and wrong[-1].slots.get("relation") and booking.slots.get("callback_time")):
        return because(wrong[-1], Outcome.WRONG_NUMBER)
    if booking:
        return because(booking, Outcome.CALLBACK)
    for stance, mind in reversed(minds):
        match mind:
            case _Mind.INTERESTED:
                return because(stance, Outcome.INTERESTED)
            case _Mind.CONSIDERING:
                return because(stance, Outcome.CONSIDERING)
            case _Mind.REFUSED:
                return because(stance, Outcome.REFUSED)
            case _Mind.LATER:
                continue
            case _:
                assert_never(mind)
    if booked:
        return because(people[-1], Outcome.CALLBACK)
    return because(people[-1], _without_stance(people, line))


_GRIEVANCES = frozenset({TransferReason.COMPLAINT, TransferReason.LEGAL_THREAT})
"""Reasons of a transfer that are a complaint: whoever threatens with law has one."""


GUESSED = 0.3
"""Confidence under which a turn takes no stance: whoever mumbles has decided nothing."""


def _mind(stance: Stance) -> _Mind | None:
    """Where a turn leaves the callee; `None` when it takes no stance.

    Its intents are asked in their order: what was mainly meant is not outvoted by what was meant besides.
    """
    if stance.confidence < GUESSED:
        return None
    for intent in stance.intents:
        if mind := _mind_of(intent, stance.asks, stance.replied):
            return mind
    return None


_BOOKS_VISIT = re.compile(
    r"^(?!.*(?:打|联系|回电|来电|致电|电话|通话)).*(?:上门|到店|来店|到院|到校|恭候|等您|约(?:好|上|了|在|今|明|后|周|下|[一二三四五六七八九十0-9])|预约|师傅|上课|试听|试驾|体验)"
)
"""好的，周六上午上门: the time they named is for a visit, and no call is owed."""


def _mind_of(intent: Intent, asks: str, replied: str) -> _Mind | None:
    match intent:
        case Intent.BUSY_CALLBACK:
            return _Mind.INTERESTED if _BOOKS_VISIT.search(replied) else _Mind.LATER
        case Intent.REFUSE | Intent.ALREADY_BOUGHT_ELSEWHERE | Intent.NO_LONGER_NEEDED:
            return _Mind.REFUSED
        case Intent.CONSIDERING:
            return _Mind.CONSIDERING
        case Intent.INTERESTED:
            return _Mind.INTERESTED
        case Intent.AFFIRM if asks == "offer":
            return _Mind.INTERESTED
        case Intent.DENY if asks == "offer":
            return _Mind.REFUSED
        case _:
            return None


def _standing_callback(minds: Sequence[tuple[Stance, _Mind]]) -> Stance | None:
    """The last wish to be called later that no later turn has taken back.

    A named time is taken back only by a refusal; a bare "在忙" by any later stance.
    """
    for index in range(len(minds) - 1, -1, -1):
        stance, mind = minds[index]
        if mind is not _Mind.LATER:
            continue
        later = {mind for _, mind in minds[index + 1 :]}
        undone = _Mind.REFUSED in later if stance.slots.get("callback_time") else bool(later)
        if not undone:
            return stance
    return None


def _is_wrong_person(stance: Stance, people: Sequence[Stance]) -> bool:
    """A wrong person, unless the same voice later confirms to be the one meant.

    A plain no to 请问是…本人吗 says it as well.
    """
    denies = stance.asks == "identity" and stance.intents[0] is Intent.DENY
    if stance.confidence < GUESSED:
        return False
    if Intent.WRONG_PERSON not in stance.intents and not denies:
        return False
    return not any(
        later.turn > stance.turn and (_confirms(later) or _speaks_for_themselves(later, stance))
        for later in people
    )


def _confirms(stance: Stance) -> bool:
    return stance.asks == "identity" and stance.intents[0] is Intent.AFFIRM


def _speaks_for_themselves(later: Stance, stance: Stance) -> bool:
    """Whether a later stance outvotes a wrong person who was only guessed."""
    return stance.confidence < CLEAR and later.confidence >= stance.confidence and _mind(later) is not None


def _people(history: Sequence[Stance]) -> list[Stance]:
    """What people said: no announcements, and nothing that a phone assistant says after telling what it is.

    An assistant asks and agrees as people do (几点呢, 好的已经记下了); only a stance of which the reader is
    sure tells that a person has picked up.
    """
    assistant = next((stance.turn for stance in history if _is_assistant(stance)), None)
    return [
        stance
        for stance in history
        if Intent.ANNOUNCEMENT not in stance.intents
        and (assistant is None or stance.turn < assistant or _is_a_persons(stance))
    ]


def _is_assistant(stance: Stance) -> bool:
    return Intent.ANNOUNCEMENT in stance.intents and announced(stance.words) is Outcome.VOICEMAIL


def _is_a_persons(stance: Stance) -> bool:
    if _ONLY_PEOPLE.intersection(stance.intents):
        return True
    decided = _mind(stance) is not None or stance.intents[0] is Intent.WRONG_PERSON
    return decided and stance.confidence >= CLEAR and not _PASSES_ON.search(stance.words)


_ONLY_PEOPLE = frozenset(
    {Intent.DO_NOT_CALL, Intent.COMPLAINT, Intent.REQUEST_HUMAN, Intent.ABUSIVE, Intent.ASK_PRICE_OFFER}
)
CLEAR = 0.8
"""Confidence from which a stance is no guess."""
_PASSES_ON = re.compile(r"转达|转告|记录|记下|留言|机主|主人")


def _silent_line(history: Sequence[Stance], line: LineEnd) -> Outcome:
    if line.cause is not None:
        return line.cause
    if history:
        return announced(history[-1].words)
    if line.machine:
        return Outcome.VOICEMAIL
    return Outcome.INTERRUPTED if line.lost else Outcome.NO_ANSWER


def _without_stance(people: Sequence[Stance], line: LineEnd) -> Outcome:
    """Somebody spoke and took no stance.

    Questions about the offer leave it open. A goodbye, an insult, a privacy concern or a hang-up is a
    soft no: in doubt nobody is disturbed again soon.
    """
    said = {intent for stance in people for intent in stance.intents}
    if line.lost or line.ended_by == "carrier":
        return Outcome.INTERRUPTED
    if said & {Intent.ABUSIVE, Intent.PRIVACY_CONCERN, Intent.COMPLAINT}:
        return Outcome.REFUSED
    if said & {Intent.ASK_PRICE_OFFER, Intent.ASK_PRODUCT_DETAIL, Intent.ASK_LOCATION_TIME}:
        return Outcome.CONSIDERING
    if said <= {Intent.SILENCE_FILLER_UNCLEAR, Intent.CANNOT_HEAR_REPEAT, Intent.GREETING_ACK}:
        return Outcome.NO_ANSWER if line.ended_by == "bot" else Outcome.REFUSED
    return Outcome.REFUSED


def _follow_ups(
    outcome: Outcome, *, complained: bool, handovers: Sequence[Handover]
) -> tuple[FollowUpKind, ...]:
    """Follow-ups of an outcome; a complaint pauses all touches whatever else came of the call (R168).

    What a transfer was made for leads: a grievance, else the agent who has the call.
    """
    pause = FollowUpKind.COMPLAINT_PAUSE_30D
    if outcome is Outcome.TRANSFERRED and any(one.connected and one.reason in _GRIEVANCES for one in handovers):
        return (pause,)
    leading = LEADING[outcome]
    owed = outcome is Outcome.DO_NOT_CALL and any(not handover.connected for handover in handovers)
    # A human who was asked for is owed even to somebody who wants no more calls: the agent decides how.
    also = (pause,) if complained else ((FollowUpKind.AGENT_HANDLES_NOW,) if owed else ())
    return leading + also


def _at(people: Sequence[Stance], turn: int) -> Stance | None:
    """The stance at `turn`, or the last one before it."""
    before = [stance for stance in people if stance.turn <= turn]
    return before[-1] if before else None
