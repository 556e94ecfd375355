"""The stand-in: what it says when, and a whole transfer with it at a real desk."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from handoff.agent_script import FRAME, AgentScript, ScriptOptions
from handoff.bridge import Frame
from handoff.brief import BriefTurn, make_brief
from handoff.desk import Placed
from handoff.live_desk import LiveDesk
from handoff.offer import TransferOffer
from handoff.server import AgentIdentity, DeskServer
from handoff.simulated_agent import (
    BadRecording,
    SimulatedAgent,
    SimulatedAgentOptions,
    form_from,
    main,
    read_lines,
)
from handoff.testing import MemoryDeskStore

LOUD = np.full(FRAME, 3_000, dtype=np.int16)
QUIET = np.zeros(FRAME, dtype=np.int16)
SCRIPT = ScriptOptions(speech_frames=3, pause_frames=4, patience_frames=20)
OFFER = TransferOffer(
    id="o1",
    call_id="call-1",
    customer_id="c1",
    reason="complaint",
    skill="complaint",
    priority=1,
    brief=make_brief(
        reason="complaint",
        customer_name="王女士",
        turns=[BriefTurn(speaker="callee", text="空调一直没人来装", start_ms=0, end_ms=1_000)],
        offers_allowed=["免费延保一年"],
    ),
)


def recording(level: int, frames: float) -> Frame:
    return np.full(round(FRAME * frames), level, dtype=np.int16)


def write(file: Path, samples: Frame, *, rate: int = 8_000) -> None:
    with wave.open(str(file), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())


def said(script: AgentScript, heard: Sequence[Frame | None]) -> list[int | None]:
    """Level of each frame sent; None where the agent hangs up."""
    return [None if frame is None else int(frame[0]) for frame in map(script.tick, heard)]


def test_greets_at_once_and_answers_after_speech_and_pause() -> None:
    script = AgentScript([recording(11, 2), recording(22, 1.5), recording(33, 1)], SCRIPT)
    assert said(script, [QUIET, QUIET]) == [11, 11]
    assert said(script, [LOUD] * 3 + [QUIET] * 3) == [0] * 6
    assert said(script, [QUIET, QUIET]) == [22, 22]
    assert said(script, [LOUD] * 3 + [QUIET] * 4) == [0] * 6 + [33]
    assert said(script, [QUIET]) == [None]
    assert script.lines_said == 3


def test_a_click_is_not_an_answer_and_patience_ends() -> None:
    script = AgentScript([recording(11, 1), recording(22, 1)], SCRIPT)
    assert said(script, [QUIET]) == [11]
    assert said(script, [LOUD] + [None] * 19) == [0] * 20
    assert said(script, [None]) == [22]


def test_a_customer_who_keeps_talking_is_not_interrupted() -> None:
    script = AgentScript([recording(11, 1), recording(22, 1)], SCRIPT)
    assert said(script, [QUIET] + [LOUD, LOUD, QUIET] * 40) == [11] + [0] * 120


def test_the_form_follows_the_brief() -> None:
    form = form_from(OFFER)
    assert form.outcome == "complaint_taken"
    assert "空调一直没人来装" in form.note
    assert "免费延保一年" in form.note
    assert form.promise == "24 小时内专人答复"


def test_recordings_are_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name, level in (("02-bye.wav", 2), ("01-hello.wav", 1)):
        write(tmp_path / name, recording(level, 1))
    assert [int(line[0]) for line in read_lines(tmp_path)] == [1, 2]


def test_unusable_recordings_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="no wav files"):
        read_lines(tmp_path)
    write(tmp_path / "hello.wav", recording(1, 1), rate=16_000)
    with pytest.raises(BadRecording, match=r"hello\.wav: 1 channels, 16 bit, 16000 Hz; save it as mono"):
        read_lines(tmp_path)
    (tmp_path / "hello.wav").write_bytes(b"MP3")
    with pytest.raises(BadRecording, match=r"hello\.wav: not a PCM wav file"):
        read_lines(tmp_path)


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--url", "ws://127.0.0.1:9/agent", "--token", "t", "--voice-dir", str(tmp_path)])
    assert "no wav files" in capsys.readouterr().err


class Callee:
    """Answers each line of the agent: listens to its end, speaks, pauses."""

    def __init__(self) -> None:
        self._speech: asyncio.Queue[Frame | None] = asyncio.Queue()
        self.heard: list[int] = []

    async def receive(self) -> Frame | None:
        await asyncio.sleep(0.02)  # the clock of a telephone
        return await self._speech.get()

    async def send(self, frame: Frame) -> None:
        level = int(frame[0])
        if level and level not in self.heard:
            self.heard.append(level)
            for part in [LOUD] * 5 + [QUIET] * 5:
                self._speech.put_nowait(part)


@pytest.fixture
async def server() -> AsyncIterator[DeskServer]:
    async def authenticate(token: str) -> AgentIdentity | None:
        return AgentIdentity(id="lin", name="小林", skills={"complaint": 3}) if token == "t-lin" else None

    async with DeskServer("127.0.0.1", 0, MemoryDeskStore(), authenticate) as server:
        yield server


async def test_a_whole_transfer(server: DeskServer, tmp_path: Path) -> None:
    agent = SimulatedAgent(
        server.url,
        "t-lin",
        [recording(11, 6), recording(22, 6), recording(33, 6)],
        SimulatedAgentOptions(accept_after_s=0, record_dir=tmp_path, script=SCRIPT),
    )
    desk = LiveDesk(server)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(agent.run(calls=1))
        await agent.available.wait()
        placed = await desk.place(OFFER)
        assert isinstance(placed, Placed)
        callee = Callee()
        bridged = await desk.bridge(placed, callee)
        form = await desk.wrap_up(placed, timeout_s=10)
    assert bridged.ended_by == "agent"
    assert callee.heard == [11, 22, 33]
    assert form == form_from(OFFER) == agent.forms["o1"]
    with wave.open(str(tmp_path / "o1.wav"), "rb") as recorded:
        heard = np.frombuffer(recorded.readframes(recorded.getnframes()), dtype="<i2")
    assert int(heard.max()) == 3_000


async def test_an_unknown_token_ends_the_stand_in(server: DeskServer) -> None:
    agent = SimulatedAgent(server.url, "t-wrong", [recording(11, 1)])
    with pytest.raises(Exception, match="4401"):
        await agent.run(calls=1)
