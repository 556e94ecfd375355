"""Whisper on this machine, with an encoder as long as the utterance instead of 30 s."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from asr_tts.audio import HEARING_RATE, Audio
from asr_tts.batching import Batches
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

    def __init__(self, model: str, device: str = "cpu", cpu_threads: int = 1) -> None:
        """`model`: directory of a CTranslate2 Whisper model, or its hub name; `device`: cpu or cuda."""
        # imported here because only worker processes should pay the memory and the start-up time
        import faster_whisper
        from faster_whisper.tokenizer import Tokenizer
        from opencc import OpenCC

        self._whisper: Any = faster_whisper.WhisperModel(
            model,
            device=device,
            compute_type="int8" if device == "cpu" else "int8_float16",
            cpu_threads=cpu_threads,
        )
        self._tokenizer: Any = Tokenizer(
            self._whisper.hf_tokenizer, multilingual=True, task="transcribe", language="zh"
        )
        self._simplified: Any = OpenCC("t2s")
        self.transcribe(Audio(np.zeros(HEARING_RATE, dtype=np.int16), HEARING_RATE))

    def transcribe(self, audio: Audio, hotwords: tuple[str, ...] = ()) -> Transcript:
        """Mandarin text in simplified characters without punctuation; empty where nobody spoke."""
        return self.transcribe_all([audio], hotwords)[0]

    def transcribe_all(self, audios: Sequence[Audio], hotwords: tuple[str, ...] = ()) -> list[Transcript]:
        """Several utterances in one pass of the model, in their order."""
        spoken = [index for index, audio in enumerate(audios) if audio.duration_ms >= _MIN_MS]
        transcripts = [_NOTHING] * len(audios)
        sounds = [
            resample(audios[index], HEARING_RATE).samples.astype(np.float32) / 32_768.0 for index in spoken
        ]
        for index, heard in zip(spoken, self._decode(sounds, hotwords) if sounds else [], strict=True):
            transcripts[index] = self._transcript(audios[index], hotwords, *heard)
        return transcripts

    def _transcript(
        self,
        audio: Audio,
        hotwords: tuple[str, ...],
        tokens: list[int],
        avg_logprob: float,
        no_speech_probability: float,
    ) -> Transcript:
        raw = tidy(self._simplified.convert(self._tokenizer.decode(tokens)))
        text = without_echo(without_loops(raw), audio.duration_ms / 1000)
        if not text or is_phantom(
            text, avg_logprob=avg_logprob, no_speech_probability=no_speech_probability, hotwords=hotwords
        ):
            return _NOTHING
        confidence = math.exp(min(0.0, avg_logprob)) * (1.0 - 0.5 * no_speech_probability)
        # a decoder that looped had lost the sound
        return Transcript(text=text, confidence=confidence if text == raw else 0.5 * confidence)

    def _decode(
        self, sounds: Sequence[np.ndarray[Any, Any]], hotwords: tuple[str, ...]
    ) -> list[tuple[list[int], float, float]]:
        """Tokens, mean log probability of one and the probability that nobody spoke, for each sound."""
        whisper = self._whisper
        features = [whisper.feature_extractor(sound) for sound in sounds]
        frames = [min(one.shape[1], _MAX_FRAMES) for one in features]
        length = min(_MAX_FRAMES, max(_MIN_FRAMES, max(frames) + _MARGIN_FRAMES))
        # even lengths only: the encoder halves the frame rate
        padded = np.zeros((len(sounds), features[0].shape[0], length + length % 2), dtype=np.float32)
        for row, (one, count) in enumerate(zip(features, frames, strict=True)):
            padded[row, :, :count] = one[:, :count]
        prompt = whisper.get_prompt(
            self._tokenizer, [], without_timestamps=True, hotwords=" ".join(hotwords) or None
        )
        new_tokens = round(8 * max(len(sound) for sound in sounds) / HEARING_RATE) + 12
        results = whisper.model.generate(
            whisper.encode(padded),
            [prompt] * len(sounds),
            beam_size=_BEAM,
            max_length=min(whisper.max_length, len(prompt) + new_tokens),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
        )
        return [
            (
                tokens := result.sequences_ids[0],
                result.scores[0] * len(tokens) / (len(tokens) + 1),
                result.no_speech_prob,
            )
            for result in results
        ]


class LocalRecognizer(Recognizer):
    """`Recognizer` by Whisper models in worker processes."""

    def __init__(
        self, model: str, workers: int = 1, *, device: str = "cpu", batch: int = 1, deadline_s: float = 30.0
    ) -> None:
        """`model`: directory or hub name; `device`: cpu or cuda; `batch`: utterances of several calls that a
        worker takes at once when they had to wait for it; `deadline_s`: what takes longer costs the worker.
        """
        self._pool = EnginePool(partial(WhisperEngine, model, device), workers, deadline_s=deadline_s)
        self._batches: Batches[_Utterance, Transcript] = Batches(self._together, workers=workers, size=batch)

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
        utterance = _Utterance(audio=audio, hotwords=tuple(hotwords))
        try:
            return await self._batches.ask(utterance, utterance.kind)
        except EngineFailed as failure:
            raise RecogniserFailed(str(failure), retryable=failure.retryable) from failure

    async def _together(self, utterances: Sequence[_Utterance]) -> list[Transcript]:
        audios = [utterance.audio for utterance in utterances]
        transcripts: list[Transcript] = await self._pool.run("transcribe_all", audios, utterances[0].hotwords)
        return transcripts

    async def aclose(self) -> None:
        await self._pool.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Utterance:
    audio: Audio
    hotwords: tuple[str, ...]

    @property
    def kind(self) -> tuple[int, tuple[str, ...]]:
        """What goes through the model together: the same prompt, and no more than 5 s of padding."""
        return round(self.audio.duration_ms) // 5_000, self.hotwords
