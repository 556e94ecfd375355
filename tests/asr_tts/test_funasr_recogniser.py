"""The recogniser over a real websocket, against a server that speaks FunASR's protocol and can misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from asr_tts.audio import Audio
from asr_tts.funasr_recogniser import FunAsrRecognizer
from asr_tts.recogniser import RecogniserFailed

CLIP = Audio(np.arange(50_000, dtype=np.int16), 8_000)
"""100,000 bytes: more than one message."""


@dataclass
class FunAsrServer:
    """Answers each segment with `answer`; None stalls, an empty string hangs up."""

    answer: str | None = json.dumps({"mode": "offline", "text": "我们没时间。", "is_final": True})
    begun: list[dict[str, Any]] = field(default_factory=list)
    sounds: list[bytes] = field(default_factory=list)
    url: str = ""

    async def __call__(self, socket: ServerConnection) -> None:
        self.begun.append(json.loads(await socket.recv()))
        sound = b""
        while isinstance(message := await socket.recv(), bytes):
            sound += message
        self.sounds.append(sound)
        assert json.loads(message) == {"is_speaking": False}
        if self.answer is None:
            await socket.wait_closed()
        elif self.answer:
            await socket.send(self.answer)


@pytest.fixture
async def server() -> AsyncIterator[FunAsrServer]:
    speech = FunAsrServer()
    async with serve(speech, "127.0.0.1", 0, subprotocols=[Subprotocol("binary")]) as listening:
        speech.url = f"ws://127.0.0.1:{next(iter(listening.sockets)).getsockname()[1]}"
        yield speech


@pytest.fixture
def recogniser(server: FunAsrServer) -> FunAsrRecognizer:
    return FunAsrRecognizer(url=server.url, deadline_s=0.5)


async def test_sends_the_sound_whole_and_what_may_be_said(
    server: FunAsrServer, recogniser: FunAsrRecognizer
) -> None:
    heard = await recogniser.transcribe(CLIP, hotwords=("悦选商城", "空气炸锅"))
    assert (heard.text, heard.words) == ("我们没时间", ())
    assert 0 < heard.confidence <= 1
    (begun,) = server.begun
    assert (begun["mode"], begun["audio_fs"], begun["wav_format"]) == ("offline", 8_000, "pcm")
    assert json.loads(begun["hotwords"]) == {"悦选商城": 20, "空气炸锅": 20}
    assert server.sounds == [CLIP.samples.tobytes()]


async def test_several_calls_are_heard_at_once(server: FunAsrServer, recogniser: FunAsrRecognizer) -> None:
    heard = await asyncio.gather(*(recogniser.transcribe(CLIP) for _ in range(8)))
    assert {one.text for one in heard} == {"我们没时间"}
    assert {begun["hotwords"] for begun in server.begun} == {""}


@pytest.mark.parametrize(
    ("text", "timestamp", "words"),
    [
        ("好的，VIP 吗", "[[10,200],[200,380],[400,900],[900,1000]]", ["好", "的", "VIP", "吗"]),
        ("好的", [[10, 200], [200, 380]], ["好", "的"]),
        ("好的", "[[10,200]]", []),
        ("好的", "[[10,200],[200]]", []),
        ("好的", '[[10,200],["a",5]]', []),
        ("好的", "no times", []),
        ("好的", None, []),
    ],
)
async def test_characters_have_their_times_where_the_server_gives_them(
    server: FunAsrServer, recogniser: FunAsrRecognizer, text: str, timestamp: object, words: list[str]
) -> None:
    server.answer = json.dumps({"mode": "offline", "text": text, "timestamp": timestamp})
    heard = await recogniser.transcribe(CLIP)
    assert [word.text for word in heard.words] == words
    if words:
        assert (heard.words[0].start_ms, heard.words[1].end_ms) == (10, 380)


@pytest.mark.parametrize(
    ("answer", "says", "retryable"),
    [
        (None, r"no transcript within 0\.5 s", True),
        ("", "not reachable", True),
        ("<html>", "unreadable answer", False),
        ('{"mode": "offline"}', "no text", False),
        ("[]", "no text", False),
    ],
)
async def test_faults_say_what_happened(
    server: FunAsrServer, recogniser: FunAsrRecognizer, answer: str | None, says: str, retryable: bool
) -> None:
    server.answer = answer
    with pytest.raises(RecogniserFailed, match=says) as failure:
        await recogniser.transcribe(CLIP)
    assert server.url in str(failure.value)
    assert failure.value.retryable is retryable


@pytest.mark.parametrize(
    ("url", "says", "retryable"),
    [("ws://127.0.0.1:9", "not reachable", True), ("10.0.0.7:10095", "not a websocket address", False)],
)
async def test_a_server_that_is_not_there_is_told(url: str, says: str, retryable: bool) -> None:
    with pytest.raises(RecogniserFailed, match=says) as failure:
        await FunAsrRecognizer(url=url).transcribe(CLIP)
    assert failure.value.retryable is retryable


async def test_phantom_lines_are_silence(server: FunAsrServer, recogniser: FunAsrRecognizer) -> None:
    server.answer = json.dumps({"mode": "offline", "text": "字幕由志愿者提供"})
    assert (await recogniser.transcribe(CLIP)).text == ""
