"""The simulated carrier's REST interface: orders, lines that fail, its books, its callbacks."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from simulator_process import (
    BASE,
    BUSY,
    DEADLINE_S,
    GONE,
    NOBODY,
    OFF,
    SLOW,
    TALKER,
    Running,
    ended,
    form,
    place,
)

from callbot.telephony.simulator.__main__ import ACCOUNT, AUTH_TOKEN
from callbot.telephony.simulator.signing import HEADER, sign


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
    ({"Twiml": "<Response><Dial><Conference>open</Conference></Dial></Response>"}, 400, 12100),
    ({"Twiml": '<Response><Start><Stream url="ws://x/"/></Start></Response>'}, 400, 12100),
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


async def test_only_a_call_in_progress_is_moved(simulator: Running) -> None:
    sid = await place(simulator, BUSY, "ws://127.0.0.1:9/media", "moved")
    twiml = form(BUSY, "ws://127.0.0.1:9/media", "moved")["Twiml"]
    await ended(simulator, sid)
    async with simulator.client() as client:
        answer = await client.post(f"{BASE}/Calls/{sid}.json", data={"Twiml": twiml})
    assert (answer.status_code, answer.json()["code"]) == (400, 21220)


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
