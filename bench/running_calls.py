"""Calls that run, put straight into the base: what the live board has to show, without a carrier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_ids
from callbot.store.tables import Attempt, Batch, BatchMember, Call, Customer

BATCH = "01K000000000000000000BATCH"
_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = ("晓芸", "建国", "静", "志远", "雨桐", "海波", "丽华", "子轩", "秀英", "明", "欣怡", "国庆")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCall:
    """Ids of one of them."""

    attempt: str
    customer: str
    call: str


async def put_batch(session: AsyncSession, now: datetime, *, name: str = "三月唤醒", lines: int = 240) -> None:
    """A batch that runs."""
    session.add(
        Batch(
            id=BATCH,
            name=name,
            flow="winback/ecommerce",
            state="running",
            lines=lines,
            created_at=now,
            launched_at=now,
        )
    )
    await session.flush()


async def put_calls(
    session: AsyncSession, now: datetime, count: int, *, first: int = 0, state: str = "in_call"
) -> list[RunningCall]:
    """So many calls of that batch, begun one second after another, the earliest first; `first` numbers them."""
    people, attempts, calls = new_ids(count), new_ids(count), new_ids(count)
    for place in range(count):
        number = first + place
        family, given = _FAMILY[number % len(_FAMILY)], _GIVEN[number * 7 % len(_GIVEN)]
        session.add(
            Customer(
                id=people[place],
                name=f"{family}{given}",
                industry="ecommerce",
                brand="悦选商城",
                phone_cipher=b"cipher",
                phone_hash=f"running-{number}",
                phone_masked=f"100****{number * 37 % 10_000:04d}",
                created_at=now,
                updated_at=now,
            )
        )
    await session.flush()
    for place in range(count):
        dialled = now - timedelta(seconds=count - place)
        session.add(BatchMember(batch_id=BATCH, customer_id=people[place], state="tried"))
        session.add(
            Attempt(
                id=attempts[place],
                batch_id=BATCH,
                customer_id=people[place],
                seq=1,
                purpose="marketing",
                priority=0,
                state=state,
                due_at=dialled,
                queued_at=dialled,
                dialing_at=dialled,
                answered_at=dialled if state == "in_call" else None,
            )
        )
    await session.flush()
    for place in range(count):
        session.add(
            Call(
                id=calls[place],
                attempt_id=attempts[place],
                customer_id=people[place],
                flow="winback/ecommerce",
                flow_version=1,
                started_at=now,
            )
        )
    await session.flush()
    return [
        RunningCall(attempt=attempt, customer=customer, call=call)
        for attempt, customer, call in zip(attempts, people, calls, strict=True)
    ]


async def to_state(
    session: AsyncSession, calls: list[RunningCall], state: str, now: datetime, *, outcome: str = "considering"
) -> None:
    """All of them at once: `dialing`, `in_call`, or `done` with an outcome."""
    ended = {"ended_at": now, "outcome": outcome} if state == "done" else {}
    await session.execute(
        update(Attempt)
        .where(col(Attempt.id).in_([call.attempt for call in calls]))
        .values(state=state, answered_at=None if state == "dialing" else now, **ended)
    )
