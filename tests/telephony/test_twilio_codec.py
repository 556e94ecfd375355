"""Messages of Twilio Media Streams are read and written as documented."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.telephony.codec import (
    BotEvent,
    CarrierEvent,
    ClearOut,
    DtmfIn,
    MalformedFrame,
    MarkIn,
    MarkOut,
    MediaIn,
    MediaOut,
    OtherIn,
    StreamStarted,
    StreamStopped,
)
from callbot.telephony.twilio import TwilioCodec

CODEC = TwilioCodec()
START = {
    "event": "start",
    "sequenceNumber": "1",
    "start": {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": "abc", "FirstName": "Jane"},
    },
    "streamSid": "MZ1",
}
STARTED = StreamStarted(
    call_sid="CA1",
    stream_id="MZ1",
    parameters={"token": "abc", "FirstName": "Jane"},
    encoding="audio/x-mulaw",
    rate=8000,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = {
    "media": ("track", "chunk", "timestamp", "payload"),
    "mark": ("name",),
    "dtmf": ("track", "digit"),
    "start": ("streamSid", "callSid", "mediaFormat", "customParameters", "tracks"),
    "stop": ("callSid",),
}


@st.composite
def almost_messages(draw: st.DrawFn) -> str:
    """Messages with the right names and the wrong things under them."""
    event = draw(st.sampled_from(sorted(FIELDS)))
    body = draw(json_values | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS[event], json_values)))
    message = {"event": event, event: body} | draw(st.sampled_from([{}, {"streamSid": "MZ1"}]))
    return json.dumps(message)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"event": "connected", "protocol": "Call", "version": "1.0.0"}, None),
        (START, STARTED),
        (
            {
                "event": "media",
                "sequenceNumber": "4",
                "media": {"track": "inbound", "chunk": "2", "timestamp": "5", "payload": "/38A"},
                "streamSid": "MZ1",
            },
            MediaIn(payload=b"\xff\x7f\x00", timestamp_ms=5),
        ),
        (
            {"event": "media", "media": {"track": "outbound", "timestamp": "5", "payload": "/38A"}},
            OtherIn(payload=b"\xff\x7f\x00", timestamp_ms=5),
        ),
        ({"event": "media", "media": {"track": "third", "timestamp": "5", "payload": "/38A"}}, None),
        ({"event": "media", "media": {"timestamp": 40, "payload": ""}}, MediaIn(payload=b"", timestamp_ms=40)),
        ({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "#"}}, DtmfIn(digit="#")),
        ({"event": "mark", "mark": {"name": "g1.2"}}, MarkIn(name="g1.2")),
        ({"event": "stop", "stop": {"accountSid": "AC1", "callSid": "CA1"}}, StreamStopped()),
        ({"event": "somethingNew", "somethingNew": {}}, None),
        ({}, None),
        ({"event": None}, None),
        ({"event": ["media"]}, None),
    ],
)
def test_messages_are_read_as_documented(message: dict[str, Any], event: CarrierEvent | None) -> None:
    assert CODEC.decode(json.dumps(message)) == event


def test_the_token_is_the_custom_parameter() -> None:
    assert STARTED.token == "abc"
    bare = START | {"start": {**START["start"], "customParameters": None}}  # type: ignore[dict-item]
    started = CODEC.decode(json.dumps(bare))
    assert isinstance(started, StreamStarted)
    assert started.token == ""


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"{}", "binary-frame"),
        ("", "not-json"),
        ("{", "not-json"),
        ("[" * 100_000, "not-json"),
        ("9" * 5000, "not-json"),
        ("[]", "not-an-object"),
        ("null", "not-an-object"),
        ('{"event":"media"}', "bad-media"),
        ('{"event":"media","media":{"timestamp":"5","payload":"%%%"}}', "bad-media"),
        ('{"event":"media","media":{"timestamp":"5","payload":"/38"}}', "bad-media"),
        ('{"event":"media","media":{"timestamp":"-5","payload":""}}', "bad-media"),
        ('{"event":"media","media":{"timestamp":"soon","payload":""}}', "bad-media"),
        ('{"event":"media","media":{"timestamp":Infinity,"payload":""}}', "bad-media"),
        ('{"event":"media","media":{"timestamp":"5","payload":"é"}}', "bad-media"),
        ('{"event":"dtmf","dtmf":{"digit":"12"}}', "bad-dtmf"),
        ('{"event":"dtmf","dtmf":{"digit":5}}', "bad-dtmf"),
        ('{"event":"mark","mark":{}}', "bad-mark"),
        ('{"event":"start","start":{"callSid":"CA1"}}', "bad-start"),
        (json.dumps(START).replace('"abc"', "7"), "bad-start"),
    ],
)
def test_what_breaks_the_protocol_has_a_code(message: str | bytes, code: str) -> None:
    with pytest.raises(MalformedFrame) as broken:
        CODEC.decode(message)
    assert broken.value.code == code


@given(st.text() | st.binary() | json_values.map(json.dumps) | almost_messages())
def test_decoding_raises_nothing_but_malformed_frame(message: str | bytes) -> None:
    with suppress(MalformedFrame):
        event = CODEC.decode(message)
        assert event is None or isinstance(event, CarrierEvent)


def independently(message: str) -> tuple[str, object, object]:
    """A reading of outbound messages written from the protocol's description."""
    body = json.loads(message)
    match body:
        case {"event": "media", "streamSid": stream, "media": {"payload": payload}, **rest}:
            found: object = base64.b64decode(payload, validate=True)
        case {"event": "mark", "streamSid": stream, "mark": {"name": name}, **rest}:
            found = name
        case {"event": "clear", "streamSid": stream, **rest}:
            found = None
        case _:
            raise AssertionError(message)
    assert not rest
    return body["event"], stream, found


@given(st.binary(max_size=2000), st.text(max_size=40), st.text(max_size=40))
def test_what_is_written_is_read_as_meant(payload: bytes, name: str, stream: str) -> None:
    cases: list[tuple[BotEvent, tuple[str, object, object]]] = [
        (MediaOut(payload=payload), ("media", stream, payload)),
        (MarkOut(name=name), ("mark", stream, name)),
        (ClearOut(), ("clear", stream, None)),
    ]
    for event, meant in cases:
        assert independently(CODEC.encode(event, stream)) == meant
