"""The migrations make exactly the tables, can be walked back, and stand concurrent starts."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, inspect

from callbot.store import migrations
from callbot.store.database import Database
from callbot.store.tables import metadata


async def _run(database: Database, *steps: object) -> None:
    async with database._writer.begin() as connection:
        for step in steps:
            await connection.run_sync(step)  # type: ignore[arg-type]


async def _tables(database: Database) -> set[str]:
    def names(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    async with database._reader.connect() as connection:
        return await connection.run_sync(names)


async def test_up_check_down_up(empty_database: Database) -> None:
    everything = set(metadata.tables) | {"alembic_version"}
    await _run(empty_database, migrations.upgrade, migrations.check)
    assert await _tables(empty_database) == everything
    await _run(empty_database, migrations.downgrade)
    assert await _tables(empty_database) == {"alembic_version"}
    await _run(empty_database, migrations.upgrade, migrations.check)
    assert await _tables(empty_database) == everything


async def test_processes_that_start_together_migrate_once(empty_database: Database) -> None:
    await asyncio.gather(*(empty_database.migrate() for _ in range(3)))
    assert "customer" in await _tables(empty_database)


async def test_a_second_migration_changes_nothing(database: Database) -> None:
    await database.migrate()
    await _run(database, migrations.check)
