"""SQLite's driver with one trip to the connection's thread for each statement.

SQLAlchemy's own adapter makes four: to open a cursor, to execute, to fetch and to close it. A transaction of a
few short statements spends most of its time, and of its hold on the write lock, on such trips.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What SQLite answered to a statement, beside the rows; nothing is open any more."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    arraysize: int = 1


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """Opens, executes, reads all rows and closes in one piece on the connection's thread."""

    __slots__ = ()
    _awaitable_cursor_close = False

    def _make_new_cursor(self, connection: Any) -> Any:
        return _Said()

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._send(_execute, operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._send(_execute_many, operation, seq_of_parameters)

    async def _send(self, work: Any, operation: str, parameters: Any) -> None:
        connection: Any = self._connection
        async with self._adapt_connection._execute_mutex:
            self._cursor, rows = await connection._execute(work, connection._conn, operation, parameters)
        self._rows = deque(rows)

    def close(self) -> None:
        self._rows.clear()


def _execute(connection: sqlite3.Connection, operation: str, parameters: Any) -> tuple[_Said, Sequence[Any]]:
    cursor = connection.execute(operation, parameters)
    try:
        rows = cursor.fetchall() if cursor.description else ()
        return _said(cursor), rows
    finally:
        cursor.close()


def _execute_many(
    connection: sqlite3.Connection, operation: str, parameters: Any
) -> tuple[_Said, Sequence[Any]]:
    cursor = connection.executemany(operation, parameters)
    try:
        return _said(cursor), ()
    finally:
        cursor.close()


def _said(cursor: sqlite3.Cursor) -> _Said:
    return _Said(description=cursor.description, rowcount=cursor.rowcount, lastrowid=cursor.lastrowid)


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = _Cursor

    async def _terminate_graceful_close(self) -> None:
        self._terminate_force_close()

    def _terminate_force_close(self) -> None:
        # aiosqlite's own close, cut short by a second cancellation, waits for ever for a thread that has ended;
        # and asked on the loop, its thread answers a loop that may be closed. From a thread it answers nobody.
        threading.Thread(target=self._connection.stop).start()


class OneTrip(AsyncAdapt_aiosqlite_dbapi):
    """The DBAPI to give `create_async_engine` as `module`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> _Connection:
        return _Connection(self, super().connect(*arg, **kw).driver_connection)
