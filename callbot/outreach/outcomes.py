"""What each outcome means for the customer: the whole table, as data. docs/outcomes.md shows it to people.

Sources: R021, R028-R030, R139, R141-R144, R158, R167-R170; compliance section 5; C1, C3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.conversation.outcome import LEADING
from callbot.conversation.result import JournalKind
from callbot.telephony.control import LineCause


class Response(StrEnum):
    """The outcome tags. 成功激活 comes from an activation event within the window, never from a call alone."""

    ACTIVATED = "成功激活"
    WILLING = "未成功但有意愿"
    SILENT = "完全无回应"
    REFUSED = "明确拒绝"


class Feedback(StrEnum):
    """The feedback code of a call (R141)."""

    CLEAR_NEED = "需求明确"
    CONSIDERING = "考虑中"
    REFUSED = "拒绝"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One row of the table."""

    leading: tuple[FollowUpKind, ...]
    response: Response | None = None
    feedback: Feedback | None = None


def _meaning(
    outcome: Outcome, response: Response | None = None, feedback: Feedback | None = None
) -> tuple[Outcome, Meaning]:
    return outcome, Meaning(leading=LEADING[outcome], response=response, feedback=feedback)


MEANINGS: Mapping[Outcome, Meaning] = dict(
    (
        _meaning(Outcome.INTERESTED, Response.WILLING, Feedback.CLEAR_NEED),
        _meaning(Outcome.CONSIDERING, Response.WILLING, Feedback.CONSIDERING),
        _meaning(Outcome.REFUSED, Response.REFUSED, Feedback.REFUSED),
        _meaning(Outcome.DO_NOT_CALL, Response.REFUSED, Feedback.REFUSED),
        _meaning(Outcome.TRANSFERRED),
        _meaning(Outcome.CALLBACK, Response.WILLING, Feedback.CONSIDERING),
        _meaning(Outcome.WRONG_NUMBER),
        _meaning(Outcome.VOICEMAIL, Response.SILENT),
        _meaning(Outcome.NO_ANSWER, Response.SILENT),
        _meaning(Outcome.INTERRUPTED),
        _meaning(Outcome.BUSY, Response.SILENT),
        _meaning(Outcome.REJECTED, Response.SILENT),
        _meaning(Outcome.POWER_OFF, Response.SILENT),
        _meaning(Outcome.SUSPENDED),
        _meaning(Outcome.INVALID_NUMBER),
        _meaning(Outcome.NETWORK),
    )
)

LINE_OUTCOMES: Mapping[LineCause, Outcome] = {
    LineCause.NORMAL: Outcome.INTERRUPTED,
    LineCause.BUSY: Outcome.BUSY,
    LineCause.NO_ANSWER: Outcome.NO_ANSWER,
    LineCause.REJECTED: Outcome.REJECTED,
    LineCause.POWER_OFF: Outcome.POWER_OFF,
    LineCause.UNREACHABLE: Outcome.NO_ANSWER,
    LineCause.SUSPENDED: Outcome.SUSPENDED,
    LineCause.INVALID_NUMBER: Outcome.INVALID_NUMBER,
    LineCause.NETWORK: Outcome.NETWORK,
    LineCause.CANCELLED: Outcome.INTERRUPTED,
}
"""The outcome of an attempt without a conversation, by the cause of the line.

`normal` without a conversation means that somebody picked up and the line to us was lost.
"""


def settled_outcome(outcome: Outcome, journalled: Iterable[JournalKind]) -> Outcome:
    """The outcome once the journal has its say: what was heard counts, whatever became of the call.

    A do-not-call always wins. An interrupted call that had booked a call-back is one.
    """
    kinds = frozenset(journalled)
    if JournalKind.DO_NOT_CALL in kinds:
        return Outcome.DO_NOT_CALL
    if outcome is Outcome.INTERRUPTED and JournalKind.CALLBACK in kinds:
        return Outcome.CALLBACK
    return outcome


def follow_ups(
    outcome: Outcome,
    journalled: Iterable[JournalKind],
    named: Iterable[FollowUpKind] = (),
    *,
    complained: bool = False,
) -> tuple[FollowUpKind, ...]:
    """What follows, the leading one first, no duplicates.

    `named` are the follow-ups that the conversation itself found; none of them is lost. A complaint pauses
    all touches whatever else came of the call (R168), a do-not-call blacklists whatever else came of it (R170).
    A retry follows only where nothing else does.
    """
    kinds = frozenset(journalled)
    complained = complained or JournalKind.COMPLAINT in kinds
    leading = MEANINGS[outcome].leading
    if outcome is Outcome.TRANSFERRED and complained:
        leading = (FollowUpKind.COMPLAINT_PAUSE_30D,)
    found = [*leading, *named]
    if JournalKind.DO_NOT_CALL in kinds:
        found.append(FollowUpKind.BLACKLIST)
    if complained:
        found.append(FollowUpKind.COMPLAINT_PAUSE_30D)
    if outcome is Outcome.INTERRUPTED and kinds & {JournalKind.TRANSFER_REQUEST, JournalKind.PROMISE}:
        found.append(FollowUpKind.ASSIGN_AGENT_24H)
    if set(found) != {FollowUpKind.RETRY_LATER}:
        found = [kind for kind in found if kind is not FollowUpKind.RETRY_LATER]
    return tuple(dict.fromkeys(found))
