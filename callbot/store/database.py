"""The database: one engine that writes, one that only reads, and the migrations."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import URL, NullPool, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.asyncio import AsyncSession as SqlAlchemySession
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.errors import BadInput, CallbotError
from callbot.store.migrations import upgrade
from callbot.store.sqlite_driver import OneTrip

_CURE = (
    "在 callbot.toml 的 [store] 里写 url，例如 postgresql+asyncpg://user:password@host/callbot；"
    "用 SQLite 就留空"
)
_ELSEWHERE = "换一个文件夹：CALLBOT_DATA=…"
_BUSY_TIMEOUT_MS = 10_000
_FRESH_S = 1.0
"""So long after its last use a connection is taken to live."""


class DatabaseUnreachable(CallbotError):
    """The database does not answer or refuses us."""

    code = "database-unreachable"
    retryable = True


class Session(AsyncSession):
    """A session with both styles: `exec`, typed by the table, and SQLAlchemy's own `execute`."""

    execute = SqlAlchemySession.execute  # SQLModel's warns on every call


class Database:
    """SQLite or PostgreSQL by URL.

    On SQLite a write transaction takes the write lock when it begins: a deferred one that reads first and
    writes later fails or loses updates under concurrent writers.
    """

    def __init__(self, url: str) -> None:
        """`url` is `sqlite:///path`, `postgresql://…`, or the same with `+aiosqlite` or `+asyncpg`.

        Raises `BadInput` for an unusable URL or an unwritable directory. Connects to nothing yet.
        """
        self.url = _checked(url)
        self._writer = _engine(self.url, begin="BEGIN IMMEDIATE", read_only=False)
        self._reader = _engine(self.url, begin="BEGIN", read_only=True)
        self._turn = asyncio.Lock() if self.is_sqlite else nullcontext()
        """SQLite's own waiting sleeps and is not fair; here the first who asks is the next to write."""
        self._writing: asyncio.Task[Any] | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """One transaction: commits at the end of the block, rolls back when it raises.

        No network or model call belongs inside: SQLite has one writer at a time. Raises `RuntimeError` inside
        another write of the same task on SQLite, which would wait for itself.
        """
        task = asyncio.current_task()
        if self._writing is task and task is not None:
            raise RuntimeError("a write transaction inside another one of the same task would wait for itself")
        async with (
            self._turn,
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            self._writing = task if self.is_sqlite else None
            try:
                yield session
            finally:
                self._writing = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """One consistent view of the data; a write in it is refused by the database."""
        async with Session(self._reader, expire_on_commit=False) as session, session.begin():
            yield session

    async def migrate(self) -> None:
        """Bring the tables to the newest version; safe when several processes start at once.

        Raises `DatabaseUnreachable`.
        """
        engine = _engine(self.url, begin="BEGIN IMMEDIATE", read_only=False, foreign_keys=False, pooled=False)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(upgrade)
        except (OSError, DBAPIError) as error:
            raise DatabaseUnreachable(
                f"{self.url.render_as_string()}: {_reason(error)} → 确认数据库在运行，并且这个用户可以建表"
            ) from error
        finally:
            await engine.dispose()

    async def aclose(self) -> None:
        await asyncio.gather(self._writer.dispose(), self._reader.dispose())


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite+aiosqlite:///{path}"


def _reason(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _checked(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise BadInput.one("store.url", "不是数据库地址", _CURE) from None
    drivers = {
        "sqlite": "sqlite+aiosqlite",
        "sqlite+aiosqlite": "sqlite+aiosqlite",
        "postgres": "postgresql+asyncpg",
        "postgresql": "postgresql+asyncpg",
        "postgresql+asyncpg": "postgresql+asyncpg",
    }
    if url.drivername not in drivers:
        raise BadInput.one("store.url", f"不支持 {url.drivername}", _CURE)
    url = url.set(drivername=drivers[url.drivername])
    if url.get_backend_name() == "sqlite":
        _check_file(url)
    return url


def _check_file(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise BadInput.one(
            "store.url",
            "内存里的 SQLite 无法供多处读写",
            "写一个文件：sqlite:///var/callbot.db",
        )
    file = Path(url.database).expanduser().absolute()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput.one(str(file.parent), f"建不了这个文件夹（{error.strerror}）", _ELSEWHERE) from None
    target = file if file.exists() else file.parent
    if file.is_dir() or not os.access(target, os.W_OK):
        what = "是文件夹" if file.is_dir() else "不可写"
        raise BadInput.one(str(target), f"{what}，数据库不能放在这里", _ELSEWHERE)


def _engine(
    url: URL, *, begin: str, read_only: bool, foreign_keys: bool = True, pooled: bool = True
) -> AsyncEngine:
    options: dict[str, Any] = {"json_serializer": lambda value: json.dumps(value, ensure_ascii=False)}
    if url.get_backend_name() == "sqlite":
        options["module"] = OneTrip()
    if not pooled:
        options["poolclass"] = NullPool
    if read_only and url.get_backend_name() == "postgresql":
        options["execution_options"] = {"postgresql_readonly": True}
    engine = create_async_engine(url, **options)
    if url.get_backend_name() == "sqlite":
        _tune_sqlite(engine, begin, read_only=read_only, foreign_keys=foreign_keys)
    else:
        _ping_idle(engine)
    return engine


def _ping_idle(engine: AsyncEngine) -> None:
    """Ask a connection that lay idle whether it still lives; one used just now is spared the trips."""

    @event.listens_for(engine.sync_engine, "checkin")
    def _given_back(_connection: Any, record: Any) -> None:
        record.info["given_back"] = monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def _taken(connection: Any, record: Any, _proxy: Any) -> None:
        now = monotonic()
        if now - record.info.get("given_back", now) > _FRESH_S:
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:
                raise InvalidatePoolError from error


def _tune_sqlite(engine: AsyncEngine, begin: str, *, read_only: bool, foreign_keys: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would be deferred
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)
