"""Any server with the OpenAI `/audio/speech` endpoint as a voice."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Literal

import httpx2
import numpy as np
import openai
from openai import AsyncOpenAI

from asr_tts.audio import Audio
from asr_tts.voice import VoiceFailed

PCM_RATE = 24_000
"""Rate of the headerless `pcm` format, in samples per second; fixed by the protocol."""
_PIECE_BYTES = PCM_RATE // 5 * 2
"""200 ms: what is passed on at a time."""
_RETRYABLE = frozenset({408, 409, 425, 429})


class OpenAiVoice:
    """Streams speech from `base_url`; `audio_format` is `pcm` (streamed) or `wav` (yielded whole).

    `first_byte_s` bounds the wait for the first sound, `gap_s` every later one: the client's own timeouts do
    not bound a server that stalls half-way.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        speaker: str,
        audio_format: Literal["pcm", "wav"] = "pcm",
        first_byte_s: float = 4.0,
        gap_s: float = 2.0,
    ) -> None:
        # the client refuses an empty key; servers on the own network often need none
        self._client = AsyncOpenAI(
            base_url=base_url or None,
            api_key=api_key or "none",
            max_retries=0,
            timeout=openai.Timeout(30.0, connect=3.0),
        )
        self._model = model
        self._speaker = speaker
        self._format = audio_format
        self._first_byte_s = first_byte_s
        self._gap_s = gap_s

    @property
    def identity(self) -> str:
        return f"openai:{self._client.base_url.host}/{self._model}/{self._speaker}/1"

    async def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        """Yield the speech as it arrives. Raises `VoiceFailed`, also when it breaks off half-way."""
        if self._format == "wav":
            raw = b"".join([chunk async for chunk in self._bytes(text, speed)])
            yield self._wav(raw)
            return
        pending = b""
        said = False
        async for chunk in self._bytes(text, speed):
            pending += chunk
            if len(pending) >= _PIECE_BYTES:
                whole = len(pending) // 2 * 2
                yield _pcm(pending[:whole])
                pending = pending[whole:]
                said = True
        if len(pending) % 2:
            raise self._failed("sent half a sample at the end; is it PCM16?", retryable=False)
        if pending:
            yield _pcm(pending)
        elif not said and any(character.isalnum() for character in text):
            raise self._failed("sent no audio", retryable=True)

    async def aclose(self) -> None:
        await self._client.close()

    async def _bytes(self, text: str, speed: float) -> AsyncIterator[bytes]:
        request = self._client.audio.speech.with_streaming_response.create(
            model=self._model, voice=self._speaker, input=text, response_format=self._format, speed=speed
        )
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._first_byte_s):
                    response = await stack.enter_async_context(request)
                    kind = response.headers.get("content-type", "")
                    if kind.startswith(("text/", "application/json")):
                        raise self._failed(f"answered with {kind} instead of audio", retryable=False)
                    chunks = response.iter_bytes()
                    chunk = await anext(chunks, b"")
                while chunk:
                    yield chunk
                    # one deadline for each step: none runs while the consumer has the chunk
                    async with asyncio.timeout(self._gap_s):
                        chunk = await anext(chunks, b"")
        except TimeoutError as error:
            raise self._failed(
                f"no sound within {self._first_byte_s:g} s, or silent for {self._gap_s:g} s in between",
                retryable=True,
            ) from error
        except openai.APIStatusError as error:
            retryable = error.status_code >= 500 or error.status_code in _RETRYABLE
            raise self._failed(_status_advice(error.status_code), retryable=retryable) from error
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise self._failed(f"connection failed: {error}", retryable=True) from error

    def _wav(self, raw: bytes) -> Audio:
        try:
            with wave.open(io.BytesIO(raw)) as file:
                if file.getsampwidth() != 2:
                    raise self._failed(
                        f"sent {8 * file.getsampwidth()}-bit samples instead of 16", retryable=False
                    )
                samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
                mono = samples.reshape(-1, file.getnchannels())[:, 0].astype(np.int16)
                return Audio(mono, file.getframerate())
        except (wave.Error, EOFError, ValueError) as error:
            raise self._failed(f"sent no readable wav: {error}", retryable=False) from error

    def _failed(self, what: str, *, retryable: bool) -> VoiceFailed:
        return VoiceFailed(f"{self._client.base_url}audio/speech: {what}", retryable=retryable)


def _pcm(raw: bytes) -> Audio:
    return Audio(np.frombuffer(raw, dtype="<i2").astype(np.int16), PCM_RATE)


def _status_advice(status: int) -> str:
    match status:
        case 401 | 403:
            return f"refused the key (HTTP {status}) → check models.speech_api_key"
        case 404:
            return "not found (HTTP 404) → check models.speech_base_url and models.speech_model"
        case 429:
            return "too many requests (HTTP 429)"
        case _:
            return f"HTTP {status}"
