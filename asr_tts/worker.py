"""Engines in processes of their own, so that a model never holds up the media loop.

Each worker is one spawned process with one loaded engine. Workers are independent: a worker that dies takes
only its own request with it, and the next request finds a fresh one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import Any

_engine: object | None = None
_load_error: str = ""


class EngineFailed(Exception):
    """An engine did not answer; `retryable` says whether asking again can help."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class EnginePool:
    """Runs methods of an engine in `workers` spawned processes, each with one engine made by `factory`.

    `factory` must be picklable: a module-level class or function, or a `functools.partial` of one. Arguments
    and results travel by pickle. Call from one event loop only. A request beyond the number of workers waits;
    cancelling a waiting request costs nothing, cancelling a running one lets the worker finish and drops
    the result.
    """

    def __init__(
        self, factory: Callable[[], object], workers: int = 1, *, deadline_s: float | None = None
    ) -> None:
        """`deadline_s`: a request that runs longer has its worker killed and replaced; None waits for ever."""
        if workers < 1:
            raise ValueError(f"an engine pool needs at least one worker, not {workers}")
        self._deadline_s = deadline_s
        self._slots = [_Slot(factory) for _ in range(workers)]
        self._free: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        for slot in reversed(self._slots):
            self._free.put_nowait(slot)
        self._closed = False

    async def warm_up(self) -> None:
        """Start every worker and wait until its engine is loaded. Raises `EngineFailed`."""
        await asyncio.gather(*(self._loaded(slot) for slot in self._slots))

    async def run(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call `method` of a free engine and return its result. Raises `EngineFailed`.

        A worker that died or overran the deadline is retryable; an exception raised by the engine is not.
        """
        if self._closed:
            raise EngineFailed("the engine pool is closed", retryable=False)
        slot = await self._free.get()
        if self._closed:
            self._free.put_nowait(slot)
            raise EngineFailed("the engine pool is closed", retryable=False)
        try:
            future = slot.submit(_call, method, args, kwargs)
        except BaseException:
            self._free.put_nowait(slot)
            raise
        loop = asyncio.get_running_loop()

        def release(_: Future[Any]) -> None:
            # the loop may be gone when a worker ends during interpreter shutdown
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._free.put_nowait, slot)

        future.add_done_callback(release)
        return await self._answer(slot, future, method)

    async def aclose(self) -> None:
        """Refuse new requests, let running ones finish and end the processes."""
        self._closed = True
        await asyncio.gather(*(asyncio.to_thread(slot.shut_down) for slot in self._slots))
        # whoever still waits for a worker must learn that none will come
        for slot in self._slots:
            self._free.put_nowait(slot)

    async def _loaded(self, slot: _Slot) -> None:
        await self._answer(slot, slot.submit(_ready), "load")

    async def _answer(self, slot: _Slot, future: Future[Any], method: str) -> Any:
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await asyncio.wrap_future(future)
        except TimeoutError:
            slot.kill()
            raise EngineFailed(
                f"{method}: no answer within {self._deadline_s} s; the worker is replaced", retryable=True
            ) from None
        except BrokenProcessPool as broken:
            slot.renew()
            raise EngineFailed(
                f"{method}: the worker process died (often: out of memory); it is replaced", retryable=True
            ) from broken
        if isinstance(answer, _Raised):
            raise EngineFailed(f"{method}: {answer.message}", retryable=False)
        return answer


class _Slot:
    """Place of one worker process; the process in it may be replaced."""

    def __init__(self, factory: Callable[[], object]) -> None:
        self._factory = factory
        self._executor: ProcessPoolExecutor | None = None
        self._pid: Future[int] | None = None

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        try:
            return self._process().submit(function, *args)
        except BrokenProcessPool:
            # it died while idle: no request is lost, so nobody needs to hear of it
            self.renew()
            return self._process().submit(function, *args)

    def _process(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                max_workers=1,
                mp_context=get_context("spawn"),
                initializer=_load,
                initargs=(self._factory,),
            )
            self._pid = self._executor.submit(os.getpid)
        return self._executor

    def renew(self) -> None:
        """Forget a dead process; the next request starts another."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def kill(self) -> None:
        """End the process now, whatever it does."""
        if self._pid is not None and self._pid.done() and self._pid.exception() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid.result(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        self.renew()

    def shut_down(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


def _load(factory: Callable[[], object]) -> None:
    """Start of a worker. Ctrl-C belongs to the parent, which then closes the pool in order."""
    global _engine, _load_error
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _engine = factory()
    except Exception as raised:
        # an exception here would break the pool without saying why; every request reports it instead
        _load_error = f"{type(raised).__name__}: {raised}"


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@dataclass(frozen=True, slots=True)
class _Raised:
    """What went wrong in a worker, as text: not every exception survives pickle."""

    message: str


def _ready() -> _Raised | None:
    return _Raised(f"the engine could not be loaded: {_load_error}") if _engine is None else None


def _call(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if (unloaded := _ready()) is not None:
        return unloaded
    try:
        return getattr(_engine, method)(*args, **kwargs)
    except Exception as raised:
        return _Raised(f"{type(raised).__name__}: {raised}")
