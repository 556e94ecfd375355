"""Hearing: one stretch of speech becomes words, whatever the recogniser does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from asr_tts.recogniser import Recognizer
from callbot.conversation.floor_events import Words
from callbot.conversation.line import SpeechEnded
from callbot.conversation.result import CallLog


@dataclass(slots=True, eq=False)
class Hearing:
    """Recognition of one call's segments, each under a deadline."""

    recognizer: Recognizer
    hotwords: tuple[str, ...]
    log: CallLog
    limit_s: float

    async def words(self, event: SpeechEnded) -> Words:
        """The words of a segment. Never raises: a recogniser that fails leaves them unknown."""
        try:
            async with asyncio.timeout(self.limit_s):
                transcript = await self.recognizer.transcribe(event.audio, hotwords=self.hotwords)
        except Exception as error:
            self.log.event("recogniser-failed", event.end_ms, error=repr(error))
            return Words(text="", start_ms=event.start_ms, end_ms=event.end_ms, confidence=0.0, failed=True)
        return Words(
            text=transcript.text.strip(),
            start_ms=event.start_ms,
            end_ms=event.end_ms,
            confidence=transcript.confidence,
        )
