"""Lists with filters and pages, as the console shows them. Phones stay masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.intake import PAST_CALLS
from callbot.store.scope import free_follow_up, handed_call, handed_customer, own_follow_up
from callbot.store.tables import Attempt, BatchMember, Call, CallTurn, Customer, FollowUp, Tag, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which part of a list."""

    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsWanted:
    """Which calls; an empty field does not restrict."""

    outcomes: Sequence[str] = ()
    intents: Sequence[str] = ()
    """Heard in any turn."""
    emotions: Sequence[str] = ()
    transfer_reasons: Sequence[str] = ()
    agent: str = ""
    """Who took a transfer of it."""
    batch_id: str = ""
    customer_id: str = ""
    longer_ms: int | None = None
    shorter_ms: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    """Said by anybody in it."""


async def calls(
    session: AsyncSession, wanted: CallsWanted, *, agent: str | None, part: Part
) -> tuple[list[tuple[Call, Attempt, Customer, Transfer | None]], int]:
    """Calls, the latest first, and how many in all. `agent` sees only their own, None all."""
    where = _calls_where(wanted, agent)
    joined = (
        select(Call, Attempt, Customer)
        .join(Attempt, col(Attempt.id) == col(Call.attempt_id))
        .join(Customer, col(Customer.id) == col(Call.customer_id))
        .where(*where)
    )
    counted = (
        select(func.count())
        .select_from(Call)
        .join(Attempt, col(Attempt.id) == col(Call.attempt_id))
        .where(*where)
    )
    total = (await session.exec(counted)).one()
    rows = (
        await session.exec(
            joined.order_by(col(Call.started_at).desc(), col(Call.id).desc())
            .limit(part.limit)
            .offset(part.offset)
        )
    ).all()
    transfers: dict[str, Transfer] = {}
    found = await session.exec(
        select(Transfer)
        .where(col(Transfer.call_id).in_([call.id for call, _, _ in rows]))
        .order_by(col(Transfer.offered_at))
    )
    for transfer in found.all():
        transfers[transfer.call_id] = transfer
    return [(call, attempt, customer, transfers.get(call.id)) for call, attempt, customer in rows], total


def _calls_where(wanted: CallsWanted, agent: str | None) -> list[ColumnElement[bool]]:
    where: list[Any] = [col(Attempt.batch_id) != PAST_CALLS]
    if agent is not None:
        where.append(handed_call(agent, col(Call.id)))
    if wanted.outcomes:
        where.append(col(Call.outcome).in_(tuple(wanted.outcomes)))
    if wanted.batch_id:
        where.append(col(Attempt.batch_id) == wanted.batch_id)
    if wanted.customer_id:
        where.append(col(Call.customer_id) == wanted.customer_id)
    if wanted.since:
        where.append(col(Call.started_at) >= wanted.since)
    if wanted.until:
        where.append(col(Call.started_at) < wanted.until)
    if wanted.longer_ms is not None:
        where.append(col(Call.duration_ms) >= wanted.longer_ms)
    if wanted.shorter_ms is not None:
        where.append(col(Call.duration_ms) <= wanted.shorter_ms)
    for column, values in ((CallTurn.intent, wanted.intents), (CallTurn.emotion, wanted.emotions)):
        if values:
            where.append(_in_a_turn(col(column).in_(tuple(values))))
    if wanted.words:
        where.append(_in_a_turn(col(CallTurn.text).contains(wanted.words, autoescape=True)))
    if wanted.transfer_reasons:
        where.append(_transferred(col(Transfer.reason).in_(tuple(wanted.transfer_reasons))))
    if wanted.agent:
        where.append(_transferred(col(Transfer.agent_id) == wanted.agent))
    return where


def _in_a_turn(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(col(CallTurn.call_id) == col(Call.id), condition)


def _transferred(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(col(Transfer.call_id) == col(Call.id), condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersWanted:
    """Which customers; an empty field does not restrict."""

    words: str = ""
    """Start of the name, external id, or id."""
    phone_hash: str = ""
    last_digits: str = ""
    """The last four of the number."""
    industry: str = ""
    stages: Sequence[str] = ()
    reasons: Sequence[str] = ()
    segments: Sequence[str] = ()
    strategies: Sequence[str] = ()
    tags: Sequence[str] = ()
    """All of them."""


async def customers(
    session: AsyncSession, wanted: CustomersWanted, *, agent: str | None, part: Part
) -> tuple[Sequence[Customer], int]:
    """Customers by priority, the highest first, and how many in all. `agent` sees only their own, None all."""
    where = _customers_where(wanted, agent)
    total = (await session.exec(select(func.count()).select_from(Customer).where(*where))).one()
    rows = await session.exec(
        select(Customer)
        .where(*where)
        .order_by(col(Customer.priority).desc(), col(Customer.id))
        .limit(part.limit)
        .offset(part.offset)
    )
    return rows.all(), total


def _customers_where(wanted: CustomersWanted, agent: str | None) -> list[ColumnElement[bool]]:
    where: list[Any] = []
    if agent is not None:
        where.append(handed_customer(agent, col(Customer.id)))
    found: list[Any] = []
    if wanted.words:
        found += [
            col(Customer.name).startswith(wanted.words, autoescape=True),
            col(Customer.external_id) == wanted.words,
            col(Customer.id) == wanted.words,
        ]
    if wanted.phone_hash:
        found.append(col(Customer.phone_hash) == wanted.phone_hash)
    if wanted.last_digits:
        found.append(col(Customer.phone_masked).endswith(wanted.last_digits, autoescape=True))
    if found:
        where.append(or_(*found))
    if wanted.industry:
        where.append(col(Customer.industry) == wanted.industry)
    for column, values in (
        (Customer.stage, wanted.stages),
        (Customer.reason, wanted.reasons),
        (Customer.segment, wanted.segments),
        (Customer.strategy, wanted.strategies),
    ):
        if values:
            where.append(col(column).in_(tuple(values)))
    for name in wanted.tags:
        where.append(exists().where(col(Tag.customer_id) == col(Customer.id), col(Tag.name) == name))
    return where


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """A customer of a batch with the last attempt, its call and what follows."""

    member: BatchMember
    customer: Customer
    attempt: Attempt | None
    attempts: int
    call: Call | None
    follow_ups: tuple[str, ...]


async def members(
    session: AsyncSession,
    batch_id: str,
    *,
    states: Sequence[str] = (),
    outcomes: Sequence[str] = (),
    part: Part,
) -> tuple[list[MemberRow], int]:
    """Members of a batch in the order in which they are called, and how many in all."""
    where: list[Any] = [col(BatchMember.batch_id) == batch_id]
    if states:
        where.append(col(BatchMember.state).in_(tuple(states)))
    if outcomes:
        where.append(
            exists().where(
                col(Attempt.batch_id) == col(BatchMember.batch_id),
                col(Attempt.customer_id) == col(BatchMember.customer_id),
                col(Attempt.outcome).in_(tuple(outcomes)),
            )
        )
    total = (await session.exec(select(func.count()).select_from(BatchMember).where(*where))).one()
    rows = (
        await session.exec(
            select(BatchMember, Customer)
            .join(Customer, col(Customer.id) == col(BatchMember.customer_id))
            .where(*where)
            .order_by(col(BatchMember.rank), col(BatchMember.customer_id))
            .limit(part.limit)
            .offset(part.offset)
        )
    ).all()
    ids = [customer.id for _, customer in rows]
    # A retry row that waits its turn does not hide the attempt that was made.
    tried = await session.exec(
        select(Attempt)
        .where(col(Attempt.batch_id) == batch_id, col(Attempt.customer_id).in_(ids))
        .order_by((col(Attempt.state) == "queued").desc(), col(Attempt.seq))
    )
    last: dict[str, Attempt] = {}
    many: dict[str, int] = {}
    for made_before in tried.all():
        last[made_before.customer_id] = made_before
        many[made_before.customer_id] = many.get(made_before.customer_id, 0) + 1
    shown = [attempt.id for attempt in last.values()]
    made = await session.exec(select(Call).where(col(Call.attempt_id).in_(shown)))
    calls_of = {call.attempt_id: call for call in made.all()}
    left = await session.exec(
        select(FollowUp)
        .where(col(FollowUp.attempt_id).in_(shown))
        .order_by(col(FollowUp.leading).desc(), col(FollowUp.due_at))
    )
    kinds: dict[str, list[str]] = {}
    for row in left.all():
        kinds.setdefault(row.attempt_id or "", []).append(row.kind)
    return [
        MemberRow(
            member=member,
            customer=customer,
            attempt=(attempt := last.get(customer.id)),
            attempts=many.get(customer.id, 0),
            call=calls_of.get(attempt.id) if attempt else None,
            follow_ups=tuple(kinds.get(attempt.id, ())) if attempt else (),
        )
        for member, customer in rows
    ], total


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpsWanted:
    """Which follow-ups; an empty field does not restrict."""

    states: Sequence[str] = ("open", "claimed", "sent")
    kinds: Sequence[str] = ()
    owner: str = ""
    """Owner or claimer."""
    customer_id: str = ""
    overdue_at: datetime | None = None
    free: bool = False
    """Only tasks of a desk that nobody has taken."""


async def follow_ups(
    session: AsyncSession, wanted: FollowUpsWanted, *, agent: str | None, part: Part
) -> tuple[list[tuple[FollowUp, Customer]], int]:
    """Follow-ups, the longest due first, and how many in all.

    `agent` sees their own and those that are free to take, None all.
    """
    where: list[Any] = []
    if agent is not None:
        where.append(or_(own_follow_up(agent), free_follow_up()))
    if wanted.free:
        where.append(free_follow_up())
    if wanted.states:
        where.append(col(FollowUp.state).in_(tuple(wanted.states)))
    if wanted.kinds:
        where.append(col(FollowUp.kind).in_(tuple(wanted.kinds)))
    if wanted.owner:
        where.append(own_follow_up(wanted.owner))
    if wanted.customer_id:
        where.append(col(FollowUp.customer_id) == wanted.customer_id)
    if wanted.overdue_at:
        where.append(col(FollowUp.due_at) <= wanted.overdue_at)
    total = (await session.exec(select(func.count()).select_from(FollowUp).where(*where))).one()
    rows = await session.exec(
        select(FollowUp, Customer)
        .join(Customer, col(Customer.id) == col(FollowUp.customer_id))
        .where(*where)
        .order_by(col(FollowUp.due_at), col(FollowUp.id))
        .limit(part.limit)
        .offset(part.offset)
    )
    return [(row, customer) for row, customer in rows.all()], total
