"""One synthesis with any number of listeners, who all hear it from its beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.resample import resample
from asr_tts.voice import VoiceFailed


class SharedSynthesis:
    """Follows `source` in a task of its own, at 8 kHz, and ends early when the last listener has left."""

    def __init__(
        self, source: AsyncIterator[Audio], when_whole: Callable[[list[Audio]], Awaitable[None]], *, live: bool
    ) -> None:
        """`when_whole` is given all the pieces once the source has ended without error."""
        self.live = live
        self.superseded = False
        self._pieces: list[Audio] = []
        self._spoken = False
        self._failure: Exception | None = None
        self._stopping = False
        self._news = asyncio.Event()
        self._listeners = 0
        self._when_whole = when_whole
        self._task = asyncio.create_task(self._follow(source))
        # not in `_follow`: a task cancelled before its first step never runs
        self._task.add_done_callback(self._over)

    @property
    def complete(self) -> bool:
        """Is there nothing left to wait for?"""
        return self._spoken and self._failure is None

    @property
    def joinable(self) -> bool:
        """May another listener still join?"""
        return not self._stopping and self._failure is None

    def on_end(self, call: Callable[[], None]) -> None:
        """Have `call` called when it is over, however it ends."""
        self._task.add_done_callback(lambda _: call())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keeps the synthesis going for the block."""
        self._listeners += 1
        try:
            yield
        finally:
            self._listeners -= 1
            if self._listeners == 0 and not self._spoken:
                self._cancel()

    async def pieces(self) -> AsyncIterator[Audio]:
        """All pieces, the ones made already at once. Raises `VoiceFailed`."""
        heard = 0
        while True:
            while heard < len(self._pieces):
                heard += 1
                yield self._pieces[heard - 1]
            if self._spoken:
                self._raise_failure()
                return
            await self._news.wait()

    async def whole(self) -> None:
        """Wait for the end, `when_whole` included. Raises `VoiceFailed`; returns early when `superseded`."""
        await asyncio.wait([self._task])
        if not self.superseded:
            self._raise_failure()

    def supersede(self) -> None:
        """Stop because another synthesis of the same text has taken over."""
        self.superseded = True
        self._cancel()

    async def stop(self) -> None:
        """Stop for good: listeners get `VoiceFailed`, but what is whole is still given to `when_whole`."""
        if not self._spoken:
            self._cancel()
        await asyncio.wait([self._task])

    async def _follow(self, source: AsyncIterator[Audio]) -> None:
        try:
            async for audio in source:
                self._pieces.append(resample(audio, LINE_RATE))
                self._tell()
            self._spoken = True
            self._tell()
            await self._when_whole(self._pieces)
        except Exception as failure:
            self._failure = failure

    def _over(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._failure = VoiceFailed("the voice was stopped", retryable=False)
        self._spoken = True
        self._tell()

    def _cancel(self) -> None:
        self._stopping = True
        self._task.cancel()

    def _tell(self) -> None:
        self._news.set()
        if not self._spoken:
            self._news = asyncio.Event()

    def _raise_failure(self) -> None:
        if isinstance(self._failure, VoiceFailed):
            # one exception for each listener: a shared one would collect all their tracebacks
            raise VoiceFailed(str(self._failure), retryable=self._failure.retryable) from self._failure
        if self._failure is not None:
            raise self._failure
