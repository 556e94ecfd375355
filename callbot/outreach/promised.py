"""From what was promised in a call to the rows of the promise register. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.conversation.promises import PromiseKind
from callbot.conversation.result import JournalKind, Note
from callbot.outreach.case import Case
from callbot.store.promises import NewPromise
from callbot.store.settlement import NewFollowUp
from callbot.store.tables import JournalRow

HUMAN_WITHIN = timedelta(hours=24)
MESSAGE_WITHIN = timedelta(days=5)
"""过几天: the message is meant for the third day, and its window may be a day or two later."""

_HUMANS = (
    FollowUpKind.ASSIGN_AGENT_24H,
    FollowUpKind.COMPLAINT_PAUSE_30D,
    FollowUpKind.AGENT_HANDLES_NOW,
    FollowUpKind.SCHEDULE_CALLBACK,
)
KEEPERS: Mapping[PromiseKind, tuple[FollowUpKind, ...]] = {
    PromiseKind.CALLBACK: (FollowUpKind.SCHEDULE_CALLBACK, *_HUMANS[:3]),
    PromiseKind.AGENT_CONTACT: _HUMANS,
    PromiseKind.COMPLAINT_ANSWER: (FollowUpKind.COMPLAINT_PAUSE_30D, *_HUMANS),
    PromiseKind.MESSAGE: (FollowUpKind.PUSH_OFFER_3D,),
    PromiseKind.OFFER: (*_HUMANS[:3], FollowUpKind.PUSH_OFFER_3D),
    PromiseKind.WRAP_UP: (FollowUpKind.AGENT_HANDLES_NOW,),
}
"""What keeps a promise, the first that follows from the call."""
_RELEASING = frozenset(
    {FollowUpKind.BLACKLIST, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D, FollowUpKind.MARK_NUMBER_INVALID}
)
"""Who wants no more contact has released us from what was promised before."""
_NOBODY_HEARD = frozenset({Outcome.VOICEMAIL, Outcome.NO_ANSWER})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    kind: PromiseKind
    words: str
    at_ms: int


def spoken(case: Case, outcome: Outcome) -> tuple[_Spoken, ...]:
    """The promises of the bot that were heard, each wording once, in order."""
    if outcome in _NOBODY_HEARD:
        return ()
    committed: Iterable[JournalRow | Note] = case.before.journal
    noted: Iterable[JournalRow | Note] = case.ended.result.notes if case.ended.result else ()
    found: dict[tuple[PromiseKind, str], _Spoken] = {}
    # What was committed, and what could not be but came with the result.
    for line in (*committed, *noted):
        if line.kind != JournalKind.PROMISE:
            continue
        kind = kind_of(line)
        found.setdefault((kind, line.words), _Spoken(kind=kind, words=line.words, at_ms=line.at_ms))
    return tuple(found.values())


def kind_of(line: JournalRow | Note) -> PromiseKind:
    """What a journalled promise promises; one that no flow of today knows is a human's to keep."""
    what = str(line.data.get("what", ""))
    return PromiseKind(what) if what in set(PromiseKind) else PromiseKind.AGENT_CONTACT


def unkept(heard: Sequence[_Spoken], kinds: Collection[FollowUpKind]) -> Iterator[FollowUpKind]:
    """Follow-ups that promises still need beside those that follow anyway."""
    if _RELEASING & set(kinds):
        return
    for each in heard:
        if not set(KEEPERS[each.kind]) & set(kinds):
            match each.kind:
                case PromiseKind.MESSAGE:
                    if FollowUpKind.COMPLAINT_PAUSE_30D not in kinds:
                        yield FollowUpKind.PUSH_OFFER_3D
                case (
                    PromiseKind.CALLBACK
                    | PromiseKind.AGENT_CONTACT
                    | PromiseKind.COMPLAINT_ANSWER
                    | PromiseKind.OFFER
                    | PromiseKind.WRAP_UP
                ):
                    yield FollowUpKind.ASSIGN_AGENT_24H
                case _:
                    assert_never(each.kind)


def register(
    case: Case,
    heard: Sequence[_Spoken],
    rows: Sequence[NewFollowUp],
    *,
    call_at: datetime | None,
    owner: str,
    now: datetime,
) -> tuple[NewPromise, ...]:
    """The promises of one call with what keeps each of them.

    `call_at` is the time that was agreed for a call-back, `owner` who has what nothing keeps. All times UTC.
    Source: docs/outcomes.md.
    """
    by_kind = {FollowUpKind(row.kind): row for row in rows}
    last_call = max((each.at_ms for each in heard if each.kind is PromiseKind.CALLBACK), default=0)
    found = []
    for each in heard:
        keeper = next((by_kind[kind] for kind in KEEPERS[each.kind] if kind in by_kind), None)
        moved = each.kind is PromiseKind.CALLBACK and each.at_ms < last_call
        released = keeper is None
        found.append(
            NewPromise(
                kind=each.kind,
                words=each.words,
                due_at=_due(each.kind, call_at, now),
                owner=keeper.owner if keeper else owner,
                turn=_turn(case, each),
                keeper=keeper.kind if keeper and not moved else "",
                state="void" if released or moved else "open",
                note="改约了时间" if moved else "客户已不再要求" if released else "",
            )
        )
    return (*found, *_wrapped_up(case, by_kind, now))


def _wrapped_up(case: Case, by_kind: Mapping[FollowUpKind, NewFollowUp], now: datetime) -> Iterator[NewPromise]:
    """What human agents promised, as their wrap-ups say."""
    for transfer in case.transfers():
        words = str(transfer["wrap_up"].get("promise") or "").strip()
        if transfer["result"] == "connected" and words:
            keeper = next((by_kind[kind] for kind in _KEEP_WRAP_UP if kind in by_kind), None)
            yield NewPromise(
                kind=PromiseKind.WRAP_UP,
                words=words,
                due_at=wrap_up_due(transfer["wrap_up"], now),
                owner=str(transfer["agent_id"] or (keeper.owner if keeper else "")),
                keeper=keeper.kind if keeper else "",
            )


def wrap_up_due(form: Mapping[str, object], now: datetime) -> datetime:
    """When an agent said that it will be done, `promise_due_at` of the form, UTC.

    Within 24 h where that is no moment ahead.
    """
    said = form.get("promise_due_at")
    try:
        due = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        due = None
    if due is None or due.tzinfo is None or due <= now:
        return now + HUMAN_WITHIN
    return due.astimezone(UTC)


_KEEP_WRAP_UP = (
    FollowUpKind.AGENT_HANDLES_NOW,
    FollowUpKind.COMPLAINT_PAUSE_30D,
    FollowUpKind.ASSIGN_AGENT_24H,
)


def _due(kind: PromiseKind, call_at: datetime | None, now: datetime) -> datetime:
    match kind:
        case PromiseKind.CALLBACK:
            return call_at or now + HUMAN_WITHIN
        case PromiseKind.MESSAGE:
            return now + MESSAGE_WITHIN
        case PromiseKind.AGENT_CONTACT | PromiseKind.COMPLAINT_ANSWER | PromiseKind.OFFER | PromiseKind.WRAP_UP:
            return now + HUMAN_WITHIN
        case _:
            assert_never(kind)


def _turn(case: Case, each: _Spoken) -> int | None:
    turns = case.ended.result.turns if case.ended.result else ()
    return next(
        (
            index
            for index, turn in enumerate(turns)
            if turn.speaker == "bot" and turn.heard == each.words and turn.end_ms == each.at_ms
        ),
        None,
    )
