"""Complaint cases and alarms: opened once, moved by guarded updates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_id
from callbot.store.scope import their_case
from callbot.store.tables import Alarm, Batch, ComplaintCase, Customer


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A complaint heard in a call."""

    words: str
    owner: str
    answer_due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """A case with the person who complained."""

    case: ComplaintCase
    name: str
    phone_masked: str
    industry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAlarm:
    """An alarm with the person or the batch it concerns."""

    alarm: Alarm
    name: str
    phone_masked: str
    """Empty for a batch."""


async def open_case(
    session: AsyncSession,
    new: NewCase,
    *,
    customer_id: str,
    attempt_id: str,
    call_id: str | None,
    now: datetime,
) -> str:
    """Open a case for the call that heard it, once; its id."""
    known = (
        await session.exec(select(ComplaintCase.id).where(col(ComplaintCase.attempt_id) == attempt_id))
    ).first()
    if known is not None:
        return known
    row = ComplaintCase(
        id=new_id(),
        customer_id=customer_id,
        attempt_id=attempt_id,
        call_id=call_id,
        words=new.words,
        owner=new.owner,
        opened_at=now,
        answer_due_at=new.answer_due_at,
    )
    session.add(row)
    await session.flush()
    return row.id


async def get(session: AsyncSession, case_id: str) -> ListedCase | None:
    """One case by its id or the end of it, when that is unambiguous."""
    found = (
        await session.exec(
            select(ComplaintCase, Customer)
            .join(Customer, col(Customer.id) == col(ComplaintCase.customer_id))
            .where(
                or_(
                    col(ComplaintCase.id) == case_id,
                    col(ComplaintCase.id).endswith(case_id.upper(), autoescape=True),
                )
            )
            .limit(2)
            .execution_options(populate_existing=True)
        )
    ).all()
    return _listed(*found[0]) if len(found) == 1 else None


async def listing(
    session: AsyncSession, *, states: Collection[str], agent: str | None = None, limit: int = 200
) -> list[ListedCase]:
    """Cases in some states, the one whose answer is due first on top. `agent` sees what is theirs, None all."""
    found = await session.exec(
        select(ComplaintCase, Customer)
        .join(Customer, col(Customer.id) == col(ComplaintCase.customer_id))
        .where(col(ComplaintCase.state).in_(tuple(states)), *([] if agent is None else [their_case(agent)]))
        .order_by(col(ComplaintCase.answer_due_at), col(ComplaintCase.id))
        .limit(limit)
    )
    return [_listed(case, customer) for case, customer in found.all()]


def _listed(case: ComplaintCase, customer: Customer) -> ListedCase:
    return ListedCase(
        case=case, name=customer.name, phone_masked=customer.phone_masked, industry=customer.industry
    )


async def move(session: AsyncSession, case_id: str, *, states: Collection[str], **values: Any) -> bool:
    """Change a case that is in one of `states`; the row count decides."""
    changed = await session.exec(
        update(ComplaintCase)
        .where(col(ComplaintCase.id) == case_id, col(ComplaintCase.state).in_(tuple(states)))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1


async def compensated(
    session: AsyncSession, case_id: str, *, code: str, version: int, by: str, now: datetime
) -> bool:
    """Note what was given, once for each case; the row count decides."""
    changed = await session.exec(
        update(ComplaintCase)
        .where(
            col(ComplaintCase.id) == case_id,
            col(ComplaintCase.state) != "closed",
            col(ComplaintCase.compensation_code).is_(None),
        )
        .values(compensation_code=code, compensation_version=version, compensated_by=by, compensated_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1


async def unanswered(
    session: AsyncSession, due_by: datetime, limit: int, *, not_alarmed: str = ""
) -> Sequence[ComplaintCase]:
    """Open cases whose answer is due by a moment and that have not gone to the supervisor yet.

    `not_alarmed` leaves out those that have an alarm of this kind.
    """
    statement = (
        select(ComplaintCase)
        .where(
            col(ComplaintCase.state) == "open",
            col(ComplaintCase.answer_due_at) <= due_by,
            col(ComplaintCase.escalated_at).is_(None),
        )
        .order_by(col(ComplaintCase.answer_due_at), col(ComplaintCase.id))
        .limit(limit)
    )
    if not_alarmed:
        statement = statement.where(
            ~exists().where(col(Alarm.kind) == not_alarmed, col(Alarm.about) == col(ComplaintCase.id))
        )
    return (await session.exec(statement)).all()


async def escalate(session: AsyncSession, case_id: str, *, owner: str, now: datetime) -> bool:
    """Give an open case to the supervisor, once; the row count decides."""
    changed = await session.exec(
        update(ComplaintCase)
        .where(
            col(ComplaintCase.id) == case_id,
            col(ComplaintCase.state) == "open",
            col(ComplaintCase.escalated_at).is_(None),
        )
        .values(owner=owner, escalated_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1


async def raise_alarm(
    session: AsyncSession,
    *,
    kind: str,
    about: str,
    customer_id: str | None,
    owner: str,
    due_at: datetime,
    now: datetime,
    note: str = "",
) -> bool:
    """Raise an alarm, once for each breach; False when it was raised before. The caller holds the customer, or
    the batch where there is none."""
    known = await session.exec(
        select(Alarm.id).where(col(Alarm.kind) == kind, col(Alarm.about) == about, col(Alarm.due_at) == due_at)
    )
    if known.first() is not None:
        return False
    session.add(
        Alarm(
            id=new_id(),
            kind=kind,
            about=about,
            customer_id=customer_id,
            owner=owner,
            note=note,
            due_at=due_at,
            raised_at=now,
        )
    )
    await session.flush()
    return True


async def alarms(session: AsyncSession, *, acknowledged: bool = False, limit: int = 200) -> list[ListedAlarm]:
    """Alarms, the latest first; those that somebody has seen only when asked for."""
    statement = (
        select(Alarm, col(Customer.name), col(Customer.phone_masked), col(Batch.name))
        .join(Customer, col(Customer.id) == col(Alarm.customer_id), isouter=True)
        .join(Batch, col(Batch.id) == col(Alarm.about), isouter=True)
        .order_by(col(Alarm.raised_at).desc(), col(Alarm.id).desc())
        .limit(limit)
    )
    if not acknowledged:
        statement = statement.where(col(Alarm.acknowledged_at).is_(None))
    return [
        ListedAlarm(alarm=alarm, name=name or batch or "", phone_masked=phone or "")
        for alarm, name, phone, batch in (await session.exec(statement)).all()
    ]


async def waiting_alarms(session: AsyncSession) -> int:
    """How many alarms nobody has seen yet."""
    found = await session.exec(
        select(func.count()).select_from(Alarm).where(col(Alarm.acknowledged_at).is_(None))
    )
    return found.one()


async def acknowledge(session: AsyncSession, alarm_id: str, *, by: str, now: datetime) -> bool:
    """Note who has seen an alarm, by its id or the end of it; False when there is no such open one."""
    matching = (
        await session.exec(
            select(Alarm.id)
            .where(or_(col(Alarm.id) == alarm_id, col(Alarm.id).endswith(alarm_id.upper(), autoescape=True)))
            .limit(2)
        )
    ).all()
    if len(matching) != 1:
        return False
    changed = await session.exec(
        update(Alarm)
        .where(col(Alarm.id) == matching[0], col(Alarm.acknowledged_at).is_(None))
        .values(acknowledged_by=by, acknowledged_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1
