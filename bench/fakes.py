"""Engines that answer at once and remember nothing, so that a load run measures callbot and not them."""

from __future__ import annotations

from collections.abc import Sequence

from asr_tts.audio import Audio
from asr_tts.recogniser import Recognizer, Transcript
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Context, Reader, Reading

WORDS = "我想了解一下这次给老客户的活动"
"""Neither complete nor hesitating by its last words: the turn ends after exactly the configured silence."""
SHORTEST_WORDS_MS = 1_000
"""Margins included; a shorter segment is a cough."""

PROMISE_EVERY = 8
"""Turns; a promise is what such a call writes into its journal."""


class LengthRecognizer(Recognizer):
    """Hears `WORDS` in what is long enough and nothing in a cough."""

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        if audio.duration_ms < SHORTEST_WORDS_MS:
            return Transcript(text="", confidence=0.0)
        return Transcript(text=WORDS, confidence=0.95)

    async def aclose(self) -> None: ...


class InterestedReader(Reader):
    """Of one call: the callee is interested; every eighth time they consider, which earns a promise."""

    def __init__(self) -> None:
        self._turns = 0

    async def read(self, text: str, context: Context) -> Reading:
        self._turns += 1
        return Reading(
            text=text,
            intent=Intent.CONSIDERING if self._turns % PROMISE_EVERY == 0 else Intent.INTERESTED,
            confidence=0.95,
            emotion=Emotion.NEUTRAL,
            emotion_confidence=0.95,
        )

    async def aclose(self) -> None: ...
