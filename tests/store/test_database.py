"""Transactions hold under concurrency, and an unusable database says what to do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from callbot.errors import BadInput
from callbot.store.database import Database, DatabaseUnreachable
from callbot.store.tables import Batch, Outbox

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


async def test_concurrent_read_modify_write_loses_no_update(sqlite_database: Database) -> None:
    """Eight tasks add one twenty times each; on SQLite only BEGIN IMMEDIATE keeps all of them."""
    async with sqlite_database.write() as session:
        session.add(Batch(id="counter", name="n", flow="f", lines=0, created_at=NOW))

    async def add(times: int) -> None:
        for _ in range(times):
            async with sqlite_database.write() as session:
                row = (await session.exec(select(Batch).where(col(Batch.id) == "counter"))).one()
                row.lines += 1
                session.add(row)

    await asyncio.gather(*(add(20) for _ in range(8)))
    async with sqlite_database.read() as session:
        assert (await session.exec(select(Batch.lines))).one() == 160


async def test_a_failing_block_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as session:
            session.add(Outbox(idempotency_key="k", kind="n", created_at=NOW))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.read() as session:
        assert (await session.exec(select(Outbox))).all() == []


async def test_a_reader_cannot_write(database: Database) -> None:
    async def write() -> None:
        async with database.read() as session:
            session.add(Outbox(idempotency_key="k", kind="n", created_at=NOW))

    with pytest.raises(DBAPIError):
        await write()


async def test_times_come_back_in_utc(database: Database) -> None:
    async with database.write() as session:
        session.add(Outbox(idempotency_key="k", kind="n", created_at=NOW))
    async with database.read() as session:
        row = (await session.exec(select(Outbox))).one()
    assert row.created_at == NOW
    assert row.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://root@localhost/callbot", "mysql"),
        ("callbot.db", "不是数据库地址"),
        ("sqlite://", "内存"),
        ("sqlite:////proc/callbot/callbot.db", "建不了这个文件夹"),
    ],
)
def test_an_unusable_url_names_the_problem_and_the_cure(url: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint) as caught:
        Database(url)
    assert caught.value.problems[0].cure


def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="是文件夹"):
        Database(f"sqlite:///{tmp_path}")


async def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    database = Database(f"postgresql://callbot:hidden@/callbot?host={tmp_path}")
    with pytest.raises(DatabaseUnreachable) as caught:
        await database.migrate()
    assert "hidden" not in str(caught.value)
    assert "→" in str(caught.value)


async def test_a_file_that_is_not_a_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "callbot.db"
    file.write_text("name,phone\n" * 200)
    with pytest.raises(DatabaseUnreachable, match="not a database"):
        await Database(f"sqlite:///{file}").migrate()
