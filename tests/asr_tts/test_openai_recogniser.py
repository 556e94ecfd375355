"""The recogniser over real HTTP, against a server that can misbehave."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

import numpy as np
import pytest

from asr_tts.audio import Audio
from asr_tts.openai_recogniser import OpenAiRecognizer
from asr_tts.recogniser import RecogniserFailed

CLIP = Audio(np.arange(1_600, dtype=np.int16), 8_000)


@dataclass
class SpeechServer:
    """Answers every POST with what `answer` holds; None stalls."""

    answer: tuple[int, bytes] | None = (200, '{"text": "我們最近沒有時間。"}'.encode())
    forms: list[dict[str, bytes]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    url: str = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            request_line, _, header_text = head.partition(b"\r\n")
            headers = BytesParser(policy=HTTP).parsebytes(header_text)
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append(f"{request_line.decode()} {headers['authorization']}")
            self.forms.append(form_of(str(headers["content-type"]), body))
            if self.answer is None:
                await reader.read()
                return
            status, content = self.answer
            writer.write(
                f"HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n"
                f"content-length: {len(content)}\r\nconnection: close\r\n\r\n".encode()
                + content
            )
            await writer.drain()
        finally:
            writer.close()


def form_of(content_type: str, body: bytes) -> dict[str, bytes]:
    message = BytesParser(policy=HTTP).parsebytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    fields: dict[str, bytes] = {}
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        fields[str(part.get_param("name", header="content-disposition"))] = content
    return fields


@pytest.fixture
async def server() -> AsyncIterator[SpeechServer]:
    speech = SpeechServer()
    listening = await asyncio.start_server(speech, "127.0.0.1", 0)
    speech.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    yield speech
    listening.close()
    await listening.wait_closed()


@pytest.fixture
async def recogniser(server: SpeechServer) -> AsyncIterator[OpenAiRecognizer]:
    recogniser = OpenAiRecognizer(base_url=server.url, api_key="k-1", model="whisper-1", deadline_s=0.5)
    yield recogniser
    await recogniser.aclose()


async def test_sends_a_wav_and_gets_simplified_text(server: SpeechServer, recogniser: OpenAiRecognizer) -> None:
    heard = await recogniser.transcribe(CLIP, hotwords=("金秋卡", "安心保"))
    assert heard.text == "我们最近没有时间"
    assert 0 < heard.confidence <= 1
    assert server.requests == ["POST /v1/audio/transcriptions HTTP/1.1 Bearer k-1"]
    (form,) = server.forms
    assert (form["model"], form["language"]) == (b"whisper-1", b"zh")
    assert form["prompt"].decode() == "金秋卡 安心保"
    with wave.open(io.BytesIO(form["file"])) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getnframes()) == (8_000, 1, 1_600)


async def test_no_hotwords_no_prompt(server: SpeechServer, recogniser: OpenAiRecognizer) -> None:
    await recogniser.transcribe(CLIP)
    assert "prompt" not in server.forms[0]


@pytest.mark.parametrize(
    ("answer", "says", "retryable"),
    [
        ((500, b'{"error": {"message": "out of memory"}}'), "HTTP 500", True),
        ((429, b'{"error": {"message": "slow down"}}'), "HTTP 429", True),
        ((401, b'{"error": {"message": "bad key"}}'), "HTTP 401.*bad key", False),
        ((200, b"<html>proxy</html>"), "unreadable|no text", None),
        ((200, b'{"speech": 1}'), "no text", False),
        (None, r"no transcript within 0\.5 s", True),
    ],
)
async def test_faults_say_what_happened(
    server: SpeechServer,
    recogniser: OpenAiRecognizer,
    answer: tuple[int, bytes] | None,
    says: str,
    retryable: bool | None,
) -> None:
    server.answer = answer
    with pytest.raises(RecogniserFailed, match=says) as failure:
        await recogniser.transcribe(CLIP)
    assert server.url in str(failure.value)
    assert "k-1" not in str(failure.value)
    if retryable is not None:
        assert failure.value.retryable is retryable
    assert len(server.requests) == 1


async def test_phantom_lines_are_silence(server: SpeechServer, recogniser: OpenAiRecognizer) -> None:
    server.answer = (200, '{"text": "字幕by索兰娅"}'.encode())
    assert (await recogniser.transcribe(CLIP)).text == ""


async def test_nobody_listening_is_retryable() -> None:
    recogniser = OpenAiRecognizer(base_url="http://127.0.0.1:9/v1", api_key="", model="whisper-1")
    with pytest.raises(RecogniserFailed, match="not reachable") as failure:
        await recogniser.transcribe(CLIP)
    assert failure.value.retryable
    await recogniser.aclose()
