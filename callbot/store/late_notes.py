"""A journal line that comes when its attempt is settled already: its consequence, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store import ledger, promises
from callbot.store.cases import NewCase, open_case
from callbot.store.contacts import blacklist
from callbot.store.promises import NewPromise
from callbot.store.tables import Attempt, Customer, FollowUp, JournalRow


@dataclass(frozen=True, slots=True, kw_only=True)
class LateConsequence:
    """What `apply` writes."""

    stop: str = ""
    """Scope of a do-not-contact: `all` or `voice`; empty: none."""
    task: str = ""
    """Kind of a follow-up with the words of the line; empty: none."""
    owner: str = ""
    due_at: datetime | None = None
    promise: str = ""
    """Kind of the promise that the line is; empty: it is none. The task keeps it."""
    pause_until: datetime | None = None
    """Of all touches, for a complaint."""


async def is_late(session: AsyncSession, attempt_id: str) -> bool:
    """The attempt is settled. Held until the transaction ends, so that nobody settles it in between."""
    state = (
        await session.exec(select(Attempt.state).where(col(Attempt.id) == attempt_id).with_for_update())
    ).first()
    return state is not None and state not in ledger.OPEN


async def apply(session: AsyncSession, note: JournalRow, late: LateConsequence, now: datetime) -> None:
    """Write what follows from a line that was journalled after its attempt was settled; `now` in UTC."""
    customer = await session.get_one(Customer, note.customer_id)
    if late.stop:
        await blacklist(
            session,
            phone_hash=customer.phone_hash,
            scope=late.stop,
            words=note.words,
            source=note.attempt_id,
            at=now,
        )
    if late.pause_until is not None:
        customer.complaint_pause_until = max(customer.complaint_pause_until or now, late.pause_until)
        session.add(customer)
        await open_case(
            session,
            NewCase(words=note.words, owner=late.owner, answer_due_at=late.due_at or now),
            customer_id=note.customer_id,
            attempt_id=note.attempt_id,
            call_id=note.call_id,
            now=now,
        )
    if late.task:
        task = FollowUp(
            customer_id=note.customer_id,
            attempt_id=note.attempt_id,
            kind=late.task,
            owner=late.owner,
            due_at=late.due_at or now,
            detail={**note.data, "late": note.kind, "words": note.words},
            created_at=now,
        )
        session.add(task)
        await session.flush()
        if late.promise:
            promise = NewPromise(
                kind=late.promise, words=note.words, due_at=task.due_at, owner=task.owner, keeper=task.kind
            )
            await promises.write(
                session,
                [promise],
                customer_id=note.customer_id,
                attempt_id=note.attempt_id,
                call_id=note.call_id,
                follow_ups={task.kind: task.id},
                now=now,
            )
    note.settled = True
    session.add(note)
    await session.flush()
