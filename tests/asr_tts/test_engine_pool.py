"""Engines in worker processes: results, failures, dead workers, shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from asr_tts.worker import EngineFailed, EnginePool


class Adder:
    """An engine that can also misbehave."""

    def __init__(self, base: int = 0, *, broken: bool = False) -> None:
        if broken:
            raise FileNotFoundError("model.bin is missing")
        self.base = base

    def add(self, number: int, *, times: int = 1) -> int:
        return self.base + number * times

    def pid(self) -> int:
        return os.getpid()

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def refuse(self) -> None:
        raise ValueError("eleven is not a colour")

    def wait_for(self, path: str) -> int:
        Path(f"{path}.begun").touch()
        while not Path(path).exists():
            time.sleep(0.01)
        return os.getpid()

    def interrupt(self) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "still here"


@pytest.fixture
async def pool() -> AsyncIterator[EnginePool]:
    pool = EnginePool(partial(Adder, 100))
    await pool.warm_up()
    yield pool
    await pool.aclose()


async def test_runs_in_another_process_and_keeps_its_engine(pool: EnginePool) -> None:
    assert await pool.run("add", 5, times=2) == 110
    first = await pool.run("pid")
    assert first != os.getpid()
    assert await pool.run("pid") == first
    assert await pool.run("interrupt") == "still here"


async def test_dead_worker_is_retryable_and_replaced(pool: EnginePool) -> None:
    before = await pool.run("pid")
    with pytest.raises(EngineFailed, match="died") as failure:
        await pool.run("die")
    assert failure.value.retryable
    assert await pool.run("pid") != before


async def test_engine_exception_is_told_and_the_worker_stays(pool: EnginePool) -> None:
    before = await pool.run("pid")
    with pytest.raises(EngineFailed, match="refuse: ValueError: eleven is not a colour") as failure:
        await pool.run("refuse")
    assert not failure.value.retryable
    assert await pool.run("pid") == before


async def test_a_cancelled_request_gives_its_worker_back(pool: EnginePool, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    held = asyncio.create_task(pool.run("wait_for", str(gate)))
    waiting = asyncio.create_task(pool.run("add", 1))
    await asyncio.sleep(0)
    held.cancel()
    waiting.cancel()
    gate.touch()
    assert await pool.run("add", 2) == 102


async def test_load_error_says_why() -> None:
    pool = EnginePool(partial(Adder, broken=True))
    with pytest.raises(EngineFailed, match=r"FileNotFoundError: model\.bin is missing"):
        await pool.warm_up()
    await pool.aclose()


async def test_overrun_worker_is_killed_and_replaced(tmp_path: Path) -> None:
    pool = EnginePool(Adder, deadline_s=5.0)
    await pool.warm_up()
    before = await pool.run("pid")
    pool._deadline_s = 0.2
    with pytest.raises(EngineFailed, match=r"no answer within 0\.2 s") as failure:
        await pool.run("wait_for", str(tmp_path / "never"))
    assert failure.value.retryable
    pool._deadline_s = 60.0
    assert await pool.run("pid") != before
    await pool.aclose()


async def test_closed_pool_refuses_even_those_who_wait(tmp_path: Path) -> None:
    pool = EnginePool(Adder)
    await pool.warm_up()
    gate = tmp_path / "open"
    running = asyncio.create_task(pool.run("wait_for", str(gate)))
    waiting = asyncio.create_task(pool.run("add", 1))
    async with asyncio.timeout(30):
        while not Path(f"{gate}.begun").exists():  # noqa: ASYNC110  the worker is another process
            await asyncio.sleep(0.01)
    closing = asyncio.create_task(pool.aclose())
    await asyncio.sleep(0)
    gate.touch()
    await closing
    assert isinstance(await running, int)
    with pytest.raises(EngineFailed, match="closed"):
        await waiting
    with pytest.raises(EngineFailed, match="closed"):
        await pool.run("add", 1)


ORPHANING = """
import asyncio, os, signal
from test_engine_pool import Adder
from asr_tts.worker import EnginePool

async def main():
    pool = EnginePool(Adder)
    print(await pool.run("pid"), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "orphaning.py"
    script.write_text(ORPHANING)
    here = Path(__file__).parent
    paths = os.pathsep.join((str(here), str(here.parents[1])))
    parent = subprocess.run(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(parent.stdout)).wait(timeout=30)


def test_pool_without_workers_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        EnginePool(Adder, 0)
