"""The carrier reports on a call to the media process that placed it, beside its media socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from simulator_process import BUSY, DEADLINE_S, Running
from virtual_carrier import LoudnessActivity

from callbot.carrier import carrier_status
from callbot.settings import CarrierSettings, Settings
from callbot.telephony.control import CallState, DialRequest, LineCause
from callbot.telephony.media_server import MediaServer
from callbot.telephony.simulator.__main__ import ACCOUNT, AUTH_TOKEN
from callbot.telephony.twilio import TwilioCodec
from callbot.telephony.twilio_rest import TwilioControl, status_url


async def test_the_end_of_a_call_is_reported_and_not_asked_for(simulator: Running) -> None:
    settings = Settings(carrier=CarrierSettings(auth_token=AUTH_TOKEN))
    answers: list[bool] = []

    def on_status(query: str, headers: Mapping[str, str]) -> bool:
        answers.append(carrier_status(settings, control, server.url, query, headers))
        return answers[-1]

    server = MediaServer("127.0.0.1", 0, TwilioCodec(), LoudnessActivity(), 1, on_status=on_status)
    await server.start()
    control = TwilioControl(
        account=ACCOUNT,
        auth_token=AUTH_TOKEN,
        base_url=simulator.url,
        status_callback_url=status_url(server.url),
        poll_s=3600.0,
    )
    try:
        sid = await control.place(
            DialRequest(
                to=BUSY, from_="+8610000000000", media_url=server.url, token="reported", ring_timeout_s=15
            )
        )
        async with asyncio.timeout(DEADLINE_S):
            seen = [progress async for progress in control.watch(sid)]
        assert (seen[-1].state, seen[-1].cause) == (CallState.ENDED, LineCause.BUSY)
        assert set(answers) == {True}
    finally:
        await control.aclose()
        await server.aclose()


@pytest.mark.parametrize("listens", [False, True])
async def test_a_report_that_the_carrier_did_not_sign_is_refused(listens: bool) -> None:
    settings = Settings(carrier=CarrierSettings(auth_token=AUTH_TOKEN))
    control = TwilioControl(account=ACCOUNT, auth_token=AUTH_TOKEN)
    told: list[bool] = []

    def on_status(query: str, headers: Mapping[str, str]) -> bool:
        told.append(carrier_status(settings, control, server.url, query, headers))
        return told[-1]

    server = MediaServer(
        "127.0.0.1", 0, TwilioCodec(), LoudnessActivity(), 1, on_status=on_status if listens else None
    )
    await server.start()
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(
                f"{status_url(server.url)}?CallSid=CA1&CallStatus=completed",
                headers={"X-Twilio-Signature": "guessed"},
            )
        assert answer.status_code == 403
        assert told == ([False] if listens else [])
    finally:
        await control.aclose()
        await server.aclose()
