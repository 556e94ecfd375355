"""Requests that wait for a busy engine go together, and fail apart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from asr_tts.batching import Batches


class Engine:
    """Runs end when they are told to; what was taken together is noted."""

    def __init__(self) -> None:
        self.taken: list[list[int]] = []
        self.may_end = asyncio.Event()
        self.open = 0
        self.most = 0

    async def run(self, several: Sequence[int]) -> list[int]:
        self.taken.append(list(several))
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await self.may_end.wait()
        finally:
            self.open -= 1
        if 13 in several:
            raise ValueError("thirteen")
        return [10 * one for one in several]


def asking(batches: Batches[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(batches.ask(number, kind=number >= 100)) for number in numbers]


async def settled() -> None:
    """Every task has gone as far as it can without the engine."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_comes_to_a_free_engine_goes_alone_and_the_waiting_go_together() -> None:
    engine = Engine()
    tasks = asking(Batches(engine.run, workers=1, size=3), 1, 2, 3, 4, 5)
    await settled()
    assert engine.taken == [[1]]
    engine.may_end.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40, 50]
    assert engine.taken == [[1], [2, 3, 4], [5]]
    assert engine.most == 1


async def test_only_one_kind_goes_together_and_nobody_is_overtaken_twice() -> None:
    engine = Engine()
    tasks = asking(Batches(engine.run, workers=1, size=4), 1, 100, 2, 101, 3)
    engine.may_end.set()
    assert await asyncio.gather(*tasks) == [10, 1000, 20, 1010, 30]
    assert engine.taken == [[1], [100, 101], [2, 3]]


async def test_every_worker_is_used() -> None:
    engine = Engine()
    tasks = asking(Batches(engine.run, workers=2, size=8), 1, 2, 3, 4)
    await settled()
    assert engine.taken == [[1], [2]]
    engine.may_end.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40]
    assert engine.most == 2


async def test_one_bad_request_costs_the_others_no_answer() -> None:
    engine = Engine()
    tasks = asking(Batches(engine.run, workers=1, size=4), 1, 2, 13, 3)
    engine.may_end.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answers[0], answers[1], answers[3]] == [10, 20, 30]
    assert isinstance(answers[2], ValueError)


async def test_who_gave_up_waiting_is_not_worked_for() -> None:
    engine = Engine()
    tasks = asking(Batches(engine.run, workers=1, size=1), 1, 2, 3)
    await settled()
    tasks[1].cancel()
    await settled()
    engine.may_end.set()
    assert await tasks[0] == 10
    assert await tasks[2] == 30
    assert engine.taken == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]


async def test_who_gives_up_while_it_runs_leaves_the_others_their_answers() -> None:
    engine = Engine()
    tasks = asking(Batches(engine.run, workers=1, size=2), 1, 2, 3)
    await settled()
    tasks[0].cancel()
    await settled()
    engine.may_end.set()
    assert await asyncio.gather(*tasks[1:]) == [20, 30]
