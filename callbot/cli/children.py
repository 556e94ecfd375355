"""Processes that one process keeps running: started again when they die, asked to end together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from uuid import uuid4

import structlog

from callbot.errors import CallbotError
from callbot.outreach.worker import worker_id

_log = structlog.get_logger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_SETTLED_S = 60.0
"""Whoever lived this long starts again without delay."""
_BAD_INPUT = 2
"""Exit status of a command that cannot do what it was asked for; it has said why."""


class ChildRefused(CallbotError):
    """A process ended at its first start because of its settings, and has said so."""

    code = "child-refused"


class Child:
    """One place among the processes: at most one process at a time fills it."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        on_death: Callable[[str], Awaitable[None]],
    ) -> None:
        """`command` are arguments of our own interpreter; `--boot ID` is added. `on_death` gets the worker id
        of a process that died without being asked to."""
        self._command = tuple(command)
        self._environment = dict(environment)
        self._on_death = on_death
        self._process: asyncio.subprocess.Process | None = None
        self._ending = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def keep(self) -> None:
        """Run it until `end`. Raises `ChildRefused` when its very first start is refused."""
        pause, first = _FIRST_PAUSE_S, True
        while not self._ending.is_set():
            boot, began = uuid4().hex, time.monotonic()
            # A session of its own: Ctrl-C reaches us alone. Its standard input ends with us, however we end.
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._command,
                "--boot",
                boot,
                stdin=asyncio.subprocess.PIPE,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
            if self._ending.is_set():
                self.signal()
            status = await process.wait()
            if self._ending.is_set():
                return
            if first and status == _BAD_INPUT:
                raise ChildRefused("媒体进程无法启动，原因见上")
            first = False
            _log.warning("media.died", pid=process.pid, status=status)
            await self._on_death(worker_id(process.pid, boot))
            pause = (
                _FIRST_PAUSE_S if time.monotonic() - began > _SETTLED_S else min(2 * pause, _LONGEST_PAUSE_S)
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ending.wait()

    def end(self) -> None:
        """Ask the process to end, for good; again: to end at once."""
        self._ending.set()
        self.signal()

    def signal(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
