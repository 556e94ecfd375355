"""Speech to text by a FunASR server: Mandarin models with hotwords and the time of each character."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any, Final

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException
from websockets.typing import Subprotocol

from asr_tts.audio import Audio
from asr_tts.recogniser import RecogniserFailed, Recognizer, Transcript, Word
from asr_tts.unscored import heard

_SUBPROTOCOL: Final = Subprotocol("binary")
"""FunASR's Python server turns away who does not offer it."""
_HOTWORD_WEIGHT: Final = 20
"""Of the server's scale; what its own documents suggest."""
_PIECE: Final = 64 * 1024
"""Bytes of sound in one message."""
_TOKEN: Final = re.compile(r"[\u4e00-\u9fff]|[A-Za-z0-9']+")
"""What the server gives a time to: one hanzi, or one word in Latin letters."""


class FunAsrRecognizer(Recognizer):
    """`Recognizer` over FunASR's websocket protocol, mode `offline`. One connection for each segment."""

    def __init__(self, *, url: str, deadline_s: float = 5.0) -> None:
        """`url`: ws:// or wss://, with the server's port; `deadline_s` bounds the whole request."""
        self._url = url
        self._deadline_s = deadline_s

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        """Transcribe at most 30 s of Mandarin. Raises `RecogniserFailed`."""
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._ask(audio, hotwords)
        except TimeoutError as late:
            raise RecogniserFailed(
                f"{self._url}: no transcript within {self._deadline_s} s", retryable=True
            ) from late
        except InvalidURI as wrong:
            raise RecogniserFailed(
                f"{self._url}: not a websocket address; write ws://host:10095", retryable=False
            ) from wrong
        except InvalidHandshake as refused:
            raise RecogniserFailed(f"{self._url}: not a FunASR server: {refused}", retryable=False) from refused
        except (OSError, WebSocketException) as unreachable:
            raise RecogniserFailed(
                f"{self._url}: not reachable: {unreachable}", retryable=True
            ) from unreachable
        return heard(str(answer["text"]), hotwords=hotwords, words=_words(answer))

    async def _ask(self, audio: Audio, hotwords: Sequence[str]) -> dict[str, Any]:
        begin = {
            "mode": "offline",
            "wav_name": "segment",
            "wav_format": "pcm",
            "audio_fs": audio.rate,
            "is_speaking": True,
            "itn": True,
            # a string that holds JSON: so says the protocol
            "hotwords": json.dumps(dict.fromkeys(hotwords, _HOTWORD_WEIGHT), ensure_ascii=False)
            if hotwords
            else "",
        }
        sound = audio.samples.astype("<i2", copy=False).tobytes()
        async with connect(
            self._url, subprotocols=[_SUBPROTOCOL], compression=None, ping_interval=None, proxy=None
        ) as socket:
            await socket.send(json.dumps(begin, ensure_ascii=False))
            for at in range(0, len(sound), _PIECE):
                await socket.send(sound[at : at + _PIECE])
            await socket.send(json.dumps({"is_speaking": False}))
            return self._read(await socket.recv())

    def _read(self, message: str | bytes) -> dict[str, Any]:
        try:
            answer = json.loads(message)
        except ValueError as unreadable:
            raise RecogniserFailed(
                f"{self._url}: unreadable answer: {message[:80]!r}", retryable=False
            ) from unreadable
        if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
            raise RecogniserFailed(
                f"{self._url}: the answer has no text; is it a FunASR server?", retryable=False
            )
        return answer

    async def aclose(self) -> None:
        return None


def _words(answer: dict[str, Any]) -> tuple[Word, ...]:
    """The time of each character, where the server's model has times and its text was not rewritten since."""
    times = answer.get("timestamp")
    if isinstance(times, str):
        try:
            times = json.loads(times)
        except ValueError:
            return ()
    tokens = _TOKEN.findall(answer["text"])
    if not isinstance(times, list) or len(times) != len(tokens):
        return ()
    if not all(isinstance(span, list) and len(span) == 2 and all(_is_ms(ms) for ms in span) for span in times):
        return ()
    return tuple(
        Word(text=token, start_ms=start_ms, end_ms=end_ms)
        for token, (start_ms, end_ms) in zip(tokens, times, strict=True)
    )


def _is_ms(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
