"""A migrated SQLite database for each test, copied from one that was migrated once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from callbot.store.database import Database, sqlite_url


@asynccontextmanager
async def fresh_db(data: Path) -> AsyncIterator[Database]:
    """`callbot.db` in that directory, without a row."""
    if not _template().exists():
        made = Database(sqlite_url(_template()))
        await made.migrate()
        await made.aclose()
    shutil.copy(_template(), data / "callbot.db")
    db = Database(sqlite_url(data / "callbot.db"))
    try:
        yield db
    finally:
        await db.aclose()


@cache
def _template() -> Path:
    return Path(tempfile.mkdtemp()) / "callbot.db"
