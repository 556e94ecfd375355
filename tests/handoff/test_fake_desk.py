"""The fake desk keeps the port's promises, so that tests built on it mean something."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from handoff.bridge import Frame
from handoff.desk import NotPlaced, Placed
from handoff.offer import Brief, TransferOffer, WrapUp
from handoff.testing import FakeDesk

OFFER = TransferOffer(
    id="o9",
    call_id="call-1",
    customer_id="c1",
    reason="explicit_request",
    skill="general",
    priority=3,
    brief=Brief(why="客户要求人工服务", customer="李明", own_words="转人工"),
)


class Talker:
    def __init__(self, frames: int) -> None:
        self.left = frames
        self.heard = 0

    async def receive(self) -> Frame | None:
        self.left -= 1
        return np.zeros(160, dtype=np.int16) if self.left >= 0 else None

    async def send(self, frame: Frame) -> None:
        self.heard += 1


async def test_answers_in_order_under_the_offers_own_id() -> None:
    desk = FakeDesk([NotPlaced(offer_id="", result="declined", detail="忙")], form=WrapUp(note="好"))
    assert await desk.place(OFFER) == NotPlaced(offer_id="o9", result="declined", detail="忙")
    placed = await desk.place(OFFER)
    assert placed == Placed(offer_id="o9", agent_id="a1", agent_name="小林")
    assert await desk.wrap_up(placed, timeout_s=1) == WrapUp(note="好")


@pytest.mark.parametrize(("frames", "ended_by", "duration_ms"), [(None, "callee", 60), (2, "agent", 40)])
async def test_either_side_can_end_the_bridge(frames: int | None, ended_by: str, duration_ms: int) -> None:
    desk = FakeDesk(frames=frames)
    placed = await desk.place(OFFER)
    assert isinstance(placed, Placed)
    bridged = await desk.bridge(placed, Talker(3))
    assert (bridged.ended_by, bridged.duration_ms) == (ended_by, duration_ms)


async def test_a_cancelled_place_is_remembered() -> None:
    desk = FakeDesk(ring_s=60)
    placing = asyncio.create_task(desk.place(OFFER))
    await asyncio.sleep(0)
    placing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await placing
    assert desk.abandoned == ["o9"]
