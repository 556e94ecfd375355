"""`callbot serve` as its processes: calls over two of them, a human reached from one, and a clean end."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import soak_callees
import soak_receiver
from soak_world import Wish, World, carrier, launch, one_day, shift_to
from sqlmodel import select

from asr_tts.tones import tone
from callbot.app import open_database
from callbot.store.tables import Attempt, Transfer, Worker
from callbot.telephony.simulator.recording import write_manifest, write_wav

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real-calls")]

AGENT_SAYS = 40
"""The pitch of the agent's voice: no sentence of a callee has it, nor the bot."""


@contextmanager
def world(
    place: Path,
    count: int,
    mix: tuple[str, ...],
    *,
    prepare: Callable[[Path], None] = lambda callees: None,
    **more: str,
) -> Iterator[World]:
    """`prepare` puts further telephones beside the callees."""
    callees = soak_callees.make(place, count, 3, mix)
    prepare(callees.folder)
    with soak_receiver.listening() as receiver:
        made = World(
            wish=Wish(calls=count, kills=0, seed=3, lines=4),
            place=place,
            say=lambda _: None,
            rng=random.Random(3),
            callees=callees,
            receiver=receiver,
            more=more,
            shift_s=shift_to(0),
        )
        with carrier(made):
            try:
                yield made
            finally:
                made.end()


def loudness_at(path: Path, number: int) -> float:
    """The share of a recording's energy at the pitch of a sentence."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64)
    spectrum = np.square(np.abs(np.fft.rfft(samples)))
    hertz = np.fft.rfftfreq(len(samples), 1 / 8_000)
    near = np.abs(hertz - (500 + 50 * number)) < 10
    return float(spectrum[near].sum() / spectrum.sum())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def test_a_customer_of_a_media_process_talks_to_an_agent_at_the_desk(tmp_path: Path) -> None:
    desk = free_port()
    agents = [{"id": "lin", "name": "林顾问", "token": "agent-token", "skills": {"general": 3, "care": 3}}]
    with world(
        tmp_path,
        1,
        ("transferred",),
        CALLBOT_DESK__PORT=str(desk),
        CALLBOT_DESK__AGENTS=json.dumps(agents),
        CALLBOT_MEDIA__DRAIN_S="60",
    ) as one:
        (tmp_path / "voice").mkdir()
        for index in (1, 2, 3):
            write_wav(tmp_path / "voice" / f"{index}.wav", tone(AGENT_SAYS, seconds=1.0).samples)
        one.start()
        said(one, "坐席 ws://", times=1)
        agent = subprocess.Popen(
            [
                *(sys.executable, "-m", "handoff.simulated_agent", "--url", f"ws://127.0.0.1:{desk}/agent"),
                *("--voice-dir", str(tmp_path / "voice"), "--record-dir", str(tmp_path / "agent")),
            ],
            env=os.environ | {"HANDOFF_TOKEN": "agent-token"},
        )
        try:
            asyncio.run(transferred(one))
        finally:
            agent.kill()
            agent.wait()
        assert one.stop() == 130
        (heard,) = (tmp_path / "heard").glob("*.heard.wav")
        assert loudness_at(heard, AGENT_SAYS) > 0.05
        (kept,) = (tmp_path / "agent").glob("*.wav")
        assert loudness_at(kept, soak_callees.SENTENCES.index(soak_callees.WORDS["transferred"])) > 0.3


AGENTS_TELEPHONE = "+8610055527316"


def a_telephone(callees: Path) -> None:
    """Says its name, and when the customer has spoken, says goodbye and hangs up."""
    folder = callees / "agents-telephone"
    folder.mkdir()
    persona = {
        "persona": folder.name,
        "about": "坐席的电话",
        "customer": {
            "name": "林顾问",
            "phone": AGENTS_TELEPHONE,
            "industry": "ecommerce",
            "brand": "悦选商城",
            "consents": [
                {
                    "purpose": "marketing",
                    "granted": False,
                    "days_ago": 1,
                    "text_version": "1",
                    "channel": "app",
                    "evidence": "staff",
                }
            ],
        },
        "line": {"behaviour": "answers", "ring_s": 1.0},
        "manner": {"thinks_ms": [50, 150]},
        "replies": [
            {"name": "hello", "when": "at_answer", "say": ["喂"]},
            {"name": "hello-again", "when": {"turn": 1}, "say": ["您好"]},
            {"name": "bye", "when": {"turn": 2}, "say": ["再见"], "then": "hang_up"},
        ],
        "true_intention": {"outcome": "interested", "follow_up": "assign_agent_24h"},
    }
    (folder / "persona.yaml").write_text(json.dumps(persona, ensure_ascii=False), encoding="utf-8")
    says = {"hello-1.wav": "喂", "hello-again-1.wav": "您好", "bye-1.wav": "再见"}
    for wav in says:
        write_wav(folder / wav, tone(AGENT_SAYS, seconds=1.5).samples)
    write_manifest(folder, {wav: {"text": text} for wav, text in says.items()})


def test_a_customer_talks_to_an_agent_on_a_telephone_of_their_own(tmp_path: Path) -> None:
    desk = free_port()
    skills = {"general": 3, "care": 3}
    agents = [
        {"id": "lin", "name": "林顾问", "token": "agent-token", "skills": skills, "telephone": AGENTS_TELEPHONE}
    ]
    with world(
        tmp_path,
        1,
        ("transferred",),
        prepare=a_telephone,
        CALLBOT_DESK__PORT=str(desk),
        CALLBOT_DESK__AGENTS=json.dumps(agents),
        CALLBOT_MEDIA__DRAIN_S="60",
    ) as one:
        (tmp_path / "voice").mkdir()
        # what the screen's program says goes nowhere: its silence makes it wait for the telephone
        for index in (1, 2, 3, 4):
            write_wav(tmp_path / "voice" / f"{index}.wav", np.zeros(8_000, dtype=np.int16))
        one.start()
        said(one, "坐席 ws://", times=1)
        agent = subprocess.Popen(
            [
                *(sys.executable, "-m", "handoff.simulated_agent", "--url", f"ws://127.0.0.1:{desk}/agent"),
                *("--voice-dir", str(tmp_path / "voice"), "--record-dir", str(tmp_path / "agent")),
            ],
            env=os.environ | {"HANDOFF_TOKEN": "agent-token"},
        )
        try:
            asyncio.run(transferred(one))
        finally:
            agent.kill()
            agent.wait()
        assert one.stop() == 130
        customer = soak_callees.SENTENCES.index(soak_callees.WORDS["transferred"])
        pitches = [
            [loudness_at(heard, number) for number in (AGENT_SAYS, customer)]
            for heard in (tmp_path / "heard").glob("*.heard.wav")
        ]
        assert len(pitches) == 2, "the customer's telephone and the agent's"
        assert max(agent for agent, _ in pitches) > 0.05, "the customer heard the agent"
        assert max(heard for _, heard in pitches) > 0.3, "the agent heard the customer"
        (events,) = (one.settings.data / "events").glob("*.jsonl")
        names = [event["event"] for event in map(json.loads, events.read_text().splitlines())]
        assert names.index("bridged") < names.index("telephone-down") < names.index("unbridged")
        assert names.index("unbridged") < len(names) - 1 - names[::-1].index("play"), "the bot was there again"


def said(one: World, words: str, *, times: int) -> None:
    """Wait until the processes have said so."""
    log, deadline = one.place / "serve.log", time.monotonic() + 240
    while log.read_text().count(words) < times:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


async def transferred(one: World) -> None:
    async with open_database(one.settings) as db:
        await launch(one, db)
        await one_day(one, db, 0, ())
        async with db.read() as session:
            rows = (await session.exec(select(Attempt))).all()
            transfers = (await session.exec(select(Transfer))).all()
    assert [(row.state, row.agent_id) for row in transfers] == [("done", "lin")]
    assert [row.outcome for row in rows] == ["transferred"]


def test_two_media_processes_share_the_calls_and_one_that_dies_is_replaced(tmp_path: Path) -> None:
    with world(tmp_path, 12, ("refused", "considering")) as one:
        asyncio.run(_shared(one))


async def _shared(one: World) -> None:
    async with open_database(one.settings) as db:
        await launch(one, db)
        one.start()
        await one_day(one, db, 0, ())
        async with db.read() as session:
            rows = (await session.exec(select(Attempt).where(Attempt.state == "done"))).all()
            first = (await session.exec(select(Worker).where(Worker.media_url != ""))).all()
        assert len(rows) == 12
        assert {row.worker_id for row in rows} == {row.id for row in first}
        assert len({row.media_url for row in first}) == 2

        victim = one.media()[0]
        victim.kill()
        deadline = time.monotonic() + 120
        while True:
            assert time.monotonic() < deadline, (one.place / "serve.log").read_text()
            await asyncio.sleep(0.5)
            async with db.read() as session:
                workers = (await session.exec(select(Worker).where(Worker.media_url != ""))).all()
            if sum(row.state == "alive" for row in workers) == 2 and len(workers) == 3:
                break
        (dead,) = [row.id for row in workers if row.state == "dead"]
        assert f":{victim.pid}:" in dead
    assert one.stop() == 130
    assert one.media() == []


def test_media_processes_end_with_their_control_process(tmp_path: Path) -> None:
    with world(tmp_path, 1, ("busy",)) as one:
        one.start()
        said(one, "媒体进程就绪", times=2)
        orphans = one.media()
        assert len(orphans) == 2
        assert one.serve is not None
        one.serve.send_signal(signal.SIGKILL)
        _, left = psutil.wait_procs(orphans, timeout=60)
        assert left == []
