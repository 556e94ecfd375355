"""An agent's own telephone in the switch: independent callees and agents at the simulated carrier.

Every party has a pitch of its own, so that who hears whom is measured.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from numpy.typing import NDArray
from simulator_process import BASE, CALLEE, Running, finish, report_of, start
from virtual_carrier import LoudnessActivity, pieces

from asr_tts.audio import Audio
from callbot.conversation.line import HungUp, Played
from callbot.outreach.agent_phone import AgentPhone
from callbot.telephony.control import CallProgress, CallState, CarrierUnknown, DialRequest
from callbot.telephony.media_line import MediaLine
from callbot.telephony.media_server import MediaServer
from callbot.telephony.simulator.__main__ import ACCOUNT, AUTH_TOKEN
from callbot.telephony.simulator.recording import sha256_of, write_manifest, write_wav
from callbot.telephony.twilio import TwilioCodec
from callbot.telephony.twilio_rest import TwilioControl, status_url
from callbot.telephony.twilio_signature import is_signed
from handoff.bridge import Frame
from handoff.telephone import TelephoneFailed

CALLEE_HERTZ, AGENT_HERTZ, BOT_HERTZ = 500, 900, 1_400
TALKER, SHORT, DESK_PHONE, HASTY, BUSY, NOBODY, MISSING = (
    f"+86100{number}" for number in (
        "37214968", "41902753", "58361047", "66027185", "70418236", "82593614", "95137042",
    )
)  # fmt: skip
OURS = "+8610012748365"
WITHIN = 20.0
REPLY = """\
replies:
  - name: speaks
    when: at_answer
    say: [啊]
    then: {then}
"""


def write_people(root: Path) -> None:
    people: dict[str, tuple[str, str, int, int, str]] = {
        "talker": (TALKER, "answers", CALLEE_HERTZ, 60_000, "listen"),
        "short": (SHORT, "answers", CALLEE_HERTZ, 2_500, "hang_up"),
        "desk-phone": (DESK_PHONE, "answers", AGENT_HERTZ, 60_000, "listen"),
        "hasty": (HASTY, "answers", AGENT_HERTZ, 1_500, "hang_up"),
        "busy": (BUSY, "busy", 0, 0, ""),
        "nobody": (NOBODY, "no_answer", 0, 0, ""),
    }
    for name, (number, behaviour, hertz, ms, then) in people.items():
        folder = root / name
        folder.mkdir(parents=True)
        line = f"{{behaviour: {behaviour}{', ring_s: 0.1' if behaviour != 'no_answer' else ''}}}"
        replies = REPLY.format(then=then) if hertz else ""
        text = CALLEE.format(name=name, phone=number, line=line, replies=replies)
        (folder / "persona.yaml").write_text(text, encoding="utf-8")
        manifest = {}
        if hertz:
            write_wav(folder / "speaks-1.wav", pitched(hertz, ms))
            manifest["speaks-1.wav"] = {"text": "啊", "sha256": sha256_of(folder / "speaks-1.wav")}
        write_manifest(folder, manifest)


def pitched(hertz: int, ms: int) -> Frame:
    return (8_000 * np.sin(2 * np.pi * hertz * np.arange(ms * 8) / 8_000)).astype(np.int16)


def loudness_at(samples: NDArray[np.int16], hertz: int) -> float:
    """The loudest stretch of 100 ms at this pitch, as a share of what it would be if it were nothing else."""
    whole = len(samples) // 800 * 800
    if not whole:
        return 0.0
    parts = samples[:whole].reshape(-1, 800).astype(np.float64)
    turn = np.exp(-2j * np.pi * hertz * np.arange(800) / 8_000)
    return float(np.max(np.abs(parts @ turn)) / 400 / 8_000)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    people = tmp_path_factory.mktemp("people")
    write_people(people)
    running = start(people, tmp_path_factory.mktemp("heard"))
    yield running
    finish(running)


@dataclass
class Call:
    """One callee who talks to the bot, and how an agent's telephone is reached from there."""

    line: MediaLine
    phone: AgentPhone
    control: TwilioControl
    sid: str
    recording: Path
    simulator: Running
    statuses: list[bool]

    async def heard(self, sid: str) -> NDArray[np.int16]:
        """All that a telephone heard, once its call is over."""
        report = await report_of(self.simulator, sid)
        return channels(Path(report["heard_wav"]))[0]

    async def rooms(self) -> list[list[dict[str, Any]]]:
        async with self.simulator.client() as client:
            books: dict[str, list[dict[str, Any]]] = (await client.get("/report")).json()["rooms"]
        return [room for room in books.values() if any(one["sid"] == self.sid for one in room)]

    async def event(self, kind: type) -> Any:
        while not isinstance(event := await self.line.next_event(), kind):
            pass
        return event


def channels(path: Path) -> list[NDArray[np.int16]]:
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return [samples[at :: file.getnchannels()] for at in range(file.getnchannels())]


@asynccontextmanager
async def talking_to_the_bot(simulator: Running, place: Path, to: str = TALKER) -> AsyncIterator[Call]:
    """The callee has answered; the phone leg's status callbacks come over the media server, signed."""
    statuses: list[bool] = []

    def on_status(query: str, headers: Any) -> bool:
        url = f"{status_url(server.url)}?{query}"
        statuses.append(is_signed(AUTH_TOKEN, url, {}, headers.get("X-Twilio-Signature", "")))
        control.on_status(dict(parse_qsl(query)))
        return statuses[-1]

    server = MediaServer("127.0.0.1", 0, TwilioCodec(), LoudnessActivity(), max_calls=1, on_status=on_status)
    await server.start()
    control = TwilioControl(
        account=ACCOUNT,
        auth_token=AUTH_TOKEN,
        base_url=simulator.url,
        status_callback_url=status_url(server.url),
        poll_s=0.1,
    )
    token = f"token-{place.name}"
    try:
        async with asyncio.timeout(60):
            expected = server.expect(token, place / "call.wav")
            request = DialRequest(to=to, from_=OURS, media_url=server.url, token=token)
            sid = await control.place(request)
            line = await expected.line(WITHIN)
            phone = AgentPhone(control, line, server, media_url=server.url, from_number=OURS)
            yield Call(line, phone, control, sid, place / "call.wav", simulator, statuses)
            await phone.part()
            await control.hang_up(sid)
    finally:
        await server.aclose()
        await control.aclose()


async def until_heard(receive: Any, hertz: int) -> None:
    """Frames come until one is of this pitch."""
    kept = np.zeros(0, dtype=np.int16)
    while loudness_at(kept, hertz) < 0.5:
        frame = await receive()
        assert frame is not None, "it ended before"
        kept = np.concatenate((kept[-1_600:], frame))


async def test_both_hear_each_other_and_when_the_agent_hangs_up_the_bot_is_back(
    simulator: Running, tmp_path: Path
) -> None:
    async with talking_to_the_bot(simulator, tmp_path) as call:
        assert await call.phone.ring(HASTY, 5) == "answered"
        assert call.line.away is None, "the callee is still with the bot"
        end = call.line.bridge()
        listened: list[tuple[Frame, Frame]] = []
        stop = call.line.listen(lambda left, right: listened.append((left, right)))
        await call.phone.join()
        await until_heard(end.receive, CALLEE_HERTZ)
        await until_heard(call.phone.said, AGENT_HERTZ)
        while await call.phone.said() is not None:
            pass
        await call.phone.part()
        stop()
        call.line.unbridge()
        assert not call.line.over
        call.line.play("again", pieces(Audio(pitched(BOT_HERTZ, 400), 8_000)))
        assert (await call.event(Played)).finished
        await call.line.hang_up()
        await call.line.recorded()
        (room,) = await call.rooms()
        (agent,) = {one["sid"] for one in room} - {call.sid}
        callee_heard, agent_heard = await call.heard(call.sid), await call.heard(agent)
        assert min(loudness_at(callee_heard, AGENT_HERTZ), loudness_at(callee_heard, BOT_HERTZ)) > 0.5
        assert loudness_at(agent_heard, CALLEE_HERTZ) > 0.5
        assert loudness_at(agent_heard, BOT_HERTZ) < 0.05
        callee, other = channels(call.recording)
        assert loudness_at(callee, CALLEE_HERTZ) > 0.5
        assert min(loudness_at(other, AGENT_HERTZ), loudness_at(other, BOT_HERTZ)) > 0.5
        assert loudness_at(callee, AGENT_HERTZ) < 0.05
        left, right = (np.concatenate(side) for side in zip(*listened, strict=True))
        assert loudness_at(left, CALLEE_HERTZ) > 0.5
        assert loudness_at(right, AGENT_HERTZ) > 0.5
        assert [one["there"] for one in room] == [1, 2, 1, 0], (
            "the agent waited for the callee, never the reverse"
        )
        assert room[0]["sid"] == agent
        assert call.statuses
        assert all(call.statuses)


async def test_handed_back_the_telephone_is_hung_up_and_the_bot_talks(
    simulator: Running, tmp_path: Path
) -> None:
    async with talking_to_the_bot(simulator, tmp_path) as call:
        assert await call.phone.ring(DESK_PHONE, 5) == "answered"
        end = call.line.bridge()
        await call.phone.join()
        await until_heard(call.phone.said, AGENT_HERTZ)
        await call.phone.part()
        await until_heard(end.receive, CALLEE_HERTZ)
        call.line.unbridge()
        call.line.play("again", pieces(Audio(pitched(BOT_HERTZ, 400), 8_000)))
        assert (await call.event(Played)).finished
        (room,) = await call.rooms()
        assert room[-1]["there"] == 0


async def test_the_callee_hangs_up_in_the_room(simulator: Running, tmp_path: Path) -> None:
    async with talking_to_the_bot(simulator, tmp_path, to=SHORT) as call:
        assert await call.phone.ring(DESK_PHONE, 5) == "answered"
        end = call.line.bridge()
        await call.phone.join()
        while await end.receive() is not None:
            pass
        gone = await call.event(HungUp)
        assert (gone.by, gone.reason) == ("callee", "normal")
        await call.phone.part()
        (room,) = await call.rooms()
        assert room[-1]["there"] == 0


@pytest.mark.parametrize(
    ("number", "rang"),
    [(BUSY, "busy"), (NOBODY, "no_answer"), (MISSING, "failed"), ("sip:1001@pbx.internal", "failed")],
)
async def test_a_telephone_that_is_not_answered_leaves_the_callee_with_the_bot(
    simulator: Running, tmp_path: Path, number: str, rang: str
) -> None:
    async with talking_to_the_bot(simulator, tmp_path) as call:
        assert await call.phone.ring(number, 1) == rang
        with pytest.raises(TelephoneFailed):
            await call.phone.join()
        call.line.play("still", pieces(Audio(pitched(BOT_HERTZ, 200), 8_000)))
        assert (await call.event(Played)).finished
        assert await call.phone.ring(DESK_PHONE, 5) == "answered", "and another one can be rung"


async def test_nobody_wants_the_telephone_any_more_while_it_rings(simulator: Running, tmp_path: Path) -> None:
    async with talking_to_the_bot(simulator, tmp_path) as call:
        ringing = asyncio.create_task(call.phone.ring(NOBODY, 30))
        async with simulator.client() as client:
            while not (rung := await _calls_to(client, NOBODY, "ringing")):  # noqa: ASYNC110  over HTTP
                await asyncio.sleep(0.02)
            ringing.cancel()
            await asyncio.gather(ringing, return_exceptions=True)
            assert (await report_of(simulator, rung[0]))["status"] == "canceled"


async def test_a_telephone_that_hung_up_before_the_callee_came_brings_nobody_into_an_empty_room(
    simulator: Running, tmp_path: Path
) -> None:
    async with talking_to_the_bot(simulator, tmp_path) as call:
        assert await call.phone.ring(HASTY, 5) == "answered"
        while call.phone.up:  # noqa: ASYNC110  a test looks, nobody is told
            await asyncio.sleep(0.02)
        with pytest.raises(TelephoneFailed):
            await call.phone.join()
        await call.phone.part()
        assert not await call.rooms()
        call.line.play("still", pieces(Audio(pitched(BOT_HERTZ, 200), 8_000)))
        assert (await call.event(Played)).finished


async def test_a_carrier_that_answers_no_question_any_more_ends_no_conversation(
    simulator: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with talking_to_the_bot(simulator, tmp_path) as call:
        watch = call.control.watch

        async def falls_silent(sid: str) -> AsyncIterator[CallProgress]:
            async for progress in watch(sid):
                yield progress
                if progress.state is CallState.ANSWERED:
                    raise CarrierUnknown("the carrier says nothing")

        monkeypatch.setattr(call.control, "watch", falls_silent)
        assert await call.phone.ring(HASTY, 5) == "answered"
        call.line.bridge()
        await call.phone.join()
        await until_heard(call.phone.said, AGENT_HERTZ)
        while await call.phone.said() is not None:
            pass
        assert call.line.away is None, "the end of the room brought the callee back"
        await call.phone.part()
        assert not call.line.over


async def test_a_callee_whom_the_end_of_the_room_does_not_bring_back_is_fetched(
    simulator: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with talking_to_the_bot(simulator, tmp_path) as call:
        assert await call.phone.ring(DESK_PHONE, 5) == "answered"
        call.line.bridge()
        await call.phone.join()
        # the telephone's end is not told to the room: only new orders move the callee
        monkeypatch.setattr("callbot.outreach.agent_phone._BY_ITSELF_S", 0.2)
        monkeypatch.setattr("callbot.outreach.agent_phone.hang_up", _nothing)
        await call.phone.part()
        call.line.unbridge()
        call.line.play("again", pieces(Audio(pitched(BOT_HERTZ, 200), 8_000)))
        assert (await call.event(Played)).finished
        (room,) = await call.rooms()
        assert room[-1]["there"] == 0


async def _nothing(*_: object) -> None: ...


async def _calls_to(client: Any, number: str, status: str) -> list[str]:
    found = (await client.get(f"{BASE}/Calls.json", params={"To": number})).json()["calls"]
    return [call["sid"] for call in found if call["status"] == status]
