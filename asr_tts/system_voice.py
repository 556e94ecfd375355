"""The operating system's own voice through pyttsx3: the last resort on a machine with no other.

On Windows (SAPI) and macOS (NSSpeechSynthesizer) Mandarin is good once a Chinese voice is installed. On Linux
it is eSpeak NG, which is barely Mandarin: a recogniser gets 84 % of the characters wrong. It proves that audio
flows; nobody should be called with it.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np

from asr_tts.audio import Audio
from asr_tts.clauses import clauses
from asr_tts.levelling import level_speech
from asr_tts.spoken_form import spoken_form
from asr_tts.voice import VoiceFailed
from asr_tts.worker import EngineFailed, EnginePool

_WORDS_A_MINUTE = 170
_TRIES = 3


class SystemEngine:
    """pyttsx3. Synchronous: its run loop blocks, so it lives in a worker process."""

    def __init__(self, voice_id: str = "") -> None:
        """Open the driver with `voice_id`, else its first Mandarin voice. Raises `VoiceFailed` without one."""
        if sys.platform == "linux":
            _bring_espeak()
        import pyttsx3

        try:
            self._engine: Any = pyttsx3.init()
        except (ImportError, RuntimeError, OSError) as error:
            raise VoiceFailed(
                f"no system voice: {error} → install a Chinese voice, or set models.voice to kokoro",
                retryable=False,
            ) from error
        self._engine.setProperty("voice", voice_id or self._mandarin())

    def synthesise(self, text: str, speed: float = 1.0) -> Audio:
        """Speak `text` at the driver's own rate; empty audio when nothing in it can be said."""
        said = spoken_form(text)
        self._engine.setProperty("rate", round(_WORDS_A_MINUTE * speed))
        # pyttsx3 now and then ends its loop before the file is there; the next loop writes it.
        for _ in range(_TRIES - 1):
            with contextlib.suppress(VoiceFailed):
                return self._said(said)
        return self._said(said)

    def _said(self, said: str) -> Audio:
        with tempfile.TemporaryDirectory(prefix="callbot-voice-") as folder:
            path = Path(folder) / "said.wav"
            # the Linux driver reports each file on standard output
            with contextlib.redirect_stdout(io.StringIO()):
                self._engine.save_to_file(said, str(path))
                self._engine.runAndWait()
            return _read(path)

    def _mandarin(self) -> str:
        if sys.platform == "linux":
            return "cmn"
        for voice in self._engine.getProperty("voices"):
            languages = " ".join(str(language) for language in voice.languages or ())
            described = f"{voice.id} {voice.name} {languages}".lower().replace("_", "-")
            if any(
                mark in described for mark in ("zh-cn", "zh-hans", "chinese (simplified", "huihui", "tingting")
            ):
                return str(voice.id)
        raise VoiceFailed(
            "no Mandarin system voice → install one in the system's speech settings,"
            " or set models.voice to kokoro",
            retryable=False,
        )


def _bring_espeak() -> None:
    """Load the packaged eSpeak NG: pyttsx3 then finds it by its soname, and needs no system package."""
    import ctypes

    import espeakng_loader

    os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)


def _read(path: Path) -> Audio:
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels = file.getframerate(), file.getnchannels()
            raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, channels)
    except (OSError, EOFError, wave.Error, ValueError) as error:
        raise VoiceFailed(f"the system voice wrote no audio: {error}", retryable=True) from error
    return Audio(level_speech((raw[:, 0] / 32768).astype(np.float32), rate), rate)


class SystemVoice:
    """The `Voice` in front of worker processes that each hold a `SystemEngine`."""

    def __init__(self, pool: EnginePool, voice_id: str = "") -> None:
        self._pool = pool
        self._voice_id = voice_id

    @property
    def identity(self) -> str:
        return f"system-{sys.platform}/{self._voice_id or 'mandarin'}/1"

    async def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        """Yield the speech clause by clause. Raises `VoiceFailed`."""
        for clause in clauses(text):
            try:
                audio: Audio = await self._pool.run("synthesise", clause, speed)
            except EngineFailed as error:
                raise VoiceFailed(f"system voice: {error}", retryable=error.retryable) from error
            if len(audio.samples):
                yield audio

    async def aclose(self) -> None:
        await self._pool.aclose()
