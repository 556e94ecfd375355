"""Whisper on this machine, with an encoder as long as the utterance instead of 30 s."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from asr_tts.audio import HEARING_RATE, Audio
from asr_tts.phantoms import is_phantom, tidy, without_echo, without_loops
from asr_tts.recogniser import RecogniserFailed, Recognizer, Transcript
from asr_tts.resample import resample
from asr_tts.worker import EngineFailed, EnginePool

MAX_SECONDS: Final = 30
"""Longest audio the model takes."""
_MIN_MS: Final = 100
"""Shorter sound cannot hold a syllable."""
_MIN_FRAMES: Final = 1_000
"""10 s of encoder: with 5 s the model says short sentences twice and errs a sixth more often."""
_MARGIN_FRAMES: Final = 300
_MAX_FRAMES: Final = MAX_SECONDS * 100
_BEAM: Final = 5
"""Greedy decoding is much worse behind a trimmed encoder."""
_NOTHING: Final = Transcript(text="", confidence=0.0)


class WhisperEngine:
    """One loaded model, one utterance at a time. Synchronous; lives in a worker process."""

    def __init__(self, model: str, cpu_threads: int = 1) -> None:
        """`model`: directory of a CTranslate2 Whisper model, or its hub name."""
        # imported here because only worker processes should pay the memory and the start-up time
        import faster_whisper
        from faster_whisper.tokenizer import Tokenizer
        from opencc import OpenCC

        self._whisper: Any = faster_whisper.WhisperModel(
            model, device="cpu", compute_type="int8", cpu_threads=cpu_threads
        )
        self._tokenizer: Any = Tokenizer(
            self._whisper.hf_tokenizer, multilingual=True, task="transcribe", language="zh"
        )
        self._simplified: Any = OpenCC("t2s")
        self.transcribe(Audio(np.zeros(HEARING_RATE, dtype=np.int16), HEARING_RATE))

    def transcribe(self, audio: Audio, hotwords: tuple[str, ...] = ()) -> Transcript:
        """Mandarin text in simplified characters without punctuation; empty where nobody spoke."""
        if audio.duration_ms < _MIN_MS:
            return _NOTHING
        sound = resample(audio, HEARING_RATE).samples.astype(np.float32) / 32_768.0
        tokens, avg_logprob, no_speech_probability = self._decode(sound, hotwords)
        raw = tidy(self._simplified.convert(self._tokenizer.decode(tokens)))
        text = without_echo(without_loops(raw), audio.duration_ms / 1000)
        if not text or is_phantom(
            text, avg_logprob=avg_logprob, no_speech_probability=no_speech_probability, hotwords=hotwords
        ):
            return _NOTHING
        confidence = math.exp(min(0.0, avg_logprob)) * (1.0 - 0.5 * no_speech_probability)
        # a decoder that looped had lost the sound
        return Transcript(text=text, confidence=confidence if text == raw else 0.5 * confidence)

    def _decode(self, sound: np.ndarray[Any, Any], hotwords: tuple[str, ...]) -> tuple[list[int], float, float]:
        """Tokens, mean log probability of one and the probability that nobody spoke."""
        whisper = self._whisper
        features = whisper.feature_extractor(sound)
        frames = min(features.shape[1], _MAX_FRAMES)
        length = min(_MAX_FRAMES, max(_MIN_FRAMES, frames + _MARGIN_FRAMES))
        # even lengths only: the encoder halves the frame rate
        padded = np.zeros((features.shape[0], length + length % 2), dtype=np.float32)
        padded[:, :frames] = features[:, :frames]
        prompt = whisper.get_prompt(
            self._tokenizer, [], without_timestamps=True, hotwords=" ".join(hotwords) or None
        )
        new_tokens = round(8 * len(sound) / HEARING_RATE) + 12
        result = whisper.model.generate(
            whisper.encode(padded),
            [prompt],
            beam_size=_BEAM,
            max_length=min(whisper.max_length, len(prompt) + new_tokens),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
        )[0]
        tokens: list[int] = result.sequences_ids[0]
        return tokens, result.scores[0] * len(tokens) / (len(tokens) + 1), result.no_speech_prob


class LocalRecognizer(Recognizer):
    """`Recognizer` by Whisper models in worker processes."""

    def __init__(self, model: str, workers: int = 1, *, deadline_s: float = 30.0) -> None:
        """`model`: directory or hub name; `deadline_s`: an utterance that takes longer costs its worker."""
        self._pool = EnginePool(partial(WhisperEngine, model), workers, deadline_s=deadline_s)

    async def warm_up(self) -> None:
        """Load every worker's model, so that no call waits for it. Raises `RecogniserFailed`."""
        try:
            await self._pool.warm_up()
        except EngineFailed as failure:
            raise RecogniserFailed(str(failure), retryable=failure.retryable) from failure

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        """Transcribe at most 30 s of Mandarin at any sampling rate. Raises `RecogniserFailed`."""
        if audio.duration_ms > MAX_SECONDS * 1000:
            raise RecogniserFailed(
                f"{audio.duration_ms / 1000:.1f} s of speech is more than {MAX_SECONDS} s: cut it at a pause",
                retryable=False,
            )
        try:
            transcript: Transcript = await self._pool.run("transcribe", audio, tuple(hotwords))
        except EngineFailed as failure:
            raise RecogniserFailed(str(failure), retryable=failure.retryable) from failure
        return transcript

    async def aclose(self) -> None:
        await self._pool.aclose()
