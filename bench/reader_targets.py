"""What an example teaches each head, and how far it can be believed about what nobody labelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.reader_data import Example
from callbot.conversation.labels import Emotion, Intent, Signal

INTENTS = sorted(intent.value for intent in Intent)
EMOTIONS = sorted(emotion.value for emotion in Emotion)
SIGNALS = [signal.value for signal in Signal]

_SAME = {
    Signal.EXPLICIT_REQUEST.value: Intent.REQUEST_HUMAN.value,
    Signal.COMPLAINT.value: Intent.COMPLAINT.value,
}
"""Signals that are intents as well."""
_MAY_BE_MISHEARING = frozenset({Intent.DENY, Intent.CANNOT_HEAR_REPEAT, Intent.ABUSIVE, Intent.ASK_IS_ROBOT})


def intent_of(example: Example) -> int:
    """Place of the intent in `INTENTS`, -1 where it is not known."""
    intent = example.intent or _SAME.get(example.signal, "")
    return INTENTS.index(intent) if intent else -1


def emotion_of(example: Example) -> int:
    return EMOTIONS.index(example.emotion) if example.emotion else -1


def signal_targets(rows: Sequence[Example]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Signals of each row, and how much the row is believed.

    Utterances labelled for their intent alone say nothing about signals; most show none. Where fear, anger or
    contradiction is heard, one of them may well be there, and such a row counts for nearly nothing.
    """
    shown = np.zeros((len(rows), len(SIGNALS)), dtype=np.float32)
    certain = np.full(len(rows), 0.4, dtype=np.float32)
    for number, row in enumerate(rows):
        if row.signal in SIGNALS:
            shown[number, SIGNALS.index(row.signal)] = 1
        if row.signal:
            certain[number] = 1.0
            continue
        for signal, intent in _SAME.items():
            shown[number, SIGNALS.index(signal)] = row.intent == intent
        if row.emotion == Emotion.SAD_WORRIED or row.emotion == Emotion.ANGRY:
            certain[number] = 0.05
        elif row.intent in _MAY_BE_MISHEARING:
            certain[number] = 0.1
    return shown, certain
