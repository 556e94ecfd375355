"""The durable engine on both databases: once by id, later, on a schedule, and again after a crash."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callbot.engine import dbos_engine
from callbot.engine.dbos_engine import DbosEngine, dbos_url
from callbot.engine.port import Job, UnknownHandler
from callbot.engine.schedule import Schedule
from callbot.store.database import Database
from callbot.store.migrations import check

PROGRAM = Path(__file__).with_name("engine_process.py")


@pytest.fixture
def url(empty_database: Database, tmp_path: Path) -> str:
    return dbos_url(empty_database.url.render_as_string(hide_password=False), tmp_path)


class Seen:
    """A handler that keeps what it was given."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.changed = asyncio.Condition()

    async def __call__(self, job: Job) -> None:
        async with self.changed:
            self.jobs.append(job)
            self.changed.notify_all()
        if job.argument.get("fail"):
            raise ValueError("on purpose")

    async def until(self, reached: Callable[[list[Job]], bool]) -> None:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: reached(self.jobs))


async def test_a_job_runs_once_by_its_id_and_later_when_it_shall(url: str, empty_database: Database) -> None:
    seen = Seen()
    async with DbosEngine(url, executor="one", handlers={"note": seen}) as engine:
        await engine.run_later("later", "note", timedelta(seconds=1), {"who": "丙"})
        await engine.run_once("same", "note", {"who": "甲"})
        await engine.run_once("same", "note", {"who": "乙"})
        await engine.run_once("fails", "note", {"fail": True})
        await seen.until(lambda jobs: len(jobs) == 3)
        assert Counter(job.id for job in seen.jobs) == Counter(["same", "later", "fails"])
        by_id = {job.id: job for job in seen.jobs}
        assert by_id["same"].argument == {"who": "甲"}
        assert by_id["later"].due <= datetime.now(UTC), "not before its time"
        assert seen.jobs[-1].id == "later"
    again = Seen()
    async with DbosEngine(url, executor="two", handlers={"note": again}) as engine:
        await engine.run_once("same", "note")
        await engine.run_once("fails", "note")
        await engine.run_once("new", "note")
        await again.until(lambda jobs: any(job.id == "new" for job in jobs))
        assert [job.id for job in again.jobs] == ["new"], "what ended does not run in the next process"
        assert await engine.forget(datetime.now(UTC) + timedelta(minutes=1)) >= 3
        await engine.run_once("same", "note")
        await again.until(lambda jobs: any(job.id == "same" for job in jobs))
    await empty_database.migrate()  # what the engine keeps beside the tables is not in their way
    async with empty_database._writer.begin() as connection:
        await connection.run_sync(check)


async def test_a_job_without_a_handler_is_refused(tmp_path: Path) -> None:
    url = dbos_url("sqlite:///x", tmp_path)
    async with DbosEngine(url, executor="one", handlers={}) as engine:
        with pytest.raises(UnknownHandler, match="no handler `nobody`"):
            await engine.run_once("a", "nobody")
    with pytest.raises(UnknownHandler):
        await DbosEngine(
            url, executor="one", handlers={}, schedules=[Schedule(name="s", cron="* * * * * *", handler="x")]
        ).__aenter__()
    async with DbosEngine(url, executor="one", handlers={}):
        pass  # a failed start leaves nothing behind that hinders the next


async def test_the_file_is_in_wal_and_nothing_is_left_running(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    async with DbosEngine(dbos_url("sqlite:///x", tmp_path), executor="one", handlers={}):
        pass
    assert await asyncio.to_thread(lambda: 1) == 1, "the loop's threads work after the engine ended"
    left = {thread for thread in threading.enumerate() if thread not in before and "dbos" in thread.name}
    assert left == set()
    with sqlite3.connect(tmp_path / "callbot-dbos.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_a_schedule_that_is_not_wanted_any_more_ends_and_a_changed_one_changes(tmp_path: Path) -> None:
    url, seen, later = dbos_url("sqlite:///x", tmp_path), Seen(), Seen()
    rare = Schedule(name="changed", cron="0 0 0 1 1 *", handler="note")
    gone = Schedule(name="gone", cron="* * * * * *", handler="note")
    async with DbosEngine(url, executor="one", handlers={"note": seen}, schedules=[rare, gone]):
        await seen.until(lambda jobs: len(jobs) >= 1)
    assert all(job.id.startswith("sched-gone-") for job in seen.jobs)
    often = Schedule(name="changed", cron="* * * * * *", handler="note")
    async with DbosEngine(url, executor="two", handlers={"note": later}, schedules=[often]):
        await later.until(lambda jobs: sum("changed" in job.id for job in jobs) >= 2)
    started = max(job.due for job in later.jobs if "changed" in job.id)
    assert [job for job in later.jobs if "gone" in job.id and job.due >= started] == []


async def test_a_job_that_does_not_end_with_its_process_is_cut_and_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbos_engine, "_DRAIN_S", 0.05)
    url, begun, cut, ended = dbos_url("sqlite:///x", tmp_path), asyncio.Event(), False, asyncio.Event()

    async def hangs(_job: Job) -> None:
        nonlocal cut
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut = True

    async with DbosEngine(url, executor="one", handlers={"work": hangs}) as engine:
        await engine.run_once("job", "work")
        await begun.wait()
    assert cut

    async def ends(_job: Job) -> None:
        ended.set()

    async with DbosEngine(url, executor="two", handlers={"work": ends}) as engine:
        assert await engine.recover(living=set()) == 1
        async with asyncio.timeout(30):
            await ended.wait()


@asynccontextmanager
async def process(url: str, executor: str, directory: Path, *jobs: str) -> AsyncIterator[Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), url, executor, str(directory), *jobs, stdin=PIPE, stdout=PIPE
    )
    try:
        assert started.stdout is not None
        assert await started.stdout.readline() == b"ready\n"
        yield started
    finally:
        if started.returncode is None:
            assert started.stdin is not None
            started.stdin.close()
        await started.wait()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not reached():  # noqa: ASYNC110 (the other side is a process)
            await asyncio.sleep(0.05)


def runs(directory: Path, beginning: str) -> list[tuple[str, str]]:
    """(job, executor) of each run."""
    found = (path.name.split(" ") for path in directory.iterdir() if path.name.startswith(beginning))
    return sorted((name, executor) for name, executor, _ in found)


async def test_two_processes_run_each_tick_and_each_job_once_and_one_continues_for_the_other(
    url: str, tmp_path: Path
) -> None:
    """The first process dies with kill -9 in the middle of a job; the second finishes it."""
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "hold").touch()
    jobs = [f"job-{index}" for index in range(20)]
    async with process(url, "first", marks, "long") as first:
        await until(lambda: bool(runs(marks, "long")))
        seen = Seen()

        async def note(job: Job) -> None:
            (marks / f"{job.id.replace(':', '.')} second {len(seen.jobs)}").touch()
            await seen(job)

        tick = Schedule(name="tick", cron="* * * * * *", handler="note")
        async with DbosEngine(url, executor="second", handlers={"note": note}, schedules=[tick]) as engine:
            for job in jobs:
                await engine.run_once(job, "note")
            await until(lambda: len(runs(marks, "job-")) >= 20 and len(runs(marks, "sched-tick")) >= 4)
            assert await engine.recover(living={"first"}) == 0, "who lives keeps his work"
            first.send_signal(signal.SIGKILL)
            await first.wait()
            assert runs(marks, "long") == [("long", "first")]
            assert await engine.recover(living=set()) >= 1
            await until(lambda: ("long", "second") in runs(marks, "long"))
            assert await engine.recover(living=set()) == 0
    assert max(Counter(name for name, _ in runs(marks, "job-")).values()) == 1
    ticks = [name for name, _ in runs(marks, "sched-tick")]
    # A tick that the killed process had begun may run again; every other ran once.
    again = [name for name, count in Counter(ticks).items() if count > 1]
    assert len(again) <= 1
    assert len(runs(marks, "long")) == 2
