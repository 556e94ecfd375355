"""Twilio Media Streams: JSON text messages, μ-law in base64. Bidirectional `<Connect><Stream>`."""

from __future__ import annotations

import binascii
import json
from typing import Any, assert_never

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

_DIGITS = frozenset("0123456789*#ABCD")


class TwilioCodec:
    """Reads and writes Twilio's messages. `timestamp` and numbers may come as text or as numbers."""

    def decode(self, message: str | bytes) -> CarrierEvent | None:
        """One message of the stream; events that callbot does not know are None.

        Raises `MalformedFrame` with one of: `binary-frame`, `not-json`, `not-an-object`, `bad-start`,
        `bad-media`, `bad-dtmf`, `bad-mark`. Nothing else is ever raised.
        """
        if not isinstance(message, str):
            raise MalformedFrame("binary-frame")
        try:
            body = json.loads(message)
        except (ValueError, RecursionError):
            raise MalformedFrame("not-json") from None
        if not isinstance(body, dict):
            raise MalformedFrame("not-an-object")
        match body.get("event"):
            case "media":
                return _media(body.get("media"))
            case "mark":
                return _mark(body.get("mark"))
            case "dtmf":
                return _dtmf(body.get("dtmf"))
            case "start":
                return _start(body)
            case "stop":
                return StreamStopped()
            case _:
                return None

    def encode(self, event: BotEvent, stream_id: str) -> str:
        """The message for one event."""
        stream = json.dumps(stream_id)
        match event:
            case MediaOut(payload=payload):
                # Base64 needs no escaping, so the frequent message skips the JSON encoder.
                sound = binascii.b2a_base64(payload, newline=False).decode("ascii")
                return f'{{"event":"media","streamSid":{stream},"media":{{"payload":"{sound}"}}}}'
            case MarkOut(name=name):
                return f'{{"event":"mark","streamSid":{stream},"mark":{{"name":{json.dumps(name)}}}}}'
            case ClearOut():
                return f'{{"event":"clear","streamSid":{stream}}}'
            case _:
                assert_never(event)


def _media(media: Any) -> MediaIn | OtherIn | None:
    try:
        track = media.get("track", "inbound")
        if track not in ("inbound", "outbound"):
            return None
        payload = binascii.a2b_base64(media["payload"], strict_mode=True)
        timestamp_ms = int(media["timestamp"])
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise MalformedFrame("bad-media") from None
    if timestamp_ms < 0:
        raise MalformedFrame("bad-media")
    if track == "outbound":
        return OtherIn(payload=payload, timestamp_ms=timestamp_ms)
    return MediaIn(payload=payload, timestamp_ms=timestamp_ms)


def _mark(mark: Any) -> MarkIn:
    if isinstance(mark, dict) and isinstance(name := mark.get("name"), str):
        return MarkIn(name=name)
    raise MalformedFrame("bad-mark")


def _dtmf(dtmf: Any) -> DtmfIn:
    if isinstance(dtmf, dict) and isinstance(digit := dtmf.get("digit"), str) and digit in _DIGITS:
        return DtmfIn(digit=digit)
    raise MalformedFrame("bad-dtmf")


def _start(body: dict[str, Any]) -> StreamStarted:
    try:
        start = body["start"]
        form = start["mediaFormat"]
        stream_id = start.get("streamSid") or body["streamSid"]
        call_sid, encoding = start["callSid"], form["encoding"]
        rate = int(form["sampleRate"])
        parameters = dict((start.get("customParameters") or {}).items())
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise MalformedFrame("bad-start") from None
    texts = (stream_id, call_sid, encoding, *parameters.keys(), *parameters.values())
    if not all(isinstance(text, str) for text in texts):
        raise MalformedFrame("bad-start")
    return StreamStarted(
        call_sid=call_sid, stream_id=stream_id, parameters=parameters, encoding=encoding, rate=rate
    )
