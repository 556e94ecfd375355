"""A voice that remembers what it said, as audio ready for the telephone line."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import numpy as np

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.shared_synthesis import SharedSynthesis
from asr_tts.voice import Voice
from asr_tts.voice_files import VoiceFiles
from asr_tts.voice_memory import VoiceMemory

_log = logging.getLogger(__name__)

_IN_MEMORY_BYTES = 32 * 1024 * 1024
"""Half an hour of speech: the fixed lines of several flows."""


class CachedVoice:
    """`voice` with its audio kept in `directory`, at most `max_bytes` of it. Yields 8 kHz.

    Text that is already there is yielded whole at once; otherwise clauses come as the voice makes them and are
    stored when the last one is done. Several requests for one text share one synthesis. For one event loop.
    """

    def __init__(
        self,
        voice: Voice,
        directory: Path,
        max_bytes: int = 512 * 1024 * 1024,
        *,
        background: Voice | None = None,
    ) -> None:
        """`background` speaks like `voice` but lets live requests pass; `prepare` uses it."""
        self._voice = voice
        self._background = background or voice
        self._files = VoiceFiles(directory, max_bytes)
        self._memory = VoiceMemory(_IN_MEMORY_BYTES)
        self._syntheses: dict[str, SharedSynthesis] = {}

    @property
    def identity(self) -> str:
        return self._voice.identity

    async def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        """Yield the speech at 8 kHz. Raises `VoiceFailed` when it is not stored and the voice fails."""
        key = self._key(text, speed)
        if key not in self._syntheses:
            stored = self._memory.get(key)
            if stored is None:
                stored = await asyncio.to_thread(self._files.read, key)
                if stored is not None and self._files.has(key):  # not forgotten meanwhile
                    self._memory.keep(key, stored)
            if stored is not None:
                yield stored
                return
        synthesis = self._synthesis(key, text, speed, live=True)
        with synthesis.listening():
            async for audio in synthesis.pieces():
                yield audio

    async def prepare(self, text: str, *, speed: float = 1.0) -> None:
        """Have the audio ready for a later `speak`. Raises `VoiceFailed`."""
        key = self._key(text, speed)
        while not self.has(text, speed=speed):
            synthesis = self._synthesis(key, text, speed, live=False)
            with synthesis.listening():
                await synthesis.whole()
            if not synthesis.superseded:
                return

    def has(self, text: str, *, speed: float = 1.0) -> bool:
        """Is the whole audio stored?"""
        return self._files.has(self._key(text, speed))

    async def forget(self, text: str, *, speed: float = 1.0) -> None:
        """Remove the audio of a text that holds personal data; who listens just now still hears its end."""
        key = self._key(text, speed)
        self._syntheses.pop(key, None)
        self._memory.forget(key)
        await asyncio.to_thread(self._files.remove, key)

    async def aclose(self) -> None:
        """Stop what is being made, finish storing what is whole and close the voice."""
        for synthesis in list(self._syntheses.values()):
            await synthesis.stop()
        await self._voice.aclose()

    def _key(self, text: str, speed: float) -> str:
        parts = [text, self._voice.identity, f"{speed:.3f}", LINE_RATE]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _synthesis(self, key: str, text: str, speed: float, *, live: bool) -> SharedSynthesis:
        """The one under way for `key`, or a new one.

        A live request takes over from one made ahead of time, which would wait for other live requests to pass.
        """
        current = self._syntheses.get(key)
        if current is not None and not current.joinable:
            current = None
        if current is not None and (current.live or current.complete or not live):
            return current
        voice = self._voice if live else self._background

        async def store(pieces: list[Audio]) -> None:
            await self._store(key, synthesis, pieces)

        synthesis = SharedSynthesis(voice.speak(text, speed=speed), store, live=live)
        synthesis.on_end(partial(self._forget_synthesis, key, synthesis))
        self._syntheses[key] = synthesis
        if current is not None:
            current.supersede()
        return synthesis

    def _forget_synthesis(self, key: str, synthesis: SharedSynthesis) -> None:
        if self._syntheses.get(key) is synthesis:
            del self._syntheses[key]

    async def _store(self, key: str, synthesis: SharedSynthesis, pieces: list[Audio]) -> None:
        """Keep the audio unless it was forgotten meanwhile; a full disk costs the cache, not the call."""
        if not pieces or self._syntheses.get(key) is not synthesis:
            return
        whole = Audio(np.concatenate([piece.samples for piece in pieces]), LINE_RATE)
        try:
            await asyncio.to_thread(self._files.write, key, whole)
        except OSError as error:
            _log.warning("voice cache: %s → free space or move the data directory", error)
        if self._syntheses.get(key) is not synthesis:
            await asyncio.to_thread(self._files.remove, key)
