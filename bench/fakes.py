"""Engines that answer at once and remember nothing, so that a load run measures callbot and not them."""

from __future__ import annotations

from collections.abc import Sequence

from asr_tts.audio import Audio
from asr_tts.recogniser import Recognizer, Transcript
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Context, Reader, Reading

ORDINARY = "我还要再考虑一下这个事情"
"""Neither complete nor hesitating by its last words: the turn ends after exactly the configured silence."""
ASKING = "你们是哪家公司的客服中心"
"""Answered by a promise, which is what such a call writes into its journal."""
ASKING_EVERY = 8
"""Turns."""
SHORTEST_WORDS_MS = 1_000
"""Margins included; a shorter segment is a cough."""
_MEANING = {ORDINARY: Intent.CONSIDERING, ASKING: Intent.ASK_IDENTITY}


class LengthRecognizer(Recognizer):
    """Of one call: hears words in what is long enough and nothing in a cough."""

    def __init__(self) -> None:
        self._turns = 0

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        if audio.duration_ms < SHORTEST_WORDS_MS:
            return Transcript(text="", confidence=0.0)
        self._turns += 1
        return Transcript(text=ORDINARY if self._turns % ASKING_EVERY else ASKING, confidence=0.95)

    async def aclose(self) -> None: ...


class InstantReader(Reader):
    """Knows what `LengthRecognizer` hears."""

    async def read(self, text: str, context: Context) -> Reading:
        return Reading(
            text=text,
            intent=_MEANING.get(text, Intent.SILENCE_FILLER_UNCLEAR),
            confidence=0.95,
            emotion=Emotion.NEUTRAL,
            emotion_confidence=0.95,
        )

    async def aclose(self) -> None: ...
