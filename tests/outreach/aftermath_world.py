"""Days after a call, for the tests of what follows: settle, let time pass, run the duties, look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from outreach_world import NOW, Watch, attempt, result, rows, under_way

from callbot.conversation.labels import Outcome
from callbot.conversation.result import CallResult, TransferResult
from callbot.outreach.activation import on_event
from callbot.outreach.alarms import alarm_overdue
from callbot.outreach.case import Ended
from callbot.outreach.channel import WebhookChannel
from callbot.outreach.follow_ups import work_due
from callbot.outreach.settle import Settler
from callbot.outreach.touches import sequence_tick
from callbot.store.database import Database
from callbot.store.tables import Attempt, Customer, Event, FollowUp, OfferRow, Outbox, Purchase

COMPLAINT = TransferResult(transfer_id="t1", reason="complaint", result="no_agent")


def day(number: float) -> datetime:
    """So many days after the call, 10:00 in Shanghai for whole ones."""
    return NOW + timedelta(days=number)


@dataclass(slots=True)
class Aftermath:
    """One store, and time that the test moves."""

    db: Database

    async def call(
        self, outcome: Outcome, index: int = 1, *, talked: CallResult | None = None, **columns: Any
    ) -> str:
        """A customer who was called and ended the call like that; their id."""
        attempt_id = await under_way(self.db, index, **columns)
        await self.settle(attempt_id, talked or result(outcome))
        return f"person-{index:03d}"

    async def called_again(self, customer_id: str, at: datetime) -> str:
        """The one whom the only call was to is on the line again since `at`; the attempt."""
        (first,) = await rows(self.db, Attempt)
        times = dict.fromkeys(("due_at", "queued_at", "dialing_at", "answered_at"), at)
        return await attempt(self.db, first.batch_id, customer_id, seq=2, state="in_call", **times)

    async def settle(self, attempt_id: str, talked: CallResult, now: datetime = NOW) -> None:
        ended = Ended(attempt_id=attempt_id, outcome=talked.outcome, result=talked)
        assert await Settler(self.db, Watch(now)).settle(ended) is not None

    async def unreached(self, index: int = 1, **columns: Any) -> str:
        """A customer whom the last of three tries did not reach; their id."""
        attempt_id = await under_way(self.db, index, in_call=False, **columns)
        (row,) = [one for one in await rows(self.db, Attempt) if one.id == attempt_id]
        for seq in (8, 9):
            await attempt(
                self.db,
                row.batch_id,
                row.customer_id,
                seq=seq,
                state="done",
                outcome="no_answer",
                cause="no_answer",
                dialing_at=NOW - timedelta(days=10 - seq),
            )
        ended = Ended(attempt_id=attempt_id, outcome=Outcome.NO_ANSWER, cause="no_answer")
        assert await Settler(self.db, Watch()).settle(ended) is not None
        return str(row.customer_id)

    async def tick(self, now: datetime) -> int:
        """All duties once."""
        moved = await sequence_tick(self.db, now)
        moved += await work_due(self.db, WebhookChannel(), now)
        return moved + await alarm_overdue(self.db, now)

    async def did(self, customer_id: str, kind: str, at: datetime) -> bool:
        """The customer did something, and callbot hears of it at once."""
        row: Event | Purchase = Event(customer_id=customer_id, kind=kind, at=at)
        if kind == "order":
            row = Purchase(
                customer_id=customer_id,
                external_id=f"order-{at:%m%d%H%M}",
                at=at,
                item="空气炸锅",
                amount_fen=29900,
            )
        async with self.db.write() as session:
            session.add(row)
            await session.flush()
            return await on_event(session, row, at)

    async def offer(self, **columns: Any) -> None:
        values = {"code": "back20", "industry": "ecommerce", "title": "回归二十元券", "amount_fen": 2000}
        async with self.db.write() as session:
            session.add(OfferRow(**{**values, **columns}, created_at=NOW))

    async def messages(self) -> list[Outbox]:
        return await rows(self.db, Outbox, kind="message.send")

    async def kinds(self, state: str = "") -> list[str]:
        """Kinds of the follow-ups, those in one state only, sorted."""
        found: list[FollowUp] = await rows(self.db, FollowUp, **({"state": state} if state else {}))
        return sorted(row.kind for row in found)

    async def only(self, kind: str) -> FollowUp:
        (found,) = await rows(self.db, FollowUp, kind=kind)
        assert isinstance(found, FollowUp)
        return found

    async def change(self, customer_id: str, **values: Any) -> None:
        async with self.db.write() as session:
            customer = await session.get_one(Customer, customer_id)
            for name, value in values.items():
                setattr(customer, name, value)
            session.add(customer)
