"""A call as a script that a QA reviewer reads: who said what, when, and what was heard of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from callbot.insight.words import EMOTIONS, INTENTS, SPEAKERS, word
from callbot.store.tables import CallTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptLine:
    """One line of the script."""

    at: str
    """mm:ss.d – mm:ss.d on the media clock."""
    start_ms: int
    kind: str
    """bot, callee or agent."""
    speaker: str
    """The same in Chinese."""
    text: str
    unheard: str
    """What the callee did not hear of an interrupted turn."""
    note: str
    """Intent and emotion of a callee turn, act and offers of a bot turn."""


def script(turns: Iterable[CallTurn]) -> tuple[ScriptLine, ...]:
    """The lines in the order they began."""
    return tuple(_line(turn) for turn in sorted(turns, key=lambda turn: (turn.start_ms, turn.position)))


def _line(turn: CallTurn) -> ScriptLine:
    heard = turn.heard if turn.interrupted else turn.text
    unheard = turn.text[len(heard) :] if turn.interrupted and turn.text.startswith(heard) else ""
    return ScriptLine(
        at=f"{clock(turn.start_ms)}–{clock(turn.end_ms)}",
        start_ms=turn.start_ms,
        kind=turn.speaker,
        speaker=word(SPEAKERS, turn.speaker),
        text=heard or ("（未识别）" if turn.speaker != "bot" else ""),
        unheard=unheard,
        note=_note(turn),
    )


def _note(turn: CallTurn) -> str:
    parts = []
    if turn.intent:
        parts.append(word(INTENTS, turn.intent))
    if turn.emotion and turn.emotion != "neutral":
        parts.append(word(EMOTIONS, turn.emotion))
    if turn.confidence is not None:
        parts.append(f"{turn.confidence:.0%}")
    if turn.offers:
        parts.append("优惠 " + "、".join(turn.offers))
    if turn.interrupted:
        parts.append("被打断")
    return " · ".join(parts)


def clock(ms: int) -> str:
    """Milliseconds as m:ss.d"""
    tenths = round(ms / 100)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
