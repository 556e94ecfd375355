"""How Alembic reaches the tables: on the connection it is handed, or on the configured database."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.sql.sqltypes import AutoString

from callbot.settings import Settings
from callbot.store.tables import metadata
from callbot.store.types import UtcDateTime


def _render(kind: str, thing: Any, _autogen: Any) -> str | Literal[False]:
    """Migrations name plain types, so that they stay true when our own types change."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, AutoString):
        return f"sa.String(length={thing.length})" if thing.length else "sa.String()"
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        render_item=_render,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _connect_and_run() -> None:
    settings = Settings()
    url = settings.store.url or f"sqlite+aiosqlite:///{settings.data / 'callbot.db'}"
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


handed: Connection | None = context.config.attributes.get("connection")
if handed is not None:
    _run(handed)
else:
    asyncio.run(_connect_and_run())
