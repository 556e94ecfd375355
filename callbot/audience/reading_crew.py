"""Blocks of a list read by other processes while this one stores what they return."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context, parent_process

from callbot.audience.row_reading import COLUMNS, Portion, RowReader
from callbot.audience.sheet import Block, Sheet

WORTH_BYTES = 4 << 20
"""A smaller list is read before the first process has started."""
_MOST = 4
_AHEAD = 2
"""Blocks that wait beyond those being read: what bounds the memory."""


def crew_size(sheet: Sheet) -> int:
    """How many processes are worth starting for this list: all cores but one; 0 for a short list."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if sheet.path.stat().st_size < WORTH_BYTES or cores < 2 else min(_MOST, cores - 1)


async def read_blocks(
    sheet: Sheet, reader: RowReader, blocks: Iterable[Block], *, processes: int
) -> AsyncIterator[tuple[Block, Portion]]:
    """Every block with what was read from it, in their order; 0 processes reads them here."""
    if processes == 0:
        for block in blocks:
            yield block, reader.portion(sheet.read(block))
        return
    bare = replace(sheet, columns=())  # columns hold closures, which cannot travel; the process has its own
    loop = asyncio.get_running_loop()
    waiting: deque[tuple[Block, asyncio.Future[Portion]]] = deque()
    source = iter(blocks)
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(bare, reader)
    ) as pool:
        try:
            while True:
                while len(waiting) < processes + _AHEAD and (block := next(source, None)) is not None:
                    waiting.append((block, loop.run_in_executor(pool, _portion, block)))
                if not waiting:
                    return
                block, portion = waiting.popleft()
                yield block, await portion
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_work: list[tuple[Sheet, RowReader]] = []


def _begin(bare: Sheet, reader: RowReader) -> None:
    """Runs once in each process. It leaves Ctrl-C to its parent, and ends when its parent was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="watch-parent", daemon=True).start()
    _work.append((replace(bare, columns=COLUMNS[reader.part]), reader))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _portion(block: Block) -> Portion:
    sheet, reader = _work[0]
    return reader.portion(sheet.read(block))
