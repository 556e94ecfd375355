"""Work shared out to other processes, its results in order, with a bounded number of pieces under way."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from callbot.errors import CallbotError

T = TypeVar("T")
R = TypeVar("R")

_MOST = 4
_AHEAD = 2
"""Pieces that wait beyond those being worked on: what bounds the memory."""


def spare_cores() -> int:
    """Cores beside the one that stores, as far as they are of use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST, cores - 1)


class CrewLost(CallbotError):
    """A process that worked for this one has ended."""

    code = "crew-lost"
    retryable = True


async def in_order(
    pieces: AsyncIterator[T],
    work: Callable[[T], R],
    *,
    processes: int,
    begin: Callable[..., None],
    given: tuple[Any, ...],
) -> AsyncIterator[tuple[T, R]]:
    """Every piece with its result. `begin(*given)` runs once in each process before its first piece.

    Raises `CrewLost` when a process was killed.
    """
    loop = asyncio.get_running_loop()
    waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(begin, given)
    )
    try:
        more = True
        while True:
            while more and len(waiting) < processes + _AHEAD:
                try:
                    piece = await anext(pieces)
                except StopAsyncIteration:
                    more = False
                else:
                    waiting.append((piece, loop.run_in_executor(pool, work, piece)))
            if not waiting:
                return
            piece, result = waiting.popleft()
            yield piece, await result
    except BrokenProcessPool:
        raise CrewLost(
            "一个读取进程被系统终止，可能是内存不足 → 已处理的都已保存；关掉占内存的程序后继续"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    """A process leaves Ctrl-C to its parent, and ends when its parent was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="watch-parent", daemon=True).start()
    begin(*given)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
