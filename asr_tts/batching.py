"""Requests that wait for a free engine are taken together.

Nobody waits for company: whoever comes while a worker is free goes at once and alone. What gathers while all
workers are busy goes to the next free one in one piece, the longest waiting first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request(Generic[Asked, Answer]):
    asked: Asked
    kind: Hashable
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batches(Generic[Asked, Answer]):
    """`run(several)` answers several requests in their order; at most `workers` runs at once, `size` in each.

    Only requests of one `kind` go together. When a run of several fails, each is asked again by itself, so that
    one bad request costs the others time, not their answer. Call from one event loop only.
    """

    def __init__(
        self, run: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, workers: int, size: int
    ) -> None:
        self._run = run
        self._free = workers
        self._size = size
        self._waiting: deque[_Request[Asked, Answer]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, asked: Asked, kind: Hashable = None) -> Answer:
        """The answer. Raises what `run` raises. Cancelling it while it waits costs nothing."""
        request: _Request[Asked, Answer] = _Request(asked=asked, kind=kind)
        self._waiting.append(request)
        self._start()
        return await request.answer

    def _start(self) -> None:
        while self._free and (batch := self._next()):
            self._free -= 1
            task = asyncio.create_task(self._work(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _next(self) -> list[_Request[Asked, Answer]]:
        """The longest waiting, and others of its kind. Whoever was cancelled is dropped."""
        alive = [request for request in self._waiting if not request.answer.done()]
        batch = [request for request in alive if request.kind == alive[0].kind][: self._size]
        self._waiting = deque(request for request in alive if request not in batch)
        return batch

    async def _work(self, batch: Sequence[_Request[Asked, Answer]]) -> None:
        try:
            await self._answered(batch)
        finally:
            self._free += 1
            self._start()

    async def _answered(self, batch: Sequence[_Request[Asked, Answer]]) -> None:
        try:
            answers = await self._run([request.asked for request in batch])
        except Exception as failure:
            if len(batch) == 1:
                if not batch[0].answer.done():
                    batch[0].answer.set_exception(failure)
                return
            for request in batch:
                if not request.answer.done():
                    await self._answered([request])
            return
        for request, answer in zip(batch, answers, strict=True):
            if not request.answer.done():
                request.answer.set_result(answer)
