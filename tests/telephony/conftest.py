"""One simulator process for all tests of the room, and a media server for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from simulator_process import MediaServer, Running, finish, media_server, start, write_callees


@pytest.fixture(scope="session")
def simulated_callees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("callees")
    write_callees(root)
    return root


@pytest.fixture(scope="session")
def simulator(simulated_callees: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start(simulated_callees, tmp_path_factory.mktemp("heard"))
    yield running
    finish(running)


@pytest.fixture
async def media() -> AsyncIterator[MediaServer]:
    async with media_server() as server:
        yield server
