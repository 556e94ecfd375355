"""Sixty calls over real websockets through the composition root: tasks and file handles as before."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
from datetime import date
from pathlib import Path

import numpy as np
import psutil
from websockets.asyncio.client import connect

from asr_tts.g711 import encode_ulaw
from asr_tts.testing import FakeRecognizer, FakeVoiceActivity
from asr_tts.testing_voice import FakeVoice
from asr_tts.voice_cache import CachedVoice
from callbot.clock import SystemClock
from callbot.conversation.event_log import EventLog
from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.flow_loader import load_flow
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.result import CallResult
from callbot.media import build_call
from callbot.minds import Minds
from callbot.resources import folder
from callbot.speech import Speech
from callbot.telephony.media_server import MediaServer
from callbot.telephony.twilio import TwilioCodec
from callbot.testing import FakeReader, FakeWriter, MemoryJournal
from handoff.testing import FakeDesk

WAVES, CALLS = 3, 20
WITHIN = 20.0
FLOW = load_flow(folder("dialog_flows") / "winback" / "ecommerce.yaml")
VOICE = (8_000 * np.sin(np.arange(8_000) * 0.3)).astype(np.int16)


def plan(number: int) -> CallPlan:
    return CallPlan(
        call_id=f"call-{number}",
        attempt_id=f"attempt-{number}",
        person=Person(
            customer_id="c1",
            name="王芳",
            salutation="王女士",
            industry="电商",
            brand="悦选商城",
            facts=(),
            reason="自然流失",
            strategy="优惠补偿",
        ),
        offers=(
            Offer(
                code="OLD8",
                version=1,
                title="老客户专属八折券",
                discount_percent=20,
                valid_until=date(2026, 11, 30),
                stock=100,
            ),
        ),
        opener=Opener(text="王女士您好，想跟您做个回访。", writer="test/1"),
        flow=FLOW,
    )


class House:
    """Media server and minds of a process."""

    def __init__(self, data: Path) -> None:
        speech = Speech(
            recognizer=FakeRecognizer(),
            voice=CachedVoice(FakeVoice(), data / "voices"),
            voice_activity=FakeVoiceActivity(),
        )
        self.minds = Minds(speech=speech, reader=FakeReader({}), writer=FakeWriter())
        self.media = MediaServer("127.0.0.1", 0, TwilioCodec(), speech.voice_activity, CALLS)
        self._data = data

    async def call(self, number: int) -> CallResult:
        """One call from the reserved slot to its result and its recording."""
        expected = self.media.expect(f"token-{number}", self._data / f"{number}.wav")
        carrier = asyncio.create_task(self._carrier(number))
        line = await expected.line(WITHIN)
        with EventLog(self._data / f"{number}.jsonl") as log:
            session = build_call(
                plan(number),
                line=line,
                minds=self.minds,
                desk=FakeDesk(),
                journal=MemoryJournal(),
                log=log,
                clock=SystemClock(),
                options=SessionOptions(),
            )
            result = await session.run()
        await line.recorded()
        await carrier
        return result

    async def _carrier(self, number: int) -> None:
        """A callee who talks into the disclosure and hangs up; every third one drops the socket instead."""
        async with connect(self.media.url) as socket:
            start = {
                "streamSid": "MZ1",
                "callSid": f"CA{number}",
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
                "customParameters": {"token": f"token-{number}"},
            }
            await socket.send(json.dumps({"event": "start", "streamSid": "MZ1", "start": start}))
            sound = encode_ulaw(VOICE)
            for at in range(0, len(sound), 160):
                payload = base64.b64encode(sound[at : at + 160]).decode()
                body = {"track": "inbound", "timestamp": str(at // 8), "payload": payload}
                await socket.send(json.dumps({"event": "media", "media": body}))
            await socket.recv()
            if number % 3 == 0:
                socket.transport.abort()
            else:
                await socket.send('{"event":"stop","stop":{}}')
                await socket.wait_closed()


async def left_over(tasks: set[asyncio.Task[object]]) -> set[asyncio.Task[object]]:
    """Tasks that were not there before and do not end by themselves."""
    new = asyncio.all_tasks() - tasks
    return set() if not new else (await asyncio.wait(new, timeout=WITHIN))[1]


async def test_sixty_calls_leave_no_task_and_no_file_open(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.media.start()
    try:
        tasks = asyncio.all_tasks()
        async with asyncio.timeout(WITHIN):
            await house.call(0)
        assert await left_over(tasks) == set()
        gc.collect()
        files = psutil.Process().num_fds()
        results: list[CallResult] = []
        for wave in range(WAVES):
            numbers = range(1 + wave * CALLS, 1 + (wave + 1) * CALLS)
            async with asyncio.timeout(WITHIN):
                results += await asyncio.gather(*(house.call(number) for number in numbers))
        assert await left_over(tasks) == set()
        gc.collect()
        assert house.media.calls == 0
        assert psutil.Process().num_fds() == files
    finally:
        await house.media.aclose()
        await house.minds.aclose()
    assert len(results) == WAVES * CALLS
    assert {result.ended_by for result in results} == {"callee", "carrier"}
    assert len(list(tmp_path.glob("*.wav"))) == len(list(tmp_path.glob("*.jsonl"))) == 1 + WAVES * CALLS
