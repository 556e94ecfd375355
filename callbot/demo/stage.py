"""The other processes of a demo: the carrier with its callees, and the human agents."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from callbot.errors import BadInput, CallbotError

_START_S = 30.0


class StageFailed(CallbotError):
    """A process of the demo did not start."""

    code = "stage-failed"


@asynccontextmanager
async def carrier(personas: Sequence[Path], *, seed: int, record: Path) -> AsyncIterator[str]:
    """The simulated carrier; its HTTP address. Raises `BadInput` when it cannot use the personas."""
    record.mkdir(parents=True, exist_ok=True)
    command = ["-m", "callbot.telephony.simulator", "--port", "0", "--seed", str(seed), "--record", str(record)]
    command += ["--parent", str(os.getpid()), "--personas", *(str(path) for path in personas)]
    process = await _start(command)
    try:
        yield await _address(process)
    finally:
        await _end(process)


@asynccontextmanager
async def agent(url: str, token: str, *, voice: Path, record: Path) -> AsyncIterator[None]:
    """A simulated human agent who signs in at the desk."""
    record.mkdir(parents=True, exist_ok=True)
    command = ["-m", "handoff.simulated_agent", "--url", url, "--voice-dir", str(voice)]
    process = await _start([*command, "--record-dir", str(record)], HANDOFF_TOKEN=token)
    try:
        yield
    finally:
        await _end(process)


async def _start(command: Sequence[str], **environment: str) -> asyncio.subprocess.Process:
    # A session of its own: Ctrl-C reaches callbot alone, which ends its calls before the others leave.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
        start_new_session=True,
    )


async def _address(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None or process.stderr is None:
        raise StageFailed("模拟运营商没有输出，读不到它的地址 → 重新运行")
    try:
        async with asyncio.timeout(_START_S):
            line = (await process.stdout.readline()).decode()
    except TimeoutError:
        raise StageFailed(f"模拟运营商 {_START_S:.0f} 秒内没有启动 → 关掉占资源的程序后重新运行") from None
    for word in line.split():
        if word.startswith("http://"):
            return word
    complaint = (await process.stderr.read()).decode().strip()
    raise BadInput.one("模拟运营商", complaint or "一启动就结束了", "改正被叫人物的文件")


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(10):
            await process.communicate()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
