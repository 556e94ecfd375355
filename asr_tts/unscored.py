"""What a recogniser that gives no score has heard: tidied, checked for phantoms, with a score assumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from asr_tts.phantoms import is_phantom, tidy, without_loops
from asr_tts.recogniser import Transcript, Word

_ASSUMED_CONFIDENCE: Final = 0.8
"""High enough to act upon, low enough to lose against a measured one."""


def heard(raw: str, *, hotwords: Sequence[str] = (), words: tuple[Word, ...] = ()) -> Transcript:
    """The transcript of one segment, from text in simplified characters; empty where nobody spoke."""
    text = without_loops(tidy(raw))
    if not text or is_phantom(text, avg_logprob=0.0, no_speech_probability=0.0, hotwords=hotwords):
        return Transcript(text="", confidence=0.0)
    return Transcript(text=text, confidence=_ASSUMED_CONFIDENCE, words=words)
