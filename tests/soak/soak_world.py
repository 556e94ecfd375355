"""The product's own processes under a killer: carrier and receiver live on, everything else may die."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import soak_callees
import soak_receiver
from soak_verdict import Verdict, judge
from sqlalchemy import func
from sqlmodel import col, select

from callbot.app import build_clock, open_database, open_vault
from callbot.audience.importing import import_base
from callbot.clock import Clock
from callbot.demo.persona_list import write_lists
from callbot.outreach import batch as batches
from callbot.settings import CarrierSettings, Settings, StoreSettings
from callbot.store.customers import CustomerFilter, list_customers
from callbot.store.database import Database
from callbot.store.tables import Attempt, BatchMember, JournalRow, Outbox, OutboxDelivery, Worker

_MORNING = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
_STILL_S = 90.0
"""Nothing moved for so long: something is stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One soak."""

    calls: int
    kills: int
    seed: int
    days: int = 2
    """On the second day those who were interrupted are tried again."""
    lines: int = 8
    media: int = 2
    database: str = ""
    """URL of an empty database; empty: SQLite."""


@dataclass(slots=True)
class World:
    wish: Wish
    place: Path
    say: Callable[[str], None]
    rng: random.Random
    callees: soak_callees.Callees
    receiver: soak_receiver.Receiver
    carrier: str = ""
    shift_s: float = 0.0
    serve: subprocess.Popen[bytes] | None = None
    killed: list[str] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)
    """Further settings, as environment variables."""

    @property
    def settings(self) -> Settings:
        """As the processes see them, for reading along."""
        return Settings(
            data=self.place / "var",
            store=StoreSettings(url=self.wish.database),
            carrier=CarrierSettings(base_url=self.carrier, clock_shift_s=self.shift_s),
        )

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOT_")}
        webhook = {
            "name": "soak",
            "url": self.receiver.url,
            "secret": "soak-secret-of-no-use",
            "allow_private": True,
        }
        return kept | {
            "CALLBOT_DATA": str(self.place / "var"),
            "CALLBOT_STORE__URL": self.wish.database,
            "CALLBOT_CARRIER__BASE_URL": self.carrier,
            "CALLBOT_CARRIER__CLOCK_SHIFT_S": str(self.shift_s),
            "CALLBOT_CARRIER__FROM_NUMBER": "+8610000000000",
            "CALLBOT_CARRIER__RING_TIMEOUT_S": "15",
            "CALLBOT_MODELS__RECOGNISER": "tones",
            "CALLBOT_MODELS__VOICE": "tones",
            "CALLBOT_MODELS__TONES": str(self.callees.sentences),
            "CALLBOT_MEDIA__PORT": "0",
            "CALLBOT_MEDIA__MAX_CALLS": str(self.wish.lines),
            "CALLBOT_MEDIA__END_OF_TURN_MS": "300",
            "CALLBOT_MEDIA__DEAD_AFTER_S": "8",
            "CALLBOT_MEDIA__DRAIN_S": "20",
            "CALLBOT_DESK__PORT": "0",
            "CALLBOT_WEB__PORT": "0",
            "CALLBOT_WEBHOOKS": json.dumps([webhook]),
            **self.more,
        }

    # The processes

    def start(self) -> None:
        """`callbot serve`, in a session of its own."""
        log = (self.place / "serve.log").open("ab")
        self.serve = subprocess.Popen(
            [sys.executable, "-m", "callbot", "serve", "--media", str(self.wish.media)],
            cwd=self.place,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()

    def stop(self) -> int:
        """Ctrl-C and wait for a clean end; the exit status."""
        assert self.serve is not None
        self.serve.send_signal(signal.SIGINT)
        try:
            return self.serve.wait(timeout=90)
        finally:
            self.end()

    def end(self) -> None:
        """Nobody is left behind, whatever happened."""
        for process in self.media():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self.serve is not None:
            self.serve.kill()
            self.serve.wait()

    def media(self) -> list[psutil.Process]:
        """Media processes of this soak, orphans too."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            if "media" in (process.info["cmdline"] or ()):
                with suppress(psutil.Error):
                    if process.environ().get("CALLBOT_DATA") == str(self.place / "var"):
                        found.append(process)
        return found

    def kill(self, aim: int | None) -> None:
        """SIGKILL for one of them; a dead control process is started again, as a service manager would.

        `aim` is the media process that is in the midst of something.
        """
        assert self.serve is not None
        control = aim is None and self.rng.random() < 0.5
        victims = [] if control else psutil.Process(self.serve.pid).children()
        if victims:
            aimed = [process for process in victims if process.pid == aim]
            victim = self.rng.choice(aimed or sorted(victims, key=lambda process: process.pid))
            victim.kill()
            self.killed.append("media")
        else:
            self.serve.kill()
            self.serve.wait()
            self.killed.append("control")
            time.sleep(self.rng.uniform(0.0, 2.0))
            self.start()
        self.say(f"  kill -9 {len(self.killed)}: {self.killed[-1]}")

    def books(self) -> dict[str, Any]:
        answer = httpx.get(f"{self.carrier}/report", trust_env=False, timeout=30)
        report: dict[str, Any] = answer.raise_for_status().json()
        return report


@contextmanager
def carrier(world: World) -> Iterator[None]:
    """The simulated carrier, which keeps the books."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "callbot.telephony.simulator", "--port", "0"),
            *("--seed", str(world.wish.seed), "--parent", str(os.getpid())),
            *("--personas", str(world.callees.folder), "--record", str(world.place / "heard")),
        ],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        world.carrier = next(word for word in line.split() if word.startswith("http://"))
        yield
    finally:
        process.terminate()
        process.communicate(timeout=60)


def soak(wish: Wish, place: Path, say: Callable[[str], None]) -> Verdict:
    """Run it; what was found. Raises `AssertionError` when it gets stuck."""
    callees = soak_callees.make(place, wish.calls, wish.seed)
    with soak_receiver.listening() as receiver:
        world = World(
            wish=wish, place=place, say=say, rng=random.Random(wish.seed), callees=callees, receiver=receiver
        )
        with carrier(world):
            try:
                return asyncio.run(_soak(world))
            finally:
                world.end()


async def _soak(world: World) -> Verdict:
    wish, began = world.wish, time.monotonic()
    world.shift_s = shift_to(day=0)
    async with open_database(world.settings) as db:
        vault = open_vault(world.settings)
        await launch(world, db)
        for day in range(wish.days):
            world.shift_s = shift_to(day)
            world.start()
            first = -(-wish.kills * 2 // 3) if wish.days > 1 else wish.kills  # most people are called first
            share = range(first) if day == 0 else range(first, wish.kills)
            await one_day(world, db, day, share)
            status = world.stop()
            world.say(f"day {day + 1} over after {time.monotonic() - began:.0f} s, serve ended with {status}")
            assert status == 130, (world.place / "serve.log").read_text()
        # What was written while serve was being stopped leaves at its next start.
        while any(await _left(db, build_clock(world.settings))):
            world.start()
            await one_day(world, db, wish.days, ())
            world.stop()
        verdict = await judge(db, vault, world.books(), world.receiver.bodies, world.callees.kinds)
    for victim in ("control", "media"):
        verdict.figures[f"kills of {victim}"] = world.killed.count(victim)
    verdict.figures["seconds"] = round(time.monotonic() - began)
    return verdict


def shift_to(day: int) -> float:
    """Seconds from now to ten in the morning of a Tuesday in China, and so many days after it."""
    return (_MORNING + timedelta(days=day) - datetime.now(UTC)).total_seconds()


async def launch(world: World, db: Database) -> None:
    """Import the callees as customers and launch a batch of all of them."""
    clock = build_clock(world.settings)
    write_lists(world.callees.personas, world.place / "lists")
    vault = open_vault(world.settings)
    report = await import_base(db, vault, world.place / "lists", clock.now(), rejects=world.place / "rejected")
    assert not report.problems, report.problems
    async with db.read() as session:
        found = await list_customers(session, CustomerFilter(), limit=10_000)
    assert len(found) == len(world.callees.personas)
    batch_id = await batches.create(
        db,
        vault,
        batches.NewBatch(
            name="soak",
            flow="winback",
            customer_ids=[customer.id for customer in found],
            lines=world.wish.lines,
            hold_out_percent=0,
            # So many callees who say stop would rightly open the circuit breaker.
            policy={"breaker": {"min_sample": 1000}},
        ),
        clock.now(),
    )
    await batches.launch(db, batch_id, clock.now())


async def one_day(world: World, db: Database, day: int, kills: Sequence[int]) -> None:
    """Until nobody is left for today and every message has arrived."""
    clock = build_clock(world.settings)
    pending, next_kill_at = list(kills), 0
    moved, state = time.monotonic(), None
    dialled_before = sum(world.books()["dials_by_token"].values())
    todo = await _due(db, clock)
    while True:
        now = (await _due(db, clock), *await _left(db, clock), len(world.killed))
        if now != state:
            moved, state = time.monotonic(), now
        stuck = time.monotonic() - moved > _STILL_S
        assert not stuck, (now, (world.place / "serve.log").read_text()[-3000:])
        assert world.serve is not None
        assert world.serve.poll() is None, (world.place / "serve.log").read_text()[-3000:]
        if pending:
            dialled = sum(world.books()["dials_by_token"].values()) - dialled_before
            share = (len(kills) - len(pending)) * todo * 0.8 / len(kills)
            if dialled > share and dialled >= next_kill_at and await _talking(db):
                await asyncio.sleep(world.rng.uniform(0.0, 3.0))
                world.kill(await _written_down(db) if world.rng.random() < 0.4 else None)
                pending.pop()
                next_kill_at = dialled + 1
                continue
            if not any(now[:3]):
                world.kill(None)  # nobody is left to call; what is left of the day's work must survive it too
                pending.pop()
        elif not any(now[:3]):
            return
        await asyncio.sleep(0.25)


async def _due(db: Database, clock: Clock) -> int:
    """Who is still to be called today: members nobody looked at, and rows that are due."""
    async with db.read() as session:
        members = await session.exec(
            select(func.count()).select_from(BatchMember).where(col(BatchMember.state) == "ready")
        )
        rows = await session.exec(
            select(func.count())
            .select_from(Attempt)
            .where(col(Attempt.state) == "queued", col(Attempt.due_at) <= clock.now())
        )
        return members.one() + rows.one()


async def _left(db: Database, clock: Clock) -> tuple[int, int]:
    """Calls that have not ended, and messages that have not arrived."""
    async with db.read() as session:
        open_rows = await session.exec(
            select(func.count()).select_from(Attempt).where(col(Attempt.state).in_(("dialing", "in_call")))
        )
        fresh = await session.exec(select(func.count()).select_from(Outbox).where(col(Outbox.state) == "new"))
        waiting = await session.exec(
            select(func.count()).select_from(OutboxDelivery).where(col(OutboxDelivery.state) == "pending")
        )
        return open_rows.one(), fresh.one() + waiting.one()


async def _written_down(db: Database) -> int | None:
    """The media process in whose call something was written down; None when in no call for a while."""
    for _ in range(100):
        async with db.read() as session:
            found = await session.exec(
                select(Attempt.worker_id)
                .join(JournalRow, col(JournalRow.attempt_id) == col(Attempt.id))
                .where(col(Attempt.state) == "in_call")
                .limit(1)
            )
            worker = found.first()
        if worker is not None:
            return int(worker.split(":")[1])
        await asyncio.sleep(0.05)
    return None


async def _talking(db: Database) -> bool:
    """Two media processes live and somebody is on the line."""
    async with db.read() as session:
        workers = await session.exec(
            select(func.count())
            .select_from(Worker)
            .where(col(Worker.state) == "alive", col(Worker.media_url) != "")
        )
        calls = await session.exec(
            select(func.count()).select_from(Attempt).where(col(Attempt.state).in_(("dialing", "in_call")))
        )
        return workers.one() >= 1 and calls.one() >= 1
