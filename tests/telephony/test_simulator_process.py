"""The simulated carrier as callbot meets it: a process and its media streams over loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import wave
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from simulator_process import (
    BASE,
    DEADLINE_S,
    TALKER,
    MediaServer,
    Running,
    command,
    finish,
    place,
    report_of,
    start,
)
from websockets.exceptions import ConnectionClosed

from asr_tts.g711 import decode_ulaw
from callbot.telephony.simulator.__main__ import AUTH_TOKEN
from callbot.telephony.simulator.listening import loudness_dbov
from callbot.telephony.simulator.signing import sign


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


async def test_a_media_server_that_is_not_there_ends_the_call_with_an_error(simulator: Running) -> None:
    sid = await place(simulator, TALKER, "ws://127.0.0.1:9/media", "nobody-there")
    report = await report_of(simulator, sid)
    assert report["ended_by"] == "carrier"
    assert report["errors"][0].startswith("31920 no media stream at ws://127.0.0.1:9/media")


async def test_one_seed_plays_the_same_call_in_another_process(
    simulator: Running, simulated_callees: Path, tmp_path: Path, media: MediaServer
) -> None:
    again = start(simulated_callees, tmp_path)
    fresh = start(simulated_callees, tmp_path)
    try:
        plays = []
        for running in (again, fresh):
            sid = await place(running, TALKER, media.url, "seeded")
            bot = await media.call()
            await bot.until_ms(200)
            await bot.say(600)
            await bot.until_ms(2_300)
            await bot.socket.close()
            plays.append((bytes(bot.heard[:800]), (await report_of(running, sid))["turns"][1]["text"]))
        assert plays[0] == plays[1]
    finally:
        finish(again)
        finish(fresh)


async def test_being_stopped_ends_the_call_and_keeps_what_was_heard(
    simulated_callees: Path, tmp_path: Path, media: MediaServer
) -> None:
    running = start(simulated_callees, tmp_path)
    sid = await place(running, TALKER, media.url, "stopped")
    bot = await media.call()
    await bot.say(400)
    await bot.until_ms(600)
    await asyncio.to_thread(finish, running)
    assert running.process.returncode in {0, -signal.SIGTERM}
    assert (tmp_path / f"{sid}.heard.wav").stat().st_size > 600 * 16


def test_it_leaves_when_its_parent_is_gone(simulated_callees: Path, tmp_path: Path) -> None:
    script = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen({command('--port', '0', '--personas', str(simulated_callees))!r}"
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
    simulated_callees: Path, tmp_path: Path, simulator: Running
) -> None:
    nobody = subprocess.run(
        command("--port", "0", "--personas", str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert nobody.returncode == 1
    assert f"{tmp_path}: 这里没有被叫人物" in nobody.stderr
    port = simulator.url.rpartition(":")[2]
    taken = subprocess.run(
        command("--port", port, "--personas", str(simulated_callees)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert taken.returncode == 1
    assert f"127.0.0.1:{port} cannot be served" in taken.stderr
    assert "Traceback" not in nobody.stderr + taken.stderr
