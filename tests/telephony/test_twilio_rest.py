"""Call control over real HTTP, against a small server that answers, lies, hangs and cuts."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from callbot.telephony.control import (
    CallProgress,
    CallState,
    CarrierRefused,
    CarrierUnknown,
    DialRequest,
    JoinRequest,
    LineCause,
    RingRequest,
)
from callbot.telephony.twilio_rest import TwilioControl

CALLS = "/2010-04-01/Accounts/AC1/Calls"
REQUEST = DialRequest(
    to="+8610047119325",
    from_="+8610090215583",
    media_url='wss://media.example.com/media?"<&>',
    token="tok&1",
    ring_timeout_s=33,
)


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    authorization: str


@dataclass
class HttpCarrier:
    """Answers from a script; None as an answer cuts the connection, "hang" never answers."""

    answers: list[tuple[int, Any] | str | None] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    base_url: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split()
                headers = {}
                while (header := (await reader.readline()).decode().strip()) != "":
                    name, _, value = header.partition(": ")
                    headers[name.lower()] = value
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                url = urlsplit(target)
                self.asked.append(
                    Asked(
                        method,
                        url.path,
                        parse_qs(url.query),
                        parse_qs(body.decode()),
                        headers.get("authorization", ""),
                    )
                )
                self.changed.set()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is None:
                    return
                if isinstance(answer, str):
                    await reader.read()
                    return
                status, said = answer
                data = (said if isinstance(said, str) else json.dumps(said)).encode()
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def carrier() -> AsyncIterator[HttpCarrier]:
    carrier = HttpCarrier()
    server = await asyncio.start_server(carrier.serve, "127.0.0.1", 0)
    carrier.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield carrier
    server.close()
    await server.wait_closed()


Connect = Callable[..., TwilioControl]


@pytest.fixture
async def connect(carrier: HttpCarrier) -> AsyncIterator[Connect]:
    made: list[TwilioControl] = []

    def control(**options: Any) -> TwilioControl:
        settings: dict[str, Any] = {"base_url": carrier.base_url, "poll_s": 0.01, "timeout_s": 5.0} | options
        made.append(TwilioControl(account="AC1", auth_token="secret", **settings))
        return made[-1]

    yield control
    for each in made:
        await each.aclose()


async def states(control: TwilioControl, sid: str = "CA1") -> list[CallProgress]:
    async with asyncio.timeout(10):
        return [change async for change in control.watch(sid)]


async def test_dialling_sends_what_the_carrier_documents(carrier: HttpCarrier, connect: Connect) -> None:
    carrier.answers = [(201, {"sid": "CA1", "status": "queued"})]
    control = connect(status_callback_url="https://web.example.com/status")
    assert await control.place(REQUEST) == "CA1"
    (asked,) = carrier.asked
    assert (asked.method, asked.path) == ("POST", f"{CALLS}.json")
    assert asked.authorization == "Basic " + base64.b64encode(b"AC1:secret").decode()
    twiml = ElementTree.fromstring(asked.form.pop("Twiml")[0])
    assert asked.form == {
        "To": ["+8610047119325"],
        "From": ["+8610090215583"],
        "Timeout": ["33"],
        "StatusCallback": ["https://web.example.com/status"],
        "StatusCallbackMethod": ["GET"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
    }
    stream = twiml.find("./Connect/Stream")
    assert stream is not None
    assert stream.get("url") == REQUEST.media_url
    assert [(each.get("name"), each.get("value")) for each in stream] == [("token", "tok&1")]


def stream(element: ElementTree.Element | None) -> tuple[str | None, str | None, list[str | None]]:
    """Where a stream goes, what it carries, and its token."""
    assert element is not None
    return element.get("url"), element.get("track"), [each.get("value") for each in element]


async def test_a_telephone_is_dialled_into_a_room_for_two(carrier: HttpCarrier, connect: Connect) -> None:
    carrier.answers = [(201, {"sid": "CA2", "status": "queued"})]
    request = RingRequest(
        to="sip:1001@pbx.internal", from_="+8610090215583", room="room <1>", ring_timeout_s=15
    )
    assert await connect().ring(request) == "CA2"
    (asked,) = carrier.asked
    twiml = ElementTree.fromstring(asked.form.pop("Twiml")[0])
    assert asked.form == {"To": ["sip:1001@pbx.internal"], "From": ["+8610090215583"], "Timeout": ["15"]}
    (dial,) = twiml
    (room,) = dial
    assert (dial.tag, room.tag, room.text) == ("Dial", "Conference", "room <1>")
    assert room.attrib == {
        "beep": "false",
        "startConferenceOnEnter": "true",
        "endConferenceOnExit": "true",
        "maxParticipants": "2",
    }


async def test_a_call_is_moved_into_the_room_with_a_fork_and_a_way_back(
    carrier: HttpCarrier, connect: Connect
) -> None:
    carrier.answers = [(200, {"sid": "CA1", "status": "in-progress"})]
    url = "wss://media.example.com/media"
    request = JoinRequest(room="room1", media_url=url, fork_token="f&1", back_token="b1")
    control = connect()
    assert await control.join("CA1", request)
    assert await control.bring_back("CA1", url, "b2")
    joined, back = carrier.asked
    assert [(asked.method, asked.path) for asked in carrier.asked] == [("POST", f"{CALLS}/CA1.json")] * 2
    twiml = ElementTree.fromstring(joined.form["Twiml"][0])
    assert [verb.tag for verb in twiml] == ["Start", "Dial", "Connect"], "in this order"
    assert stream(twiml.find("./Start/Stream")) == (url, "both_tracks", ["f&1"])
    assert twiml.findtext("./Dial/Conference") == "room1"
    assert stream(twiml.find("./Connect/Stream")) == (url, None, ["b1"])
    twiml = ElementTree.fromstring(back.form["Twiml"][0])
    assert [verb.tag for verb in twiml] == ["Connect"]
    assert stream(twiml.find("./Connect/Stream")) == (url, None, ["b2"])


@pytest.mark.parametrize(
    ("answer", "moved"),
    [
        ((404, {"code": 20404}), False),
        ((400, {"code": 21220, "message": "Call is not in-progress"}), False),
        ((500, {}), None),
        (None, None),
    ],
)
async def test_a_call_that_is_gone_is_told_from_a_carrier_that_does_not_answer(
    carrier: HttpCarrier, connect: Connect, answer: tuple[int, Any] | None, moved: bool | None
) -> None:
    carrier.answers = [answer]
    request = JoinRequest(room="r", media_url="wss://m.example.com/media", fork_token="f", back_token="b")
    if moved is None:
        with pytest.raises(CarrierUnknown):
            await connect().join("CA1", request)
    else:
        assert await connect().join("CA1", request) is moved


@pytest.mark.parametrize(
    ("status", "body", "cause", "retryable"),
    [
        (400, {"code": 21211, "message": "Invalid 'To' Phone Number"}, LineCause.INVALID_NUMBER, False),
        (400, {"code": 12100, "message": "Document parse failure"}, LineCause.NETWORK, False),
        (401, {"code": 20003, "message": "Authenticate"}, LineCause.NETWORK, False),
        (429, {"code": 20429, "message": "Too Many Requests"}, LineCause.NETWORK, True),
        (404, "<html>", LineCause.NETWORK, False),
    ],
)
async def test_a_refusal_says_why_and_whether_to_try_again(
    carrier: HttpCarrier, connect: Connect, status: int, body: Any, cause: LineCause, retryable: bool
) -> None:
    carrier.answers = [(status, body)]
    with pytest.raises(CarrierRefused, match=str(status)) as refused:
        await connect().place(REQUEST)
    assert (refused.value.cause, refused.value.retryable) == (cause, retryable)


@pytest.mark.parametrize(
    "answer",
    [None, "hang", (500, {}), (503, "busy"), (201, "not json"), (201, {}), (201, {"sid": 7}), (302, {})],
)
async def test_no_usable_answer_means_the_call_may_exist(
    carrier: HttpCarrier, connect: Connect, answer: tuple[int, Any] | str | None
) -> None:
    carrier.answers = [answer]
    with pytest.raises(CarrierUnknown):
        await connect(timeout_s=0.2).place(REQUEST)
    assert len(carrier.asked) == 1, "a dial request is never repeated"


async def test_a_refusal_does_not_spread_the_number(carrier: HttpCarrier, connect: Connect) -> None:
    carrier.answers = [(400, {"code": 21211, "message": f"Invalid number: {REQUEST.to} (21211)"})]
    with pytest.raises(CarrierRefused, match=r"Invalid number: \*\*\*") as refused:
        await connect().place(REQUEST)
    assert REQUEST.to[1:] not in str(refused.value)


async def test_a_carrier_that_cannot_be_reached_placed_nothing(connect: Connect) -> None:
    with pytest.raises(CarrierRefused) as refused:
        await connect(base_url="http://127.0.0.1:9").place(REQUEST)
    assert refused.value.retryable


async def test_watching_tells_each_change_once_until_the_end(carrier: HttpCarrier, connect: Connect) -> None:
    carrier.answers = [
        (200, {"sid": "CA1", "status": "queued"}),
        (200, {"sid": "CA1", "status": "ringing"}),
        (200, {"sid": "CA1", "status": "ringing"}),
        (503, "try later"),
        None,
        (200, {"sid": "CA1", "status": "queued"}),
        (200, {"sid": "CA1", "status": "failed", "sip_response_code": 480, "q850_cause": 20, "to": REQUEST.to}),
    ]
    seen = await states(connect())
    assert [change.state for change in seen] == [CallState.QUEUED, CallState.RINGING, CallState.ENDED]
    assert (seen[-1].cause, seen[-1].sip_code, seen[-1].q850) == (LineCause.POWER_OFF, 480, 20)
    assert seen[-1].raw == {"status": "failed", "sip_response_code": "480", "q850_cause": "20"}


async def test_callbacks_tell_sooner_than_asking(carrier: HttpCarrier, connect: Connect) -> None:
    carrier.answers = [(200, {"sid": "CA1", "status": "queued"})]
    control = connect(poll_s=3600)
    watching = asyncio.ensure_future(states(control))
    async with asyncio.timeout(10):
        await carrier.changed.wait()
    for status in ("in-progress", "in-progress", "ringing"):  # sent again, and late
        control.on_status({"CallSid": "CA1", "CallStatus": status})
    control.on_status({"CallSid": "CA9", "CallStatus": "busy"})
    control.on_status({"CallSid": "CA1", "CallStatus": "nonsense"})
    control.on_status({"CallSid": "CA1", "CallStatus": "busy", "SipResponseCode": "486"})
    seen = await watching
    assert [change.state for change in seen] == [CallState.QUEUED, CallState.ANSWERED, CallState.ENDED]
    assert (seen[-1].cause, seen[-1].sip_code) == (LineCause.BUSY, 486)


@pytest.mark.parametrize(
    "answer", [(404, {"code": 20404}), (200, {"sid": "CA1", "status": "odd"}), (200, "[]")]
)
async def test_a_call_the_carrier_does_not_know_is_unknown(
    carrier: HttpCarrier, connect: Connect, answer: tuple[int, Any]
) -> None:
    carrier.answers = [answer]
    with pytest.raises(CarrierUnknown):
        await states(connect())


async def test_a_carrier_that_stays_silent_is_given_up(carrier: HttpCarrier, connect: Connect) -> None:
    carrier.answers = [(503, "")]
    with pytest.raises(CarrierUnknown, match="CA1"):
        await states(connect(give_up_s=0.0))


@pytest.mark.parametrize("answer", [(200, {"sid": "CA1", "status": "completed"}), (404, {"code": 20404})])
async def test_hanging_up_a_call_that_is_gone_is_fine(
    carrier: HttpCarrier, connect: Connect, answer: tuple[int, Any]
) -> None:
    carrier.answers = [answer]
    await connect().hang_up("CA1")
    assert carrier.asked[0].path == f"{CALLS}/CA1.json"
    assert carrier.asked[0].form == {"Status": ["completed"]}


@pytest.mark.parametrize("answer", [(500, ""), None])
async def test_a_hang_up_without_confirmation_is_said(
    carrier: HttpCarrier, connect: Connect, answer: tuple[int, Any] | None
) -> None:
    carrier.answers = [answer]
    with pytest.raises(CarrierUnknown, match="CA1"):
        await connect().hang_up("CA1")


async def test_reconciliation_finds_a_call_by_its_token(carrier: HttpCarrier, connect: Connect) -> None:
    carrier.answers = [(200, {"calls": [{"sid": "CA1", "status": "in-progress"}]}), (200, {"calls": []})]
    control = connect(finds_by_token=True)
    found = await control.find("tok&1")
    assert found is not None
    assert (found.sid, found.state) == ("CA1", CallState.ANSWERED)
    assert carrier.asked[0].query == {"Token": ["tok&1"]}
    assert await control.find("other") is None


async def test_a_carrier_that_cannot_search_is_not_asked(carrier: HttpCarrier, connect: Connect) -> None:
    assert await connect().find("tok") is None
    assert carrier.asked == []


@pytest.mark.parametrize("answer", [(500, ""), None, (200, "{}"), (200, {"calls": [{"sid": "CA1"}]})])
async def test_a_search_without_an_answer_is_not_a_no(
    carrier: HttpCarrier, connect: Connect, answer: tuple[int, Any] | None
) -> None:
    carrier.answers = [answer]
    with pytest.raises(CarrierUnknown):
        await connect(finds_by_token=True).find("tok")
