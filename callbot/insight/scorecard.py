"""What can be checked of a call without listening to it, each with the turns that show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callbot.store.overview import CallSheet
from callbot.store.tables import CallTurn

_DISCLOSED_WITHIN_MS: Final = 15_000
_LONGEST_TURN: Final = 60
"""Characters that somebody on the phone takes in at once."""
_ANGER: Final = ("angry", "sad_worried")


class Check(StrEnum):
    """One line of the scorecard."""

    DISCLOSED = "disclosed"
    """Said to be a machine and that the call is recorded, soon after the answer."""
    STOP_RESPECTED = "stop_respected"
    """Whoever asked not to be called is on the list, and heard no more than a farewell."""
    HUMAN_GIVEN = "human_given"
    """Whoever asked for a human or complained got one, or a promised time."""
    NOTHING_FALSE = "nothing_false"
    """The guard had nothing to stop."""
    SHORT_TURNS = "short_turns"
    """No sentence too long for the phone."""
    HEARD_OUT = "heard_out"
    """The callee did not have to say the same again."""
    CALMER = "calmer"
    """Whoever was upset did not leave more upset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one check; `passed` is None where it does not apply to this call."""

    check: Check
    passed: bool | None
    turns: tuple[int, ...] = ()
    """Positions of the turns that show it."""


def scorecard(sheet: CallSheet) -> tuple[Finding, ...]:
    """All checks, in their order. A call nobody answered has nothing to check."""
    if not any(turn.speaker == "callee" for turn in sheet.turns):
        return tuple(Finding(check=check, passed=None) for check in Check)
    turns = sorted(sheet.turns, key=lambda turn: turn.position)
    return tuple(judge(check, sheet, turns) for check, judge in _JUDGES.items())


def _disclosed(check: Check, sheet: CallSheet, turns: Sequence[CallTurn]) -> Finding:
    at = sheet.call.disclosure_ms
    first = next((turn.position for turn in turns if turn.speaker == "bot"), None)
    shown = () if first is None else (first,)
    return Finding(check=check, passed=at is not None and at <= _DISCLOSED_WITHIN_MS, turns=shown)


def _stop_respected(check: Check, sheet: CallSheet, turns: Sequence[CallTurn]) -> Finding:
    asked = _of(turns, intents=("do_not_call",))
    if not asked:
        return Finding(check=check, passed=None)
    after = [turn for turn in turns if turn.speaker == "bot" and turn.position > asked[-1].position]
    listed = sheet.call.outcome in ("do_not_call", "transferred")
    shown = (asked[-1].position, *(turn.position for turn in after[1:]))
    return Finding(check=check, passed=listed and not any(turn.offers for turn in after), turns=shown)


def _human_given(check: Check, sheet: CallSheet, turns: Sequence[CallTurn]) -> Finding:
    asked = _of(turns, intents=("request_human", "complaint"))
    if not asked:
        return Finding(check=check, passed=None)
    booked = any(
        promise.kind in ("callback", "agent_contact", "complaint_answer") for promise in sheet.promises
    )
    given = any(transfer.connected_at is not None for transfer in sheet.transfers) or booked
    declined = sheet.call.outcome == "do_not_call"
    return Finding(check=check, passed=given or declined, turns=tuple(turn.position for turn in asked))


def _nothing_false(check: Check, sheet: CallSheet, turns: Sequence[CallTurn]) -> Finding:
    stopped = {block.at_ms for block in sheet.blocks}
    shown = tuple(
        max((turn.position for turn in turns if turn.start_ms <= at), default=turns[0].position)
        for at in sorted(stopped)
    )
    return Finding(check=check, passed=not stopped, turns=shown)


def _short_turns(check: Check, sheet: CallSheet, turns: Sequence[CallTurn]) -> Finding:
    long = tuple(turn.position for turn in turns if turn.speaker == "bot" and len(turn.text) > _LONGEST_TURN)
    return Finding(check=check, passed=not long, turns=long)


def _heard_out(check: Check, sheet: CallSheet, turns: Sequence[CallTurn]) -> Finding:
    again: list[int] = []
    said: set[str] = set()
    for turn in turns:
        if turn.speaker != "callee" or len(turn.text) < 4:
            continue
        if turn.text in said:
            again.append(turn.position)
        said.add(turn.text)
    return Finding(check=check, passed=not again, turns=tuple(again))


def _calmer(check: Check, sheet: CallSheet, turns: Sequence[CallTurn]) -> Finding:
    felt = [turn for turn in turns if turn.speaker == "callee" and turn.emotion]
    upset = [turn for turn in felt if turn.emotion in _ANGER]
    if not upset:
        return Finding(check=check, passed=None)
    handed = any(transfer.connected_at is not None for transfer in sheet.transfers)
    return Finding(
        check=check,
        passed=handed or felt[-1].emotion not in _ANGER,
        turns=(upset[0].position, felt[-1].position),
    )


def _of(turns: Sequence[CallTurn], *, intents: Sequence[str]) -> list[CallTurn]:
    return [turn for turn in turns if turn.speaker == "callee" and turn.intent in intents]


_JUDGES: Final[Mapping[Check, Callable[[Check, CallSheet, Sequence[CallTurn]], Finding]]] = {
    Check.DISCLOSED: _disclosed,
    Check.STOP_RESPECTED: _stop_respected,
    Check.HUMAN_GIVEN: _human_given,
    Check.NOTHING_FALSE: _nothing_false,
    Check.SHORT_TURNS: _short_turns,
    Check.HEARD_OUT: _heard_out,
    Check.CALMER: _calmer,
}
