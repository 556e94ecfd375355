"""Speech to text by any server with OpenAI's `/audio/transcriptions`."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

import openai
from opencc import OpenCC

from asr_tts.audio import Audio
from asr_tts.recogniser import RecogniserFailed, Recognizer, Transcript
from asr_tts.unscored import heard


class OpenAiRecognizer(Recognizer):
    """`Recognizer` over HTTP. One request for each segment, no hidden retries: the call is waiting."""

    def __init__(self, *, base_url: str, api_key: str, model: str, deadline_s: float = 5.0) -> None:
        """`base_url` ends in `/v1` on most servers; `deadline_s` bounds the whole request."""
        self._model = model
        self._deadline_s = deadline_s
        self._base_url = base_url
        self._client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key or "none", timeout=deadline_s, max_retries=0
        )
        self._simplified = OpenCC("t2s")

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        """Transcribe at most 30 s of Mandarin. Raises `RecogniserFailed`."""
        try:
            answer = await self._client.audio.transcriptions.create(
                file=("speech.wav", wav_bytes(audio), "audio/wav"),
                model=self._model,
                language="zh",
                prompt=" ".join(hotwords) or openai.omit,
                response_format="json",
                temperature=0,
            )
        except openai.APITimeoutError as late:
            raise RecogniserFailed(
                f"{self._base_url}: no transcript within {self._deadline_s} s", retryable=True
            ) from late
        except openai.APIStatusError as refused:
            raise RecogniserFailed(
                f"{self._base_url}: HTTP {refused.status_code}: {refused.message[:200]}",
                retryable=refused.status_code in (408, 409, 429) or refused.status_code >= 500,
            ) from refused
        except openai.APIConnectionError as unreachable:
            raise RecogniserFailed(
                f"{self._base_url}: not reachable: {unreachable.__cause__ or unreachable}", retryable=True
            ) from unreachable
        except (openai.OpenAIError, ValueError) as unreadable:
            raise RecogniserFailed(
                f"{self._base_url}: unreadable answer: {unreadable}", retryable=True
            ) from unreadable
        raw = getattr(answer, "text", None)
        if not isinstance(raw, str):
            raise RecogniserFailed(
                f"{self._base_url}: the answer has no text; is it an OpenAI-compatible speech server?",
                retryable=False,
            )
        return heard(self._simplified.convert(raw), hotwords=hotwords)

    async def aclose(self) -> None:
        await self._client.close()


def wav_bytes(audio: Audio) -> bytes:
    """The audio as a mono 16-bit WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(audio.rate)
        writer.writeframes(audio.samples.astype("<i2", copy=False).tobytes())
    return file.getvalue()
