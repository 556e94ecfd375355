"""The remote voice over real HTTP, against a server that can misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import numpy as np
import pytest

from asr_tts.audio import Audio
from asr_tts.openai_voice import PCM_RATE, OpenAiVoice
from asr_tts.voice import VoiceFailed

TONE = (np.sin(np.arange(PCM_RATE) / 20) * 8000).astype("<i2")
"""One second."""
TEXT = "您好，我是客服小美。"

Answer = tuple[str, list[bytes | Literal["stall", "break"]]]
"""Status line with headers, then what is sent in turn."""

PCM = "200 OK\r\ncontent-type: audio/pcm"
WAV = "200 OK\r\ncontent-type: audio/wav"


class SpeechServer:
    """Answers each POST with what `answer` holds, chunk by chunk; notes what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str] = []
        self.gone = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            self.paths.append(lines[0].split()[1])
            self.keys.append(headers["authorization"])
            self.asked.append(json.loads(await reader.readexactly(int(headers["content-length"]))))
            status, pieces = self.answer
            chunked = "transfer-encoding: chunked\r\nconnection: close"
            writer.write(f"HTTP/1.1 {status}\r\n{chunked}\r\n\r\n".encode())
            for piece in pieces:
                if piece == "stall":
                    await writer.drain()
                    await reader.read()
                    self.gone.set()
                    return
                if piece == "break":
                    await writer.drain()
                    writer.transport.abort()
                    return
                writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            writer.write(b"0\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def talking_to(server: SpeechServer, **settings: Any) -> AsyncIterator[OpenAiVoice]:
    listener = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    defaults: dict[str, Any] = {"api_key": "key-1", "model": "tts-1", "speaker": "alloy"}
    voice = OpenAiVoice(base_url=f"http://127.0.0.1:{port}/v1", **(defaults | settings))
    try:
        yield voice
    finally:
        await voice.aclose()
        listener.close()
        await listener.wait_closed()


async def heard(voice: OpenAiVoice, text: str = TEXT, speed: float = 1.0) -> list[Audio]:
    return [audio async for audio in voice.speak(text, speed=speed)]


def cut(raw: bytes, size: int) -> list[bytes | Literal["stall", "break"]]:
    return [raw[i : i + size] for i in range(0, len(raw), size)]


def wav(samples: np.ndarray[Any, np.dtype[np.int16]], *, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(22_050)
        out.writeframes(samples.tobytes())
    return file.getvalue()


@pytest.mark.parametrize("size", [1, 333, 4096, 100_000])
async def test_pcm_arrives_whole_however_it_was_cut(size: int) -> None:
    samples = TONE[: 3000 if size == 1 else len(TONE)]
    async with talking_to(SpeechServer((PCM, cut(samples.tobytes(), size)))) as voice:
        pieces = await heard(voice)
    assert {piece.rate for piece in pieces} == {PCM_RATE}
    assert np.array_equal(np.concatenate([piece.samples for piece in pieces]), samples)


async def test_asks_as_the_protocol_says() -> None:
    server = SpeechServer((PCM, [TONE.tobytes()]))
    async with talking_to(server) as voice:
        await heard(voice, speed=1.25)
    (asked,) = server.asked
    assert asked == {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "pcm", "speed": 1.25}
    assert server.paths == ["/v1/audio/speech"]
    assert server.keys == ["bearer key-1"]


async def test_sound_is_passed_on_before_the_server_has_finished() -> None:
    server = SpeechServer((PCM, [TONE.tobytes(), "stall"]))
    async with talking_to(server, gap_s=60) as voice:
        stream = voice.speak(TEXT)
        assert len((await anext(aiter(stream))).samples) > 0
        assert hasattr(stream, "aclose")
        await stream.aclose()
        async with asyncio.timeout(10):
            await server.gone.wait()


async def test_wav_keeps_its_own_rate_and_the_left_channel() -> None:
    stereo = np.stack([TONE[:500], -TONE[:500]], axis=1)
    async with talking_to(SpeechServer((WAV, [wav(stereo, channels=2)])), audio_format="wav") as voice:
        (audio,) = await heard(voice)
    assert audio.rate == 22_050
    assert np.array_equal(audio.samples, TONE[:500])


FAULTS: list[tuple[str, Answer, str, bool]] = [
    ("server error", ("500 Oops\r\ncontent-type: text/plain", [b"oops"]), "HTTP 500", True),
    ("overloaded", ("429 Slow\r\ncontent-type: text/plain", [b"slow"]), "HTTP 429", True),
    ("wrong key", ("401 No\r\ncontent-type: application/json", [b"{}"]), "models.speech_api_key", False),
    ("wrong address", ("404 No\r\ncontent-type: application/json", [b"{}"]), "models.speech_base_url", False),
    ("bad request", ("400 No\r\ncontent-type: application/json", [b"{}"]), "HTTP 400", False),
    ("never answers", (PCM, ["stall"]), "no sound within", True),
    ("stalls half-way", (PCM, [TONE.tobytes(), "stall"]), "no sound within", True),
    ("breaks off", (PCM, [TONE.tobytes(), "break"]), "connection failed", True),
    ("web page", ("200 OK\r\ncontent-type: text/html", [b"<html>"]), "text/html", False),
    ("half a sample", (PCM, [TONE.tobytes() + b"x"]), "half a sample", False),
    ("nothing", (PCM, []), "no audio", True),
]


@pytest.mark.parametrize(
    ("answer", "says", "retryable"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
async def test_a_fault_says_what_and_whether_to_try_again(answer: Answer, says: str, retryable: bool) -> None:
    async with talking_to(SpeechServer(answer), first_byte_s=0.4, gap_s=0.4) as voice:
        with pytest.raises(VoiceFailed, match=says) as told:
            await heard(voice)
    assert told.value.retryable is retryable
    assert "key-1" not in str(told.value)


async def test_what_came_before_the_break_was_heard() -> None:
    async with talking_to(SpeechServer((PCM, [TONE.tobytes(), "break"]))) as voice:
        stream = aiter(voice.speak(TEXT))
        assert len((await anext(stream)).samples) > 0
        with pytest.raises(VoiceFailed):
            [audio async for audio in stream]


GARBAGE: list[tuple[str, Callable[[], bytes]]] = [
    ("not a wav", lambda: b"ID3" + bytes(200)),
    ("cut header", lambda: wav(TONE)[:20]),
    ("8 bit", lambda: wav(TONE, width=1)),
    ("empty", lambda: b"\0"),
]


@pytest.mark.parametrize("make", [make for _, make in GARBAGE], ids=[name for name, _ in GARBAGE])
async def test_garbage_for_a_wav_is_refused(make: Callable[[], bytes]) -> None:
    async with talking_to(SpeechServer((WAV, [make()])), audio_format="wav") as voice:
        with pytest.raises(VoiceFailed) as told:
            await heard(voice)
    assert not told.value.retryable


async def test_a_refused_connection_can_be_tried_again() -> None:
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    voice = OpenAiVoice(base_url=f"http://127.0.0.1:{port}/v1", api_key="", model="m", speaker="s")
    with pytest.raises(VoiceFailed, match="connection failed") as told:
        await heard(voice)
    assert told.value.retryable
    await voice.aclose()


async def test_identity_names_server_model_and_speaker() -> None:
    voice = OpenAiVoice(base_url="http://voices.test/v1", api_key="", model="m", speaker="s")
    assert voice.identity == "openai:voices.test/m/s/1"
    await voice.aclose()
