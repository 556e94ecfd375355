"""The `Voice` in front of Kokoro workers: clause by clause, people on the line first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import numpy as np

from asr_tts.audio import Audio
from asr_tts.clauses import clauses, ends_sentence
from asr_tts.kokoro import KokoroEngine
from asr_tts.priority_gate import PriorityGate
from asr_tts.voice import VoiceFailed
from asr_tts.worker import EngineFailed, EnginePool

_VERSION = 1
"""Raised whenever the same text would sound different; part of the cache key."""
_SENTENCE_PAUSE_MS = 200


class KokoroVoice:
    """Speaks with worker processes that each hold a `KokoroEngine`.

    `background` is the same voice for work ahead of time: its requests wait while any live one does.
    """

    def __init__(self, pool: EnginePool, speaker: str, *, workers: int = 1) -> None:
        """`workers` is the number of workers of `pool`, whose engines have the method `synthesise`."""
        self._pool = pool
        self._speaker = speaker
        self._gate = PriorityGate(workers)
        self._live = True

    @classmethod
    def start(cls, directory: Path, speaker: str, *, workers: int = 1, threads: int = 1) -> KokoroVoice:
        """Voice over a pool of its own; the processes start with the first request or `warm_up`."""
        factory = partial(KokoroEngine, directory, speaker, threads)
        return cls(EnginePool(factory, workers, deadline_s=60), speaker, workers=workers)

    @property
    def identity(self) -> str:
        return f"kokoro-82m-int8/{self._speaker}/{_VERSION}"

    @property
    def background(self) -> KokoroVoice:
        """This voice for speech made ahead of time; shares the workers and lets live requests pass."""
        behind = KokoroVoice.__new__(KokoroVoice)
        behind._pool, behind._speaker, behind._gate, behind._live = self._pool, self._speaker, self._gate, False
        return behind

    async def warm_up(self) -> None:
        """Load the model in every worker now. Raises `VoiceFailed`."""
        try:
            await self._pool.warm_up()
        except EngineFailed as error:
            raise VoiceFailed(f"kokoro: {error}", retryable=error.retryable) from error

    async def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        """Yield the speech clause by clause at 24 kHz, with pauses between sentences. Raises `VoiceFailed`."""
        pieces = clauses(text)
        for piece in pieces:
            async with self._gate.enter(live=self._live):
                try:
                    audio: Audio = await self._pool.run("synthesise", piece, speed)
                except EngineFailed as error:
                    raise VoiceFailed(f"kokoro: {error}", retryable=error.retryable) from error
            if not len(audio.samples):
                continue
            if ends_sentence(piece) and piece is not pieces[-1]:
                pause = np.zeros(audio.rate * _SENTENCE_PAUSE_MS // 1000, dtype=np.int16)
                audio = Audio(np.concatenate([audio.samples, pause]), audio.rate)
            yield audio

    async def aclose(self) -> None:
        """End the workers; the background voice ends with it."""
        await self._pool.aclose()
