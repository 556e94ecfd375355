"""Opening the database for one command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callbot.settings import Settings, load_settings
from callbot.store.database import Database, sqlite_url


def database_url(settings: Settings) -> str:
    """The configured URL, or SQLite in the data directory."""
    return settings.store.url or sqlite_url(settings.data / "callbot.db")


@asynccontextmanager
async def opened() -> AsyncIterator[Database]:
    """The configured database, migrated."""
    settings = load_settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    db = Database(database_url(settings))
    try:
        await db.migrate()
        yield db
    finally:
        await db.aclose()
