"""Text to speech, as a port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from asr_tts.audio import Audio


class Voice(Protocol):
    """Speaks Mandarin text. Safe to call from many calls at once."""

    @property
    def identity(self) -> str:
        """Engine, voice and version, e.g. `kokoro-82m-int8/zf_xiaoxiao/1`; part of the cache key."""
        ...

    def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        """Yield the speech clause by clause, the first as soon as it is ready. Raises `VoiceFailed`."""
        ...

    async def aclose(self) -> None: ...


class VoiceFailed(Exception):
    """The engine did not answer; `retryable` says whether asking again can help."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
