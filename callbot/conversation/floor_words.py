"""What words mean for the floor: listening along, taking it over a speech, how far a turn has come. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from callbot.conversation.floor_events import Speech, TakeTurn, Words
from callbot.conversation.turn_cues import (
    end_of_turn_ms,
    is_back_channel,
    is_farewell,
    is_greeting,
    is_urgent,
)

QUESTIONS = frozenset({"yes_no", "identity", "anything_else"})
"""Kinds of questions that a bare 嗯 answers."""


def is_aside(words: Words) -> bool:
    """Do these words wait for no answer: a cough, a back-channel, a greeting?"""
    if words.digit:
        return False
    return not words.text or is_back_channel(words.text) or is_greeting(words.text)


def takes_floor(words: Words, speech: Speech, *, short_sound_ms: int) -> bool:
    """Do these words, said while `speech` plays, end it? Longer sound whose words are lost does."""
    if words.digit or is_urgent(words.text):
        return True
    if not words.text:
        return words.failed and words.end_ms - words.start_ms > short_sound_ms
    if speech.final:
        return not is_farewell(words.text) and not is_back_channel(words.text)
    if is_back_channel(words.text):
        return speech.asks in QUESTIONS
    return True


def turn_so_far(segments: Sequence[Words], *, silence_ms: int, answers_yes_no: bool) -> TakeTurn:
    """What the callee has said since they have the floor, and when it will be a turn.

    `segments` in their order, at least one; `silence_ms`: the silence that ends this callee's turns.
    """
    text = _joined(segments)
    last_ms = max(words.end_ms for words in segments)
    wait_ms = end_of_turn_ms(text, silence_ms=silence_ms, answers_yes_no=answers_yes_no)
    return TakeTurn(
        text=text,
        start_ms=segments[0].start_ms,
        end_ms=last_ms,
        due_ms=last_ms + (0 if segments[-1].digit else wait_ms),
        segments=tuple(segments),
    )


def _joined(segments: Sequence[Words]) -> str:
    """Segments of one turn as one text; a comma where the callee paused."""
    return "，".join(words.text.strip().rstrip("，。,.") for words in segments if words.text.strip())
