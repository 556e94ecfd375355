"""The soak in short: processes die while they call; nobody is called twice, forgotten or called after stop."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from soak_world import Wish, soak
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real-calls")]

SEED = 20261117


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of an empty database, empty for SQLite."""
    if request.param == "sqlite":
        yield ""
        return
    admin: str = request.getfixturevalue("postgres_url")
    name = f"soak_{uuid.uuid4().hex}"
    administer(admin, f"CREATE DATABASE {name}")
    yield make_url(admin).set(database=name).render_as_string(hide_password=False)
    administer(admin, f"DROP DATABASE {name} WITH (FORCE)")


def administer(url: str, statement: str) -> None:
    async def work() -> None:
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(work())


def test_killed_while_calling(database_url: str, tmp_path: Path) -> None:
    said: list[str] = []
    wish = Wish(calls=24, kills=3, seed=SEED, lines=8, database=database_url)
    verdict = soak(wish, tmp_path, said.append)
    report = f"seed {SEED}: {verdict.figures} {said}"
    assert verdict.wrong == [], report
    assert verdict.figures["kills of control"] + verdict.figures["kills of media"] == 3, report
    assert verdict.figures["dials at the carrier"] >= 24, report
