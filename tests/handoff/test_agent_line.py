"""Sound that comes too fast is shortened, never piled up."""

from __future__ import annotations

import asyncio

import numpy as np

from handoff.bridge import Frame
from handoff.frame_queue import FrameQueue


def frame(value: int) -> Frame:
    return np.full(160, value, dtype=np.int16)


async def drained(queue: FrameQueue) -> list[int]:
    queue.end()
    values = []
    while (taken := await queue.get()) is not None:
        values.append(int(taken[0]))
    return values


async def test_a_full_queue_drops_the_oldest_frames() -> None:
    queue = FrameQueue()
    for value in range(65):
        queue.put(frame(value))
    assert queue.dropped == 15
    assert await drained(queue) == list(range(15, 65))


async def test_who_waits_gets_the_next_frame_or_the_end() -> None:
    queue = FrameQueue()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.put(frame(3))
    taken = await waiting
    assert taken is not None
    assert int(taken[0]) == 3
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.end()
    assert await waiting is None
