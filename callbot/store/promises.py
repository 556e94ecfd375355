"""The promise register: rows written with a settlement, followed through what keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists
from sqlmodel import col, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.contacts import lock_customer
from callbot.store.tables import Alarm, Customer, FollowUp, Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPromise:
    """A promise that was heard."""

    kind: str
    words: str
    due_at: datetime
    owner: str
    turn: int | None = None
    keeper: str = ""
    """Kind of the new follow-up that keeps it; empty: none does."""
    state: str = "open"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPromise:
    """A promise with the person it was made to."""

    promise: Promise
    name: str
    phone_masked: str


async def add(session: AsyncSession, promise: Promise) -> None:
    """Register one that was made after its call was settled."""
    session.add(promise)
    await session.flush()


async def write(
    session: AsyncSession,
    promises: Sequence[NewPromise],
    *,
    customer_id: str,
    attempt_id: str,
    call_id: str | None,
    follow_ups: Mapping[str, str],
    now: datetime,
) -> None:
    """Store the promises of one call; `follow_ups` are the ids of its follow-ups by kind."""
    session.add_all(
        Promise(
            customer_id=customer_id,
            attempt_id=attempt_id,
            call_id=call_id,
            turn=each.turn,
            kind=each.kind,
            words=each.words,
            due_at=each.due_at,
            owner=each.owner,
            state=each.state,
            follow_up_id=follow_ups.get(each.keeper),
            note=each.note,
            made_at=now,
        )
        for each in promises
    )
    await session.flush()


async def follow_through(
    session: AsyncSession,
    now: datetime,
    *,
    released_by: Collection[str] = (),
    follow_up_id: str = "",
    attempt_id: str = "",
) -> None:
    """Note what became of promises through the follow-ups that keep them: of all, of one, or of one call.

    Done, or sent as a message, keeps a promise; one that is broken already is noted as kept late. A follow-up
    cancelled for one of the rules `released_by` voids it; cancelled otherwise it leaves the promise open.
    """
    mine = [col(Promise.follow_up_id) == follow_up_id] if follow_up_id else []
    mine += [col(Promise.attempt_id) == attempt_id] if attempt_id else []
    done = exists().where(
        col(FollowUp.id) == col(Promise.follow_up_id), col(FollowUp.state).in_(("done", "sent"))
    )
    kept = {"kept_by": col(Promise.follow_up_id), "kept_at": now}
    for state, values in (("open", {"state": "kept", **kept}), ("broken", kept)):
        await session.exec(
            update(Promise)
            .where(col(Promise.state) == state, col(Promise.kept_by).is_(None), done, *mine)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    if released_by:
        released = exists().where(
            col(FollowUp.id) == col(Promise.follow_up_id),
            col(FollowUp.state) == "cancelled",
            col(FollowUp.blocked_by).in_(tuple(released_by)),
        )
        await session.exec(
            update(Promise)
            .where(col(Promise.state) == "open", released, *mine)
            .values(state="void", note="客户已不再要求")
            .execution_options(synchronize_session=False)
        )


async def kept_by_call(session: AsyncSession, follow_up_id: str, attempt_id: str, now: datetime) -> None:
    """A call was the follow-up that had been promised."""
    for state, values in (("open", {"state": "kept"}), ("broken", {})):
        await session.exec(
            update(Promise)
            .where(
                col(Promise.follow_up_id) == follow_up_id,
                col(Promise.state) == state,
                col(Promise.kept_by).is_(None),
            )
            .values(**values, kept_by=attempt_id, kept_at=now)
            .execution_options(synchronize_session=False)
        )


async def overdue(
    session: AsyncSession, *, by: datetime, calls_by: datetime, call_kind: str, limit: int
) -> Sequence[str]:
    """Ids of open promises that were due by a moment; promised calls by another one."""
    found = await session.exec(
        select(Promise.id)
        .where(
            col(Promise.state) == "open",
            or_(
                (col(Promise.kind) != call_kind) & (col(Promise.due_at) <= by),
                (col(Promise.kind) == call_kind) & (col(Promise.due_at) <= calls_by),
            ),
        )
        .order_by(col(Promise.due_at), col(Promise.id))
        .limit(limit)
    )
    return found.all()


async def break_(session: AsyncSession, promise_id: str) -> Promise | None:
    """An open promise that was not kept; None when somebody was quicker. Holds its customer."""
    customer_id = (await session.exec(select(Promise.customer_id).where(col(Promise.id) == promise_id))).first()
    if customer_id is None:
        return None
    await lock_customer(session, customer_id)
    changed = await session.exec(
        update(Promise)
        .where(col(Promise.id) == promise_id, col(Promise.state) == "open")
        .values(state="broken")
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        return None
    return await session.get_one(Promise, promise_id, populate_existing=True)


async def is_alarmed(session: AsyncSession, promise: Promise) -> bool:
    """Whether somebody was told already that what keeps it is late."""
    found = await session.exec(
        select(func.count())
        .select_from(Alarm)
        .where(col(Alarm.kind) == "follow_up_overdue", col(Alarm.about) == (promise.follow_up_id or ""))
    )
    return found.one() > 0


async def listing(
    session: AsyncSession, *, overdue_at: datetime | None = None, everything: bool = False, limit: int = 200
) -> list[ListedPromise]:
    """Promises that are open or broken and not kept since, the longest due first.

    `overdue_at`: only those due by then; `everything`: also those kept and void.
    """
    statement = (
        select(Promise, Customer)
        .join(Customer, col(Customer.id) == col(Promise.customer_id))
        .order_by(col(Promise.due_at), col(Promise.id))
        .limit(limit)
    )
    if overdue_at is not None or not everything:
        statement = statement.where(col(Promise.state).in_(("open", "broken")), col(Promise.kept_by).is_(None))
    if overdue_at is not None:
        statement = statement.where(col(Promise.due_at) <= overdue_at)
    return [
        ListedPromise(promise=promise, name=customer.name, phone_masked=customer.phone_masked)
        for promise, customer in (await session.exec(statement)).all()
    ]
