"""The simulated carrier as callbot meets it: a process, its REST interface, a media stream over loopback."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import wave
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from asr_tts.g711 import decode_ulaw, encode_ulaw
from callbot.telephony.simulator.__main__ import ACCOUNT, AUTH_TOKEN
from callbot.telephony.simulator.listening import loudness_dbov
from callbot.telephony.simulator.recording import sha256_of, write_manifest, write_wav
from callbot.telephony.simulator.signing import HEADER, sign

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


@pytest.fixture(scope="module")
def callees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("callees")
    write_callees(root)
    return root


@pytest.fixture(scope="module")
def simulator(callees: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start(callees, tmp_path_factory.mktemp("heard"))
    yield running
    finish(running)


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


@pytest.fixture
async def media() -> AsyncIterator[MediaServer]:
    async with media_server() as server:
        yield server


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


async def test_a_whole_conversation(simulator: Running, media: MediaServer) -> None:
    sid = await place(simulator, TALKER, media.url, "whole")
    bot = await media.call()
    assert bot.start["callSid"] == sid
    assert bot.start["customParameters"] == {"token": "whole"}
    assert bot.start["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert media.signatures == [sign(AUTH_TOKEN, media.url)]
    await bot.say(600)
    await bot.until_ms(2_300)
    await bot.say(600)
    await bot.until_stop()
    report = await report_of(simulator, sid)
    turns = report["turns"]
    assert [(turn["who"], turn["reply"]) for turn in turns] == [
        ("other", ""),
        ("callee", "hello"),
        ("other", ""),
        ("callee", "bye"),
    ]
    assert (report["persona"], report["status"], report["ended_by"]) == ("talker", "completed", "callee")
    for turn in turns:
        loud = loudness_dbov(decode_ulaw(bytes(bot.heard))[turn["start_ms"] * 8 : turn["end_ms"] * 8])
        assert (loud > -20) == (turn["who"] == "callee")
        assert turn["who"] == "callee" or 560 <= turn["end_ms"] - turn["start_ms"] <= 640
    assert turns[1]["start_ms"] - turns[0]["end_ms"] >= 700


async def test_the_messages_are_numbered_and_timed_as_twilio_does(
    simulator: Running, media: MediaServer
) -> None:
    sid = await place(simulator, TALKER, media.url, "numbers")
    bot = await media.call()
    await bot.until_ms(200)
    await bot.socket.close()
    frames = [message for message in bot.messages if message["event"] == "media"]
    assert [message["sequenceNumber"] for message in frames] == [str(2 + n) for n in range(len(frames))]
    assert [message["media"]["chunk"] for message in frames] == [str(1 + n) for n in range(len(frames))]
    assert [message["media"]["timestamp"] for message in frames] == [
        str(20 + 20 * n) for n in range(len(frames))
    ]
    assert {len(b64decode(message["media"]["payload"])) for message in frames} == {160}
    assert {message["streamSid"] for message in frames} == {bot.start["streamSid"]}
    report = await report_of(simulator, sid)
    assert (report["status"], report["ended_by"]) == ("completed", "bot")


async def test_a_mark_tells_that_the_audio_was_played_and_clear_returns_the_rest(
    simulator: Running, media: MediaServer
) -> None:
    sid = await place(simulator, TALKER, media.url, "marks")
    bot = await media.call()
    await bot.until_ms(100)
    began = bot.now_ms
    await bot.say(300)
    await bot.mark("played")
    await bot.say(5_000)
    await bot.mark("never")
    await bot.until_mark("played")
    assert bot.marks[0][1] - began >= 300
    await bot.send("clear")
    await bot.until_mark("never")
    cleared = bot.marks[1][1]
    assert cleared - began < 5_000
    await bot.until_ms(cleared + 200)
    await bot.socket.close()
    report = await report_of(simulator, sid)
    assert [(mark["name"], mark["how"]) for mark in report["marks"]] == [
        ("played", "played"),
        ("never", "cleared"),
    ]
    with wave.open(report["heard_wav"]) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (
            8_000,
            1,
            report["heard_ms"] * 8,
        )
        heard = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
    clear = report["clears_ms"][0]
    assert loudness_dbov(heard[(clear - 100) * 8 : clear * 8]) > -20
    assert loudness_dbov(heard[(clear + 20) * 8 :]) == -100


@pytest.mark.parametrize(
    "message",
    [
        b"\x00\x01",
        "not json",
        '{"event": "media"}',
        '{"event": "dance", "streamSid": "THIS"}',
        '{"event": "media", "streamSid": "THIS", "media": {"payload": "???"}}',
        '{"event": "mark", "streamSid": "THIS"}',
    ],
)
async def test_what_twilio_would_not_understand_ends_the_stream_with_its_error(
    simulator: Running, media: MediaServer, message: str | bytes
) -> None:
    sid = await place(simulator, TALKER, media.url, "garbage")
    bot = await media.call()
    own = message.replace("THIS", bot.start["streamSid"]) if isinstance(message, str) else message
    await bot.socket.send(own)
    with pytest.raises(ConnectionClosed):
        await bot.until_ms(10_000)
    report = await report_of(simulator, sid)
    assert report["ended_by"] == "carrier"
    assert report["errors"][0].startswith("3195")


async def test_hanging_up_by_rest_stops_the_stream(simulator: Running, media: MediaServer) -> None:
    sid = await place(simulator, TALKER, media.url, "hang-up")
    bot = await media.call()
    async with simulator.client() as client:
        await client.post(f"{BASE}/Calls/{sid}.json", data={"Status": "completed"})
        await bot.until_stop()
        again = await client.post(f"{BASE}/Calls/{sid}.json", data={"Status": "completed"})
    assert again.status_code == 200
    assert (await report_of(simulator, sid))["ended_by"] == "bot"


@pytest.mark.parametrize(
    ("to", "status", "sip", "q850"),
    [
        (BUSY, "busy", 486, 17),
        (NOBODY, "no-answer", 487, 19),
        (GONE, "failed", 404, 1),
        (OFF, "failed", 480, 20),
        ("+8610099999999", "failed", 404, 1),
    ],
)
async def test_a_line_that_is_not_answered_says_why(
    simulator: Running, to: str, status: str, sip: int, q850: int
) -> None:
    sid = await place(simulator, to, "ws://127.0.0.1:9/media", "line", Timeout="1")
    call = await ended(simulator, sid)
    assert (call["status"], call["sip_response_code"], call["q850_cause"]) == (status, sip, q850)
    assert (call["start_time"], call["duration"]) == (None, "0")


async def test_ringing_can_be_cancelled(simulator: Running) -> None:
    sid = await place(simulator, SLOW, "ws://127.0.0.1:9/media", "cancel", Timeout="30")
    async with simulator.client() as client:
        await client.post(f"{BASE}/Calls/{sid}.json", data={"Status": "canceled"})
    call = await ended(simulator, sid)
    assert call["status"] == "canceled"


async def test_a_media_server_that_is_not_there_ends_the_call_with_an_error(simulator: Running) -> None:
    sid = await place(simulator, TALKER, "ws://127.0.0.1:9/media", "nobody-there")
    report = await report_of(simulator, sid)
    assert report["ended_by"] == "carrier"
    assert report["errors"][0].startswith("31920 no media stream at ws://127.0.0.1:9/media")


async def test_dials_are_counted_by_token_and_number_and_a_call_is_found_by_its_token(
    simulator: Running,
) -> None:
    first = await place(simulator, BUSY, "ws://127.0.0.1:9/media", "twice")
    second = await place(simulator, BUSY, "ws://127.0.0.1:9/media", "twice")
    async with simulator.client() as client:
        found = (await client.get(f"{BASE}/Calls.json", params={"Token": "twice"})).json()["calls"]
        none = (await client.get(f"{BASE}/Calls.json", params={"Token": "never"})).json()["calls"]
        books = (await client.get("/report")).json()
    assert [call["sid"] for call in found] == [second, first]
    assert none == []
    assert books["dials_by_token"]["twice"] == 2
    assert books["dials_by_number"][BUSY] >= 2


REFUSED = [
    ({"To": "+8613812345678"}, 400, 21211),
    ({"To": "+86100123456789"}, 400, 21211),
    ({"Twiml": ""}, 400, 12100),
    ({"Twiml": "<Response><Say>hi</Say></Response>"}, 400, 12100),
    ({"Twiml": '<Response><Connect><Stream url="http://x/"/></Connect></Response>'}, 400, 12100),
    ({"Twiml": '<Response><Connect><Stream url="ws://x/?a=1"/></Connect></Response>'}, 400, 12100),
    ({"Timeout": "soon"}, 400, 20001),
]


@pytest.mark.parametrize(("change", "status", "code"), REFUSED)
async def test_an_order_it_cannot_carry_out_is_refused_and_not_dialled(
    simulator: Running, change: dict[str, str], status: int, code: int
) -> None:
    order = form(TALKER, "ws://127.0.0.1:9/media", "refused") | change
    async with simulator.client() as client:
        response = await client.post(f"{BASE}/Calls.json", data=order)
        books = (await client.get("/report")).json()
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "refused" not in books["dials_by_token"]


async def test_only_its_own_account_is_let_in(simulator: Running) -> None:
    async with simulator.client() as client:
        for auth in ((ACCOUNT, "wrong"), ("ACother", AUTH_TOKEN)):
            response = await client.get(f"{BASE}/Calls.json", auth=auth)
            assert (response.status_code, response.json()["code"]) == (401, 20003)
        gone = await client.get(f"{BASE}/Calls/CA1.json")
        assert (gone.status_code, gone.json()["code"]) == (404, 20404)
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_status_callbacks_are_signed_and_numbered(simulator: Running) -> None:
    posts: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.splitlines()[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        await posts.put((headers[HEADER.lower()], dict(httpx.QueryParams(body.decode()))))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(receive, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/status"
        sid = await place(simulator, BUSY, "ws://127.0.0.1:9/media", "callbacks", StatusCallback=url)
        received = [await asyncio.wait_for(posts.get(), DEADLINE_S) for _ in range(3)]
    forms = sorted((body for _, body in received), key=lambda body: int(body["SequenceNumber"]))
    assert [body["CallStatus"] for body in forms] == ["initiated", "ringing", "busy"]
    assert forms[-1]["SipResponseCode"] == "486"
    assert {body["CallSid"] for body in forms} == {sid}
    assert all(signature == sign(AUTH_TOKEN, url, body) for signature, body in received)


def test_the_signature_is_the_one_of_the_published_example() -> None:
    parameters = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    signature = sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", parameters)
    assert signature == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


async def test_one_seed_plays_the_same_call_in_another_process(
    simulator: Running, callees: Path, tmp_path: Path, media: MediaServer
) -> None:
    again = start(callees, tmp_path)
    fresh = start(callees, tmp_path)
    try:
        plays = []
        for running in (again, fresh):
            sid = await place(running, TALKER, media.url, "seeded")
            bot = await media.call()
            await bot.until_ms(200)
            await bot.say(600)
            await bot.until_ms(2_300)
            await bot.socket.close()
            plays.append((sid, bytes(bot.heard[:800]), (await report_of(running, sid))["turns"][1]["text"]))
        assert plays[0] == plays[1]
    finally:
        finish(again)
        finish(fresh)


async def test_being_stopped_ends_the_call_and_keeps_what_was_heard(
    callees: Path, tmp_path: Path, media: MediaServer
) -> None:
    running = start(callees, tmp_path)
    sid = await place(running, TALKER, media.url, "stopped")
    bot = await media.call()
    await bot.say(400)
    await bot.until_ms(600)
    await asyncio.to_thread(finish, running)
    assert running.process.returncode in {0, -signal.SIGTERM}
    assert (tmp_path / f"{sid}.heard.wav").stat().st_size > 600 * 16


def test_it_leaves_when_its_parent_is_gone(callees: Path, tmp_path: Path) -> None:
    script = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen({command('--port', '0', '--personas', str(callees))!r}"
        " + ['--parent', str(os.getpid())], stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline(); print(child.pid)\n"
    )
    orphan = int(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    )
    for _ in range(int(DEADLINE_S * 10)):
        try:
            os.kill(orphan, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{orphan}/stat").exists() and Path(f"/proc/{orphan}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the simulator outlived its parent")


def test_bad_callees_and_a_taken_port_are_one_line_and_status_1(
    callees: Path, tmp_path: Path, simulator: Running
) -> None:
    nobody = subprocess.run(
        command("--port", "0", "--personas", str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert nobody.returncode == 1
    assert f"{tmp_path}: no callee here" in nobody.stderr
    port = simulator.url.rpartition(":")[2]
    taken = subprocess.run(
        command("--port", port, "--personas", str(callees)), capture_output=True, text=True, check=False
    )
    assert taken.returncode == 1
    assert f"127.0.0.1:{port} cannot be served" in taken.stderr
    assert "Traceback" not in nobody.stderr + taken.stderr
