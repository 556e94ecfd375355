"""Fakes of the hearing ports, for tests and load runs."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from asr_tts.audio import Audio, Pcm
from asr_tts.recogniser import RecogniserFailed, Recognizer, Transcript
from asr_tts.voice_activity import WINDOW, VoiceActivity, VoiceState


def fingerprint(audio: Audio) -> str:
    """Name of exactly this sound, whatever object holds it."""
    return hashlib.sha256(f"{audio.rate}:".encode() + audio.samples.astype("<i2").tobytes()).hexdigest()


class FakeRecognizer(Recognizer):
    """Hears what it was told: by fingerprint of the sound, else the next of a queue, else nothing.

    An exception in the queue is raised instead.
    """

    def __init__(
        self,
        texts: Iterable[str | Transcript | RecogniserFailed] = (),
        *,
        by_fingerprint: Mapping[str, str] | None = None,
        delay_s: float = 0.0,
        confidence: float = 0.95,
    ) -> None:
        self.queue = deque(texts)
        self.by_fingerprint = dict(by_fingerprint or {})
        self.heard: list[Audio] = []
        self.hotwords: list[tuple[str, ...]] = []
        self.closed = False
        self._delay_s = delay_s
        self._confidence = confidence

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        self.heard.append(audio)
        self.hotwords.append(tuple(hotwords))
        known = self.by_fingerprint.get(fingerprint(audio))
        answer = known if known is not None else self.queue.popleft() if self.queue else ""
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        if isinstance(answer, RecogniserFailed):
            raise answer
        if isinstance(answer, Transcript):
            return answer
        return Transcript(text=answer, confidence=self._confidence if answer else 0.0)

    async def aclose(self) -> None:
        self.closed = True


class FakeVoiceActivity(VoiceActivity):
    """Loud windows are speech (1.0), others are not (0.0)."""

    def __init__(self, *, loud: int = 500) -> None:
        """`loud`: mean absolute sample from which a window counts as speech."""
        self._loud = loud

    def start(self) -> VoiceState:
        return VoiceState(memory=np.zeros(0, dtype=np.float32), context=np.zeros(0, dtype=np.float32))

    def score(self, states: Sequence[VoiceState], windows: Sequence[Pcm]) -> list[float]:
        if len(states) != len(windows) or any(len(window) != WINDOW for window in windows):
            raise ValueError(f"one window of {WINDOW} samples for each state")
        return [float(np.abs(window.astype(np.int32)).mean() >= self._loud) for window in windows]
