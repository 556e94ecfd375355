"""What breaks the protocol ends its own call with a reason, and the call beside it does not notice."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from handmade_carrier import WITHIN, HandmadeCarrier, call, next_event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from virtual_carrier import LoudnessActivity, media_message, pieces, tone
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from asr_tts.audio import Audio
from asr_tts.g711 import encode_ulaw
from callbot.conversation.line import HungUp, Played
from callbot.telephony.media_line import LineLimits, MediaLine
from callbot.telephony.media_server import SOCKETS_BEYOND_CALLS, MediaServer
from callbot.telephony.twilio import TwilioCodec

FRAME = media_message(encode_ulaw(tone(20)), 0)
START = json.dumps(
    {
        "event": "start",
        "streamSid": "MZ1",
        "start": {
            "streamSid": "MZ1",
            "callSid": "CA1",
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
            "customParameters": {"token": "bad"},
        },
    }
)
SPEECH_MS = 200


@dataclass(slots=True)
class Pair:
    """A call whose carrier misbehaves and one whose carrier does not."""

    server: MediaServer
    bad: MediaLine
    carrier: HandmadeCarrier
    good: MediaLine
    good_carrier: HandmadeCarrier

    async def ended(self) -> HungUp:
        while not isinstance(event := await next_event(self.bad), HungUp):
            pass
        return event

    async def other_is_well(self) -> None:
        """A speech that was begun before the trouble is heard to its end without a hole."""
        played = await next_event(self.good)
        assert isinstance(played, Played)
        assert (played.heard_ms, played.finished) == (SPEECH_MS, True)
        assert self.good_carrier.sound == encode_ulaw(tone(SPEECH_MS))
        assert not self.good.over


@asynccontextmanager
async def two_calls(limits: LineLimits | None = None, *, small_buffer: bool = False) -> AsyncIterator[Pair]:
    server = MediaServer("127.0.0.1", 0, TwilioCodec(), LoudnessActivity(), max_calls=2, limits=limits)
    await server.start()
    try:
        raw = sockets.socket()
        if small_buffer:
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
        raw.connect(("127.0.0.1", int(server.url.split(":")[2].split("/")[0])))
        async with connect(server.url) as good_socket, connect(server.url, sock=raw) as bad_socket:
            good_carrier, good = await call(server, good_socket, "good")
            carrier, bad = await call(server, bad_socket, "bad")
            good.play("s1", pieces(Audio(tone(SPEECH_MS), 8000)))
            yield Pair(server, bad, carrier, good, good_carrier)
    finally:
        await server.aclose()


async def send_at_once(socket: ClientConnection, messages: list[str | bytes]) -> None:
    """Everything into the socket without waiting for the other side."""
    frames = b"".join(
        Frame(
            Opcode.TEXT if isinstance(message, str) else Opcode.BINARY,
            message.encode() if isinstance(message, str) else message,
        ).serialize(mask=True)
        for message in messages
    )
    socket.transport.write(frames)


def media(**fields: Any) -> str:
    return json.dumps({"event": "media", "media": {"timestamp": "20", "payload": "//8=", **fields}})


@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param(FRAME[:-20], "not-json", id="truncated JSON"),
        pytest.param(b"\x00\x01", "binary-frame", id="binary"),
        pytest.param("[" * 20_000, "not-json", id="nested without end"),
        pytest.param('"media"', "not-an-object", id="no object"),
        pytest.param(media(payload="//8"), "bad-media", id="base64 cut off"),
        pytest.param(media(payload="\u5582"), "bad-media", id="no base64"),
        pytest.param(media(payload=None), "bad-media", id="no payload"),
        pytest.param(media(timestamp="-5"), "bad-media", id="time runs backwards"),
        pytest.param(media(timestamp="9" * 5_000), "bad-media", id="a number without end"),
        pytest.param('{"event":"mark","mark":{"name":7}}', "bad-mark", id="mark without a name"),
        pytest.param('{"event":"dtmf","dtmf":{"digit":"77"}}', "bad-dtmf", id="two digits in one"),
        pytest.param(START, "second-start", id="started twice"),
    ],
)
async def test_a_broken_message_ends_its_call_with_a_code(message: str | bytes, code: str) -> None:
    async with two_calls() as pair:
        await pair.carrier.socket.send(message)
        hung_up = await pair.ended()
        assert (hung_up.by, hung_up.reason) == ("carrier", "malformed-frame")
        assert await pair.carrier.closed() == (1002, code)
        await pair.other_is_well()


@pytest.mark.parametrize(
    "message",
    [
        '{"event":"surprise","surprise":{}}',
        "{}",
        '{"event":null}',
        '{"event":["media"]}',
        media(track="outbound"),
    ],
)
async def test_what_is_only_unknown_is_ignored(message: str) -> None:
    async with two_calls() as pair:
        await pair.carrier.socket.send(message)
        await pair.carrier.socket.send('{"event":"stop","stop":{}}')
        hung_up = await pair.ended()
        assert (hung_up.by, hung_up.reason) == ("callee", "normal")
        await pair.other_is_well()


async def test_a_message_in_several_frames_is_one_message() -> None:
    async with two_calls() as pair:
        stop = '{"event":"stop","stop":{}}'
        await pair.carrier.socket.send([stop[:5], stop[5:9], stop[9:]])
        assert (await pair.ended()).reason == "normal"
        await pair.other_is_well()


async def test_a_giant_frame_ends_its_call() -> None:
    async with two_calls() as pair:
        await pair.carrier.socket.send(media_message(b"\xff" * 100_000, 0))
        assert (await pair.ended()).reason == "socket-lost"
        assert (await pair.carrier.closed())[0] == 1009
        await pair.other_is_well()


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([FRAME] * 100_000, id="sound"),
        pytest.param(['{"event":"mark","mark":{"name":"g1.1"}}'] * 100_000, id="marks"),
        pytest.param(['{"event":"surprise"}'] * 100_000, id="nothing known"),
        pytest.param([media_message(b"\xff" * 40_000, 0)] * 50, id="minutes of sound in a few frames"),
    ],
)
async def test_a_flood_ends_its_call(messages: list[str | bytes]) -> None:
    async with two_calls() as pair:
        await send_at_once(pair.carrier.socket, messages)
        hung_up = await pair.ended()
        assert (hung_up.by, hung_up.reason) == ("carrier", "flood")
        await pair.carrier.closed()
        await pair.other_is_well()


async def test_who_does_not_read_loses_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callbot.telephony.carrier_socket._KERNEL_BUFFER", 4_096)
    async with two_calls(LineLimits(unsent_bytes=2_000), small_buffer=True) as pair:
        pair.carrier.socket.transport.pause_reading()
        pair.bad.play("s1", pieces(Audio(tone(30_000), 8000)))
        hung_up = await pair.ended()
        assert (hung_up.by, hung_up.reason) == ("carrier", "socket-lost")
        await pair.other_is_well()
        pair.carrier.socket.transport.abort()


async def test_sockets_that_never_become_calls_are_bounded() -> None:
    server = MediaServer("127.0.0.1", 0, TwilioCodec(), LoudnessActivity(), max_calls=1, start_within_s=WITHIN)
    await server.start()
    opened: list[ClientConnection] = []
    try:
        for _ in range(1 + SOCKETS_BEYOND_CALLS):
            opened.append(await connect(server.url))
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.url)
        assert refused.value.response.status_code == 503
        assert refused.value.response.body == b"media-full\n"
    finally:
        await server.aclose()
        await asyncio.gather(*(socket.close() for socket in opened))


MESSAGES = st.one_of(
    st.just(FRAME),
    st.just('{"event":"stop","stop":{}}'),
    st.just('{"event":"dtmf","dtmf":{"digit":"5"}}'),
    st.builds(lambda name: json.dumps({"event": "mark", "mark": {"name": name}}), st.text(max_size=8)),
    st.builds(
        lambda event, body: json.dumps({"event": event, event: body}),
        st.sampled_from(["start", "media", "mark", "dtmf", "stop", "connected"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: st.dictionaries(
                st.sampled_from(["payload", "timestamp", "name", "digit", "track", "callSid", "mediaFormat"]),
                inner,
            ),
            max_leaves=6,
        ),
    ),
    st.builds(lambda cut: FRAME[:cut], st.integers(0, len(FRAME))),
    st.text(max_size=40),
    st.binary(max_size=40),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MESSAGES, max_size=30))
def test_whatever_comes_the_call_ends_once_and_the_other_is_well(messages: list[str | bytes]) -> None:
    async def run() -> None:
        async with two_calls() as pair:
            try:
                for message in messages:
                    await pair.carrier.socket.send(message)
                await pair.carrier.socket.close()
            except ConnectionClosed:
                pass
            hung_up = await pair.ended()
            assert hung_up.reason in {"normal", "malformed-frame", "socket-lost"}
            assert pair.bad.over
            await pair.other_is_well()
            assert pair.server.calls == 1

    asyncio.run(run())
