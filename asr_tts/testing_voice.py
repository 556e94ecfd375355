"""A voice for tests and simulations: a tone as long as the text would take, made at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.clauses import clauses
from asr_tts.voice import VoiceFailed

MS_PER_CHARACTER = 220
"""How long one spoken character takes at speed 1."""


class FakeVoice:
    """Deterministic audio of `ms_per_character` for each character that would be said.

    `tone_hz=0` makes silence. `delay_s` passes before each clause. `failures` requests fail first, retryably.
    `spoken` lists the texts asked for, in order.
    """

    def __init__(
        self,
        *,
        tone_hz: float = 440.0,
        rate: int = LINE_RATE,
        delay_s: float = 0.0,
        failures: int = 0,
        ms_per_character: int = MS_PER_CHARACTER,
    ) -> None:
        self.spoken: list[str] = []
        self.failures = failures
        self.closed = False
        self._tone_hz = tone_hz
        self._rate = rate
        self._delay_s = delay_s
        self._ms_per_character = ms_per_character

    @property
    def identity(self) -> str:
        return f"fake/{self._tone_hz:g}/{self._ms_per_character}"

    async def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        self.spoken.append(text)
        if self.failures > 0:
            self.failures -= 1
            raise VoiceFailed("the fake voice was told to fail", retryable=True)
        for clause in clauses(text):
            await asyncio.sleep(self._delay_s)
            yield self._tone(clause, speed)

    def _tone(self, clause: str, speed: float) -> Audio:
        characters = sum(character.isalnum() for character in clause)
        length = round(self._rate * characters * self._ms_per_character / 1000 / speed)
        wave = np.sin(2 * np.pi * self._tone_hz * np.arange(length) / self._rate) * 0.14
        return Audio((wave * 32767).astype(np.int16), self._rate)

    async def aclose(self) -> None:
        self.closed = True
