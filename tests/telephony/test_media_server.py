from __future__ import annotations

import asyncio
import base64
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from handmade_carrier import WITHIN, HandmadeCarrier, call, next_event
from virtual_carrier import LoudnessActivity, media_message, pieces, tone
from websockets.asyncio.client import connect

from asr_tts.audio import Audio
from asr_tts.g711 import decode_ulaw, encode_ulaw
from callbot.conversation.line import HungUp, Played, SpeechEnded, SpeechStarted
from callbot.errors import BadInput
from callbot.telephony.media_server import Full, MediaServer
from callbot.telephony.twilio import TwilioCodec


@pytest.fixture
async def server() -> AsyncIterator[MediaServer]:
    server = MediaServer("127.0.0.1", 0, TwilioCodec(), LoudnessActivity(), max_calls=2, start_within_s=0.5)
    await server.start()
    yield server
    await server.aclose()


async def test_a_speech_reaches_the_carrier_and_its_marks_prove_it(server: MediaServer) -> None:
    async with connect(server.url) as socket:
        carrier, line = await call(server, socket)
        assert (line.stream.call_sid, line.stream.stream_id) == ("CA1", "MZ1")
        line.play("s1", pieces(Audio(tone(500), 8000)))
        played = await next_event(line)
        assert isinstance(played, Played)
        assert (played.heard_ms, played.finished) == (500, True)
        assert carrier.sound == encode_ulaw(tone(500))
        assert {message["streamSid"] for message in carrier.received} == {"MZ1"}
        names = [mark["mark"]["name"] for mark in carrier.events("mark")]
        assert len(names) == len(set(names)) == 3


async def test_speech_is_heard_and_after_the_barge_in_no_sound_of_the_speech_follows(
    server: MediaServer,
) -> None:
    async with connect(server.url) as socket:
        carrier, line = await call(server, socket)
        line.play("s1", pieces(Audio(tone(30_000), 8000)))
        await carrier.until(lambda: len(carrier.events("media")) >= 2)
        await carrier.say(tone(400))
        assert isinstance(await next_event(line), SpeechStarted)
        line.stop()
        assert isinstance(await next_event(line), Played)
        await carrier.say(np.zeros(8 * 700, dtype=np.int16), at_ms=400)
        assert isinstance(await next_event(line), SpeechEnded)
        line.play("s2", pieces(Audio(np.zeros(800, dtype=np.int16), 8000)))
        assert isinstance(await next_event(line), Played)
        events = [message["event"] for message in carrier.received]
        after = carrier.received[events.index("clear") + 1 :]
        rest = b"".join(base64.b64decode(m["media"]["payload"]) for m in after if m["event"] == "media")
        assert not decode_ulaw(rest).any()


async def test_a_bridge_carries_both_ways(server: MediaServer) -> None:
    async with connect(server.url) as socket:
        carrier, line = await call(server, socket)
        end = line.bridge()
        await carrier.say(tone(40))
        async with asyncio.timeout(WITHIN):
            frame = await end.receive()
        assert frame is not None
        assert np.array_equal(frame, decode_ulaw(encode_ulaw(tone(20))))
        await end.send(tone(20, 5000))
        await carrier.until(lambda: carrier.sound == encode_ulaw(tone(20, 5000)))
        await socket.close()
        async with asyncio.timeout(WITHIN):
            while await end.receive() is not None:
                pass


async def test_strangers_are_refused(server: MediaServer) -> None:
    for token in (None, "", "nobody"):
        async with connect(server.url) as socket:
            carrier = HandmadeCarrier(socket)
            await carrier.start(token)
            assert await carrier.closed() == (1008, "unknown-token")
    assert server.calls == 0


async def test_a_token_opens_one_stream(server: MediaServer) -> None:
    async with connect(server.url) as first, connect(server.url) as second:
        _, line = await call(server, first)
        again = HandmadeCarrier(second)
        await again.start("t1")
        assert await again.closed() == (1008, "token-used")
        assert not line.over
        with pytest.raises(ValueError, match="token"):
            server.expect("t1")


async def test_slots_are_a_hard_cap_and_come_back(server: MediaServer) -> None:
    first, _second = server.expect("a"), server.expect("b")
    with pytest.raises(Full):
        server.expect("c")
    first.cancel()
    first.cancel()
    with pytest.raises(TimeoutError):
        await first.line(WITHIN)
    async with connect(server.url) as socket:
        carrier, line = await call(server, socket, "c")
        with pytest.raises(Full):
            server.expect("d")
        await line.hang_up()
        assert await carrier.closed() == (1000, "normal")
        assert isinstance(await next_event(line), HungUp)
    server.expect("d")


async def test_a_call_that_does_not_come_times_out_and_keeps_its_slot(server: MediaServer) -> None:
    expected = server.expect("a")
    with pytest.raises(TimeoutError):
        await expected.line(0.01)
    assert server.calls == 1


async def test_a_call_that_came_and_was_cancelled_is_ended(server: MediaServer) -> None:
    expected = server.expect("a")
    async with connect(server.url) as socket:
        carrier = HandmadeCarrier(socket)
        await carrier.start("a")
        await (await socket.ping())
        expected.cancel()
        assert await carrier.closed() == (1000, "normal")
    assert server.calls == 0


@pytest.mark.parametrize(
    ("messages", "close"),
    [
        ([], (1008, "start-timeout")),
        (['{"event":"connected"}'], (1008, "start-timeout")),
        ([media_message(encode_ulaw(tone(20)), 0)] * 3, (1008, "start-timeout")),
        (["nonsense"], (1002, "not-json")),
        ([b"\x7f\x7f"], (1002, "binary-frame")),
        (['{"event":"start","start":{}}'], (1002, "bad-start")),
    ],
)
async def test_sockets_that_never_start_are_closed_with_a_reason(
    server: MediaServer, messages: list[str | bytes], close: tuple[int, str]
) -> None:
    async with connect(server.url) as socket:
        carrier = HandmadeCarrier(socket)
        for message in messages:
            await socket.send(message)
        assert await carrier.closed() == close


async def test_a_format_that_is_not_mu_law_is_refused_and_the_slot_waits_on(server: MediaServer) -> None:
    server.expect("a")
    async with connect(server.url) as socket:
        carrier = HandmadeCarrier(socket)
        await carrier.start("a", encoding="audio/x-l16", sampleRate=16000)
        assert await carrier.closed() == (1003, "unsupported-media")
    assert server.calls == 1


async def test_a_cut_socket_ends_the_call_and_keeps_its_recording(server: MediaServer, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    async with connect(server.url) as socket:
        carrier, line = await call(server, socket, recording=path)
        line.play("s1", pieces(Audio(tone(5000), 8000)))
        await carrier.until(lambda: bool(carrier.events("media")))
        await carrier.say(tone(200))
        socket.transport.abort()
        seen = [await next_event(line)]
        while not isinstance(seen[-1], HungUp):
            seen.append(await next_event(line))
    assert (seen[-1].by, seen[-1].reason) == ("carrier", "socket-lost")
    assert any(isinstance(event, Played) and not event.finished for event in seen)
    await line.recorded()
    with wave.open(str(path)) as wav:
        stereo = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").reshape(-1, 2)
    assert np.abs(stereo[:, 0]).max() > 7000


async def test_one_broken_call_leaves_the_others_alone(server: MediaServer) -> None:
    async with connect(server.url) as good_socket, connect(server.url) as bad_socket:
        _, good = await call(server, good_socket, "good")
        bad_carrier, bad = await call(server, bad_socket, "bad")
        await bad_socket.send(media_message(b"\xff" * 70_000, 0))
        assert (await bad_carrier.closed())[0] == 1009
        hung_up = await next_event(bad)
        assert isinstance(hung_up, HungUp)
        assert hung_up.reason == "socket-lost"
        good.play("s1", pieces(Audio(tone(100), 8000)))
        played = await next_event(good)
        assert isinstance(played, Played)
        assert played.finished


async def test_sound_after_the_stop_is_ignored(server: MediaServer) -> None:
    async with connect(server.url) as socket:
        carrier, line = await call(server, socket)
        await socket.send('{"event":"stop","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}')
        await socket.send(media_message(encode_ulaw(tone(20)), 0))
        hung_up = await next_event(line)
        assert isinstance(hung_up, HungUp)
        assert (hung_up.by, hung_up.reason) == ("callee", "normal")
        assert (await carrier.closed())[0] == 1000


async def test_closing_the_server_ends_its_calls(server: MediaServer) -> None:
    async with connect(server.url) as socket:
        carrier, line = await call(server, socket)
        waiting = server.expect("t2")
        await server.aclose()
        hung_up = await next_event(line)
        assert isinstance(hung_up, HungUp)
        assert (hung_up.by, hung_up.reason) == ("bot", "shutdown")
        assert (await carrier.closed())[0] == 1001
        with pytest.raises(TimeoutError):
            await waiting.line(WITHIN)


async def test_many_calls_leave_nothing_behind(server: MediaServer, tmp_path: Path) -> None:
    async def one(number: int) -> None:
        async with connect(server.url) as socket:
            carrier, line = await call(server, socket, f"call-{number}", tmp_path / f"{number}.wav")
            line.play("s1", pieces(Audio(tone(5000), 8000)))
            await carrier.until(lambda: bool(carrier.events("media")))
            await line.hang_up()
            await carrier.closed()
            await line.recorded()

    before = asyncio.all_tasks()
    for number in range(20):
        await one(number)
    if left := asyncio.all_tasks() - before:
        _, running = await asyncio.wait(left, timeout=WITHIN)
        assert not running
    assert server.calls == 0
    assert len(list(tmp_path.iterdir())) == 20


async def test_a_port_in_use_is_named_with_its_setting(server: MediaServer) -> None:
    port = int(server.url.split(":")[2].split("/")[0])
    second = MediaServer("127.0.0.1", port, TwilioCodec(), LoudnessActivity(), max_calls=1)
    with pytest.raises(BadInput, match=rf"{port}.*CALLBOT_MEDIA__PORT"):
        await second.start()
    await second.aclose()
