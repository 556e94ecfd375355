"""Blocks of a list read by other processes while this one stores what they return."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import TypeVar

from callbot.audience.crew import in_order, spare_cores
from callbot.audience.row_reading import COLUMNS, Portion, RowReader
from callbot.audience.sheet import Block, Sheet

T = TypeVar("T")

_WORTH_BYTES = 4 << 20
"""A smaller list is read before the first process has started."""


def crew_size(sheet: Sheet) -> int:
    """How many processes are worth starting for this list; 0 for a short one."""
    return 0 if sheet.path.stat().st_size < _WORTH_BYTES else spare_cores()


async def read_blocks(
    sheet: Sheet, reader: RowReader, blocks: Iterable[Block], *, processes: int
) -> AsyncIterator[tuple[Block, Portion]]:
    """Every block with what was read from it, in their order; 0 processes reads them here."""
    if processes == 0:
        for block in blocks:
            yield block, reader.portion(sheet.read(block))
        return
    bare = replace(sheet, columns=())  # columns hold closures, which cannot travel; the process has its own
    read = in_order(_each(blocks), _portion, processes=processes, begin=_begin, given=(bare, reader))
    async for block, portion in read:
        yield block, portion


async def _each(items: Iterable[T]) -> AsyncIterator[T]:
    for item in items:
        yield item


_work: list[tuple[Sheet, RowReader]] = []
"""What this process reads with; empty where no process was begun."""


def _begin(bare: Sheet, reader: RowReader) -> None:
    _work.append((replace(bare, columns=COLUMNS[reader.part]), reader))


def _portion(block: Block) -> Portion:
    sheet, reader = _work[0]
    return reader.portion(sheet.read(block))
