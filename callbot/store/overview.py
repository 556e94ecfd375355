"""What the pages and the command line show: batches, customers, calls, transcripts. Phones stay masked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store import activations
from callbot.store.intake import PAST_CALLS
from callbot.store.tables import (
    Activation,
    Attempt,
    Batch,
    BatchMember,
    Call,
    CallTurn,
    ComplaintCase,
    Consent,
    Customer,
    DoNotContact,
    Event,
    FollowUp,
    GuardBlockRow,
    JournalRow,
    Promise,
    Purchase,
    SequenceRun,
    Tag,
    Transfer,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """One batch with the counts of its attempts by state and of its outcomes."""

    batch: Batch
    members: int
    states: dict[str, int]
    outcomes: dict[str, int]
    activated: int = 0
    """People who came back of their own accord after one of its contacts (R028)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """One customer of a batch with the last attempt, its call and what follows."""

    member: BatchMember
    customer: Customer
    attempt: Attempt | None
    call: Call | None
    follow_ups: tuple[FollowUp, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSheet:
    """Everything about one call."""

    call: Call
    attempt: Attempt
    customer: Customer
    turns: tuple[CallTurn, ...]
    transfers: tuple[Transfer, ...]
    follow_ups: tuple[FollowUp, ...]
    journal: tuple[JournalRow, ...]
    promises: tuple[Promise, ...] = ()
    blocks: tuple[GuardBlockRow, ...] = ()
    """What the guard stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSheet:
    """Everything about one customer."""

    customer: Customer
    tags: tuple[Tag, ...]
    consents: tuple[Consent, ...]
    events: tuple[Event, ...]
    purchases: tuple[Purchase, ...]
    attempts: tuple[Attempt, ...]
    calls: tuple[Call, ...]
    follow_ups: tuple[FollowUp, ...]
    do_not_contact: tuple[DoNotContact, ...]
    journal: tuple[JournalRow, ...]
    cases: tuple[ComplaintCase, ...] = ()
    sequences: tuple[SequenceRun, ...] = ()
    activations: tuple[Activation, ...] = ()
    promises: tuple[Promise, ...] = ()


async def batches(session: AsyncSession) -> list[BatchLine]:
    """All batches, newest first; not the one that holds calls made before the import."""
    statement = select(Batch).where(col(Batch.id) != PAST_CALLS).order_by(col(Batch.created_at).desc())
    found = (await session.exec(statement)).all()
    return [await _batch_line(session, batch) for batch in found]


async def batch(session: AsyncSession, batch_id: str) -> BatchLine | None:
    found = await session.get(Batch, batch_id)
    return await _batch_line(session, found) if found else None


async def _batch_line(session: AsyncSession, batch: Batch) -> BatchLine:
    members = await session.exec(
        select(func.count()).select_from(BatchMember).where(col(BatchMember.batch_id) == batch.id)
    )
    states = await session.exec(
        select(col(Attempt.state), func.count())
        .where(col(Attempt.batch_id) == batch.id)
        .group_by(col(Attempt.state))
    )
    outcomes = await session.exec(
        select(col(Attempt.outcome), func.count())
        .where(col(Attempt.batch_id) == batch.id, col(Attempt.outcome).is_not(None))
        .group_by(col(Attempt.outcome))
    )
    return BatchLine(
        batch=batch,
        members=members.one(),
        states={str(state): int(count) for state, count in states},
        outcomes={str(outcome): int(count) for outcome, count in outcomes},
        activated=await activations.activated(session, batch.id),
    )


async def members(session: AsyncSession, batch_id: str) -> list[MemberLine]:
    """The customers of a batch, those called first on top, then by priority."""
    rows = (
        await session.exec(
            select(BatchMember, Customer)
            .join(Customer, col(Customer.id) == col(BatchMember.customer_id))
            .where(col(BatchMember.batch_id) == batch_id)
            .order_by(col(Customer.priority).desc(), col(Customer.id))
        )
    ).all()
    # A retry row that waits its turn does not hide the attempt that was made.
    attempts = {
        attempt.customer_id: attempt
        for attempt in (
            await session.exec(
                select(Attempt)
                .where(col(Attempt.batch_id) == batch_id)
                .order_by((col(Attempt.state) == "queued").desc(), col(Attempt.seq))
            )
        ).all()
    }
    calls = {
        call.attempt_id: call
        for call in (
            await session.exec(
                select(Call)
                .join(Attempt, col(Attempt.id) == col(Call.attempt_id))
                .where(col(Attempt.batch_id) == batch_id)
            )
        ).all()
    }
    follow_ups: dict[str, list[FollowUp]] = {}
    for follow_up in (
        await session.exec(
            select(FollowUp)
            .join(Attempt, col(Attempt.id) == col(FollowUp.attempt_id))
            .where(col(Attempt.batch_id) == batch_id)
            .order_by(col(FollowUp.leading).desc(), col(FollowUp.due_at))
        )
    ).all():
        follow_ups.setdefault(follow_up.customer_id, []).append(follow_up)
    lines = []
    for member, customer in rows:
        attempt = attempts.get(customer.id)
        lines.append(
            MemberLine(
                member=member,
                customer=customer,
                attempt=attempt,
                call=calls.get(attempt.id) if attempt else None,
                follow_ups=tuple(follow_ups.get(customer.id, ())),
            )
        )
    return sorted(lines, key=lambda line: line.attempt is None)


async def call_sheet(session: AsyncSession, call_id: str) -> CallSheet | None:
    """One call by its id or by the start of it when that is unambiguous."""
    call = await session.get(Call, call_id) or await _only(
        session, select(Call).where(col(Call.id).startswith(call_id, autoescape=True))
    )
    if call is None:
        return None
    attempt = await session.get_one(Attempt, call.attempt_id)
    return CallSheet(
        call=call,
        attempt=attempt,
        customer=await session.get_one(Customer, call.customer_id),
        turns=await _all(
            session,
            select(CallTurn).where(col(CallTurn.call_id) == call.id).order_by(col(CallTurn.position)),
        ),
        transfers=await _all(
            session,
            select(Transfer).where(col(Transfer.call_id) == call.id).order_by(col(Transfer.offered_at)),
        ),
        follow_ups=await _all(
            session,
            select(FollowUp)
            .where(col(FollowUp.attempt_id) == attempt.id)
            .order_by(col(FollowUp.leading).desc(), col(FollowUp.due_at)),
        ),
        journal=await _all(
            session,
            select(JournalRow).where(col(JournalRow.call_id) == call.id).order_by(col(JournalRow.at_ms)),
        ),
        promises=await _all(
            session,
            select(Promise).where(col(Promise.attempt_id) == attempt.id).order_by(col(Promise.id)),
        ),
        blocks=await _all(
            session,
            select(GuardBlockRow)
            .where(col(GuardBlockRow.call_id) == call.id)
            .order_by(col(GuardBlockRow.at_ms), col(GuardBlockRow.id)),
        ),
    )


async def calls(session: AsyncSession, *, limit: int = 50) -> list[tuple[Call, Customer]]:
    """The latest calls with their customers."""
    rows = await session.exec(
        select(Call, Customer)
        .join(Customer, col(Customer.id) == col(Call.customer_id))
        .order_by(col(Call.started_at).desc())
        .limit(limit)
    )
    return [(call, customer) for call, customer in rows]


async def customer_sheet(session: AsyncSession, key: str) -> CustomerSheet | None:
    """One customer by id, external id, or name when only one person has it."""
    customer = await session.get(Customer, key)
    if customer is None:
        customer = await _only(session, select(Customer).where(col(Customer.external_id) == key))
    if customer is None:
        customer = await _only(session, select(Customer).where(col(Customer.name) == key))
    if customer is None:
        return None
    attempts = await _all(
        session,
        select(Attempt).where(col(Attempt.customer_id) == customer.id).order_by(col(Attempt.queued_at)),
    )
    return CustomerSheet(
        customer=customer,
        tags=await _of(session, Tag, customer.id, col(Tag.name)),
        consents=await _of(session, Consent, customer.id, col(Consent.at)),
        events=await _of(session, Event, customer.id, col(Event.at)),
        purchases=await _of(session, Purchase, customer.id, col(Purchase.at)),
        attempts=attempts,
        calls=await _of(session, Call, customer.id, col(Call.started_at)),
        follow_ups=await _of(session, FollowUp, customer.id, col(FollowUp.due_at)),
        do_not_contact=await _all(
            session,
            select(DoNotContact).where(col(DoNotContact.phone_hash) == customer.phone_hash),
        ),
        journal=await _of(session, JournalRow, customer.id, col(JournalRow.at)),
        cases=await _of(session, ComplaintCase, customer.id, col(ComplaintCase.opened_at)),
        sequences=await _of(session, SequenceRun, customer.id, col(SequenceRun.started_at)),
        activations=await _of(session, Activation, customer.id, col(Activation.at)),
        promises=await _of(session, Promise, customer.id, col(Promise.due_at)),
    )


async def quiet_counts(session: AsyncSession) -> Counter[tuple[str, str]]:
    """Judged customers by stage of silence and reason."""
    stage, reason = col(Customer.stage), col(Customer.reason)
    judged = col(Customer.assessed_at).is_not(None)
    found = await session.execute(select(stage, reason, func.count()).where(judged).group_by(stage, reason))
    return Counter({(stage, reason): count for stage, reason, count in found})


async def _of(session: AsyncSession, table: Any, customer_id: str, order: Any) -> tuple[Any, ...]:
    return await _all(session, select(table).where(table.customer_id == customer_id).order_by(order))


async def _all(session: AsyncSession, statement: Any) -> tuple[Any, ...]:
    found: Sequence[Any] = (await session.exec(statement)).all()
    return tuple(found)


async def _only(session: AsyncSession, statement: Any) -> Any | None:
    found = (await session.exec(statement.limit(2))).all()
    return found[0] if len(found) == 1 else None
