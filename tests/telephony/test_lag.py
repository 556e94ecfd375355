"""How late a process is, and when that keeps it from taking more calls."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from handmade_carrier import call
from virtual_carrier import LoudnessActivity
from websockets.asyncio.client import connect

from callbot.telephony.lag import LATE_MS, Lag, Strain
from callbot.telephony.media_server import Full, MediaServer
from callbot.telephony.twilio import TwilioCodec


def test_percentiles_are_counted_by_the_millisecond() -> None:
    lag = Lag()
    assert lag.percentile_ms(99) == 0.0
    for ms in range(100):
        lag.add(ms / 1000 + 0.0002)
    lag.add(-0.5)
    lag.add(30.0)
    assert (lag.percentile_ms(50), lag.percentile_ms(95)) == (50.0, 96.0)
    assert lag.percentile_ms(100) == 1000.0
    assert (lag.count, lag.worst_ms) == (102, 30_000.0)


def test_strain_is_one_late_tick_in_a_hundred_and_passes() -> None:
    strain = Strain()
    late = (LATE_MS + 1) / 1000
    for _ in range(4):
        strain.add(late)
    assert not strain.overloaded
    strain.add(late)
    assert strain.overloaded
    for _ in range(500):
        strain.add(0.001)
    assert not strain.overloaded


async def test_a_process_that_runs_late_takes_no_more_calls() -> None:
    server = MediaServer("127.0.0.1", 0, TwilioCodec(), LoudnessActivity(), max_calls=20)
    await server.start()
    try:
        async with AsyncExitStack() as stack:
            lines = []
            for number in range(8):
                for _ in range(10):
                    server.ticker.strain.add(1.0)  # so few calls are not what makes it late
                socket = await stack.enter_async_context(connect(server.url))
                lines.append((await call(server, socket, f"call-{number}"))[1])
            with pytest.raises(Full, match=r"处理不过来.*media\.max_calls"):
                server.expect("one more")
            assert not any(line.over for line in lines)
    finally:
        await server.aclose()
