"""A statement on SQLite costs one trip to the connection's thread, and answers as any other driver does."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from callbot.store import sqlite_driver
from callbot.store.database import Database


@pytest.fixture
async def trips(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What went to a connection's thread, by the name of the function that it ran."""
    async with sqlite_database.write() as session:
        await session.execute(text("CREATE TABLE word (id INTEGER PRIMARY KEY, said TEXT UNIQUE)"))
    made: list[str] = []
    send: Any = aiosqlite.Connection._execute

    async def counted(self: Any, work: Any, *args: Any, **kwargs: Any) -> Any:
        made.append(getattr(work, "__name__", ""))
        return await send(self, work, *args, **kwargs)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return made


async def test_each_statement_is_one_trip(sqlite_database: Database, trips: list[str]) -> None:
    async with sqlite_database.write() as session:
        del trips[:]
        await session.execute(text("INSERT INTO word (said) VALUES (:said)"), [{"said": "好"}, {"said": "嗯"}])
        changed: Any = await session.execute(text("UPDATE word SET said = said || '的' WHERE id < 9"))
        rows = (await session.execute(text("SELECT id, said FROM word ORDER BY id"))).mappings().all()
        assert len(trips) == 4, "BEGIN, which waits for the first statement, and three statements"
    assert changed.rowcount == 2
    assert [dict(row) for row in rows] == [{"id": 1, "said": "好的"}, {"id": 2, "said": "嗯的"}]


async def test_an_error_says_what_sqlite_said_and_leaves_nothing(
    sqlite_database: Database, trips: list[str]
) -> None:
    twice = [{"said": "好"}, {"said": "好"}]
    with pytest.raises(IntegrityError, match="UNIQUE"):
        async with sqlite_database.write() as session:
            await session.execute(text("INSERT INTO word (said) VALUES (:said)"), twice)
    async with sqlite_database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM word"))).scalar_one() == 0


async def test_who_asks_first_writes_first(sqlite_database: Database) -> None:
    wrote: list[int] = []

    async def write(number: int) -> None:
        async with sqlite_database.write() as session:
            await session.execute(text("SELECT 1"))
            await asyncio.sleep(0)
            wrote.append(number)

    await asyncio.gather(*(write(number) for number in range(12)))
    assert wrote == list(range(12))


async def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_itself(
    sqlite_database: Database,
) -> None:
    async with sqlite_database.write() as session:
        with pytest.raises(RuntimeError, match="wait for itself"):
            async with sqlite_database.write():
                raise AssertionError
        await session.execute(text("SELECT 1"))
    async with sqlite_database.write() as session:
        await session.execute(text("SELECT 1"))


async def test_who_is_cancelled_twice_in_a_statement_leaves_no_task_behind(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context["message"]))
    started, may_end = threading.Event(), threading.Event()

    def slow(connection: Any, *_: Any) -> None:
        started.set()
        may_end.wait(10)

    async def writing() -> None:
        async with sqlite_database.write() as session:
            await session.execute(text("SELECT 1"))
            monkeypatch.setattr(sqlite_driver, "_execute", slow)
            await session.execute(text("SELECT 2"))

    task = asyncio.create_task(writing())
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    may_end.set()
    monkeypatch.undo()
    async with sqlite_database.write() as session:
        await session.execute(text("SELECT 3"))
    await asyncio.sleep(0)
    gc.collect()
    assert wrong == []
