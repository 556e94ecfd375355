"""A simulator process and the bare bot at the other end of its media streams."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve

from asr_tts.g711 import encode_ulaw
from callbot.telephony.simulator.__main__ import ACCOUNT, AUTH_TOKEN
from callbot.telephony.simulator.recording import sha256_of, write_manifest, write_wav
from callbot.telephony.simulator.signing import HEADER

DEADLINE_S = 30.0
BASE = f"/2010-04-01/Accounts/{ACCOUNT}"
TALKER, BUSY, NOBODY, GONE, OFF, SLOW = (f"+8610000000{n}" for n in (101, 213, 327, 431, 549, 653))

CALLEE = """\
persona: {name}
about: 测试
customer:
  name: 测试
  phone: "{phone}"
  industry: ecommerce
  brand: 悦选商城
  consents:
    - {{purpose: marketing, granted: true, days_ago: 10, text_version: "1", channel: app, evidence: "e1"}}
line: {line}
manner: {{thinks_ms: [0, 100]}}
{replies}
true_intention: {{outcome: interested, follow_up: assign_agent_24h}}
"""
REPLIES = """\
replies:
  - name: hello
    when: {turn: 1}
    say: [一, 二, 三]
  - name: bye
    when: {turn: 2}
    say: [再见]
    then: hang_up
"""


def write_callees(root: Path) -> None:
    """One who talks, and one for each way a line can fail."""
    lines = {
        "talker": (TALKER, "{behaviour: answers, ring_s: 0.1}", REPLIES),
        "busy": (BUSY, "{behaviour: busy, ring_s: 0.1}", ""),
        "nobody": (NOBODY, "{behaviour: no_answer}", ""),
        "gone": (GONE, "{behaviour: invalid_number, ring_s: 0.1}", ""),
        "off": (OFF, "{behaviour: power_off, ring_s: 0.1}", ""),
        "slow": (SLOW, "{behaviour: answers, ring_s: 60}", ""),
    }
    for name, (phone, line, replies) in lines.items():
        folder = root / name
        folder.mkdir(parents=True)
        text = CALLEE.format(name=name, phone=phone, line=line, replies=replies)
        (folder / "persona.yaml").write_text(text, encoding="utf-8")
        wavs = (
            {"hello-1.wav": "一", "hello-2.wav": "二", "hello-3.wav": "三", "bye-1.wav": "再见"}
            if replies
            else {}
        )
        manifest = {}
        for number, (wav, words) in enumerate(wavs.items()):
            tone = np.sin(np.arange(3_200) * (0.2 + 0.1 * number)) * 8_000
            write_wav(folder / wav, tone.astype(np.int16))
            manifest[wav] = {"text": words, "sha256": sha256_of(folder / wav)}
        write_manifest(folder, manifest)


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "callbot.telephony.simulator", *options]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A simulator process."""

    url: str
    record: Path
    process: subprocess.Popen[str]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, auth=(ACCOUNT, AUTH_TOKEN), trust_env=False)


def start(callees: Path, record: Path, *options: str) -> Running:
    process = subprocess.Popen(
        command("--port", "0", "--personas", str(callees), "--seed", "5", "--record", str(record), *options),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "listening on http://127.0.0.1:" in line
    return Running(url=line.split()[3], record=record, process=process)


def finish(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    running.process.communicate(timeout=DEADLINE_S)


@dataclass(slots=True, kw_only=True)
class Bot:
    """The other end of one media stream: a bare server's view of it."""

    socket: ServerConnection
    start: dict[str, Any]
    heard: bytearray = field(default_factory=bytearray)
    marks: list[tuple[str, int]] = field(default_factory=list)
    """Name, and how many ms of the callee's audio had come in before."""
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        return len(self.heard) // 8

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), DEADLINE_S))
        self.messages.append(message)
        if message["event"] == "media":
            self.heard += b64decode(message["media"]["payload"])
        if message["event"] == "mark":
            self.marks.append((message["mark"]["name"], self.now_ms))
        return message

    async def until_mark(self, *names: str) -> None:
        while not set(names) <= {name for name, _ in self.marks}:
            await self.receive()

    async def until_ms(self, ms: int) -> None:
        while self.now_ms < ms:
            await self.receive()

    async def until_stop(self) -> None:
        while (await self.receive())["event"] != "stop":
            pass

    async def send(self, event: str, **body: Any) -> None:
        await self.socket.send(json.dumps({"event": event, "streamSid": self.start["streamSid"], **body}))

    async def say(self, ms: int) -> None:
        tone = encode_ulaw((np.sin(np.arange(ms * 8) * 0.4) * 6_000).astype(np.int16))
        await self.send("media", media={"payload": b64encode(tone).decode()})

    async def mark(self, name: str) -> None:
        await self.send("mark", mark={"name": name})


@dataclass(slots=True, kw_only=True)
class MediaServer:
    """Accepts media streams and hands each one out once its `start` is there."""

    url: str
    calls: asyncio.Queue[Bot]
    signatures: list[str]

    async def call(self) -> Bot:
        return await asyncio.wait_for(self.calls.get(), DEADLINE_S)


@asynccontextmanager
async def media_server() -> AsyncIterator[MediaServer]:
    calls: asyncio.Queue[Bot] = asyncio.Queue()
    signatures: list[str] = []

    async def accept(socket: ServerConnection) -> None:
        assert socket.request is not None
        signatures.append(socket.request.headers.get(HEADER, ""))
        connected = json.loads(await socket.recv())
        assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
        first = json.loads(await socket.recv())
        await calls.put(Bot(socket=socket, start=first["start"]))
        await socket.wait_closed()

    server: Server
    async with serve(accept, "127.0.0.1", 0, compression=None, max_queue=4096) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield MediaServer(url=f"ws://127.0.0.1:{port}/media", calls=calls, signatures=signatures)


def form(to: str, url: str, token: str, **more: str) -> dict[str, str]:
    twiml = (
        f'<Response><Connect><Stream url="{url}"><Parameter name="token" value="{token}"/>'
        "</Stream></Connect></Response>"
    )
    return {"To": to, "From": "+861000009999", "Twiml": twiml, **more}


async def place(simulator: Running, to: str, url: str, token: str, **more: str) -> str:
    async with simulator.client() as client:
        response = await client.post(f"{BASE}/Calls.json", data=form(to, url, token, **more))
    assert response.status_code == 201
    sid: str = response.json()["sid"]
    return sid


async def ended(simulator: Running, sid: str) -> dict[str, Any]:
    """The call's resource once it is over."""
    async with simulator.client() as client, asyncio.timeout(DEADLINE_S):
        while True:
            call: dict[str, Any] = (await client.get(f"{BASE}/Calls/{sid}.json")).json()
            if call["end_time"] is not None:
                return call
            await asyncio.sleep(0.05)


async def report_of(simulator: Running, sid: str) -> dict[str, Any]:
    await ended(simulator, sid)
    async with simulator.client() as client:
        calls: list[dict[str, Any]] = (await client.get("/report")).json()["calls"]
    return next(call for call in calls if call["sid"] == sid)
