"""People on the line go before work done ahead of time."""

from __future__ import annotations

import asyncio

import pytest

from asr_tts.priority_gate import PriorityGate


class Visitors:
    """Enters tasks one by one and notes the order in which they got in."""

    def __init__(self, places: int) -> None:
        self.gate = PriorityGate(places)
        self.inside: list[str] = []
        self._leave: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, *, live: bool) -> None:
        self._leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._visit(name, live))
        await settle()

    async def go(self, name: str) -> None:
        self._leave[name].set()
        await settle()

    async def _visit(self, name: str, live: bool) -> None:
        async with self.gate.enter(live=live):
            self.inside.append(name)
            await self._leave[name].wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_live_passes_background_and_each_kind_keeps_its_order() -> None:
    visitors = Visitors(1)
    await visitors.come("first", live=False)
    await visitors.come("opener", live=False)
    await visitors.come("later opener", live=False)
    await visitors.come("answer", live=True)
    await visitors.come("other answer", live=True)
    for name in ("first", "answer", "other answer", "opener", "later opener"):
        await visitors.go(name)
    assert visitors.inside == ["first", "answer", "other answer", "opener", "later opener"]


async def test_background_leaves_a_place_free_for_the_next_caller() -> None:
    visitors = Visitors(2)
    await visitors.come("opener", live=False)
    await visitors.come("second opener", live=False)
    assert visitors.inside == ["opener"]
    await visitors.come("answer", live=True)
    assert visitors.inside == ["opener", "answer"]
    for name in ("answer", "opener", "second opener"):
        await visitors.go(name)
    assert visitors.inside == ["opener", "answer", "second opener"]


async def test_who_gives_up_waiting_holds_nobody_up() -> None:
    visitors = Visitors(1)
    await visitors.come("first", live=True)
    await visitors.come("impatient", live=True)
    await visitors.come("patient", live=True)
    visitors.tasks["impatient"].cancel()
    await settle()
    await visitors.go("first")
    assert visitors.inside == ["first", "patient"]
    await visitors.go("patient")


async def test_who_is_cancelled_at_the_door_gives_the_place_back() -> None:
    visitors = Visitors(1)
    await visitors.come("first", live=True)
    await visitors.come("unlucky", live=False)
    await visitors.come("next", live=False)
    visitors._leave["first"].set()
    await asyncio.sleep(0)  # "first" has left and "unlucky" is admitted, but has not run yet
    visitors.tasks["unlucky"].cancel()
    await settle()
    assert visitors.inside[-1] == "next"
    await visitors.go("next")


def test_needs_a_place() -> None:
    with pytest.raises(ValueError, match="at least one place"):
        PriorityGate(0)
