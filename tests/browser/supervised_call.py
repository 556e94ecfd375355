"""A running call that a supervisor can enter, as the desk and the board know it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from browser_desk import OFFER
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import Attempt, Batch, BatchMember, Call
from handoff.live_calls import Hear


class SupervisedCall:
    """Two sides to be heard, and an end. While a human is on the line, the desk alone sees to taking over."""

    def __init__(self) -> None:
        self.hears: list[Hear] = []
        self.ended = asyncio.Event()

    def listen(self, hear: Hear) -> Callable[[], None]:
        self.hears.append(hear)
        return lambda: self.hears.remove(hear)

    def take_over(self, supervisor: str) -> None:
        raise AssertionError("the bot is not on this line")

    def end(self) -> None:
        self.ended.set()


async def put_supervised_call(session: AsyncSession, now: datetime) -> None:
    """The call of `OFFER` with the customer of `desk_house`, in conversation, in a batch of its own."""
    session.add(
        Batch(
            id="b", name="老客户关怀", flow="winback", created_by="t", created_at=now, state="running", lines=20
        )
    )
    await session.flush()
    session.add(BatchMember(batch_id="b", customer_id=OFFER.customer_id, state="tried"))
    session.add(
        Attempt(
            id="a1",
            batch_id="b",
            customer_id=OFFER.customer_id,
            seq=1,
            purpose="marketing",
            priority=0,
            state="in_call",
            due_at=now,
            queued_at=now,
            dialing_at=now,
            answered_at=now,
        )
    )
    await session.flush()
    session.add(
        Call(
            id=OFFER.call_id,
            attempt_id="a1",
            customer_id=OFFER.customer_id,
            flow="winback",
            flow_version=1,
            started_at=now,
        )
    )
    await session.flush()
