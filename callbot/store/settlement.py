"""Everything one attempt leaves behind, written in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_id
from callbot.store import ledger, outbox, promises
from callbot.store.cases import NewCase, open_case
from callbot.store.contacts import blacklist
from callbot.store.tables import (
    Attempt,
    Call,
    CallTurn,
    Customer,
    Event,
    FollowUp,
    GuardBlockRow,
    JournalRow,
    Tag,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTag:
    name: str
    value: str
    rule: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFollowUp:
    kind: str
    leading: bool
    owner: str
    due_at: datetime
    state: str = "open"
    closed_by: str = "system"
    """Who did it, when it is done with the call."""
    note: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A number for the do-not-contact list."""

    scope: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAttempt:
    purpose: str
    priority: int
    due_at: datetime
    for_follow_up: str | None = None
    """Kind of the new follow-up that the attempt keeps; its id becomes the proof of the request."""
    requested_by: str = ""
    """Or the older follow-up that it still keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One attempt settled: what `apply` writes."""

    attempt_id: str
    customer_id: str
    state: str
    """done or interrupted."""
    outcome: str
    cause: str
    error: str = ""
    ended_at: datetime
    call: Mapping[str, Any] = field(default_factory=dict)
    """Columns of the call row, when there was a call."""
    turns: tuple[Mapping[str, Any], ...] = ()
    """Columns of the turns, in order."""
    blocks: tuple[Mapping[str, Any], ...] = ()
    """Columns of what the guard stopped in the call."""
    promises: tuple[promises.NewPromise, ...] = ()
    """What was promised and heard."""
    customer: Mapping[str, Any] = field(default_factory=dict)
    """Columns of the customer that change."""
    tags: tuple[NewTag, ...] = ()
    follow_ups: tuple[NewFollowUp, ...] = ()
    suppression: Suppression | None = None
    case: NewCase | None = None
    """The complaint that was heard."""
    next_attempt: NextAttempt | None = None
    keeps: str = ""
    """Id of the follow-up that this attempt kept, now done."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """For the outbox."""


async def apply(session: AsyncSession, settlement: Settlement) -> bool:
    """Write it all. False, and nothing written, when the attempt is not under way any more."""
    now = settlement.ended_at
    closed = await session.exec(
        update(Attempt)
        .where(col(Attempt.id) == settlement.attempt_id, col(Attempt.state).in_(ledger.OPEN))
        .values(
            state=settlement.state,
            outcome=settlement.outcome,
            cause=settlement.cause,
            error=settlement.error,
            ended_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    if closed.rowcount != 1:
        return False
    await _write_call(session, settlement)
    if settlement.customer:
        await session.exec(
            update(Customer)
            .where(col(Customer.id) == settlement.customer_id)
            .values(**settlement.customer, updated_at=now)
            .execution_options(synchronize_session=False)
        )
    if {"no_touch_until", "complaint_pause_until"} & settlement.customer.keys():
        await outbox.withdraw(
            session, [settlement.customer_id], because="paused", spare=("requested",)
        )  # R139, R168
    for tag in settlement.tags:
        await write_tag(session, settlement.customer_id, tag, now)
    await _close_kept(session, settlement)
    written = await _write_follow_ups(session, settlement)
    await promises.write(
        session,
        settlement.promises,
        customer_id=settlement.customer_id,
        attempt_id=settlement.attempt_id,
        call_id=await _call_id(session, settlement),
        follow_ups=written,
        now=now,
    )
    await promises.follow_through(session, now, attempt_id=settlement.attempt_id)
    if settlement.case is not None:
        call_id = await _call_id(session, settlement)
        await open_case(
            session,
            settlement.case,
            customer_id=settlement.customer_id,
            attempt_id=settlement.attempt_id,
            call_id=call_id,
            now=now,
        )
    if settlement.suppression is not None:
        phone_hash = (
            await session.exec(select(Customer.phone_hash).where(col(Customer.id) == settlement.customer_id))
        ).one()
        await blacklist(
            session,
            phone_hash=phone_hash,
            scope=settlement.suppression.scope,
            words=settlement.suppression.words,
            source=settlement.attempt_id,
            at=now,
        )
    await outbox.enqueue(
        session,
        key=f"{settlement.attempt_id}:{settlement.outcome}",
        kind=outbox.Kind.ATTEMPT_SETTLED,
        payload=settlement.payload,
        customer_id=settlement.customer_id,
        now=now,
    )
    await session.flush()
    await session.exec(
        update(JournalRow)
        .where(col(JournalRow.attempt_id) == settlement.attempt_id)
        .values(settled=True)
        .execution_options(synchronize_session=False)
    )
    if settlement.next_attempt is not None:
        await _write_next(session, settlement, settlement.next_attempt, written)
    return True


async def _write_call(session: AsyncSession, settlement: Settlement) -> None:
    call_id = await _call_id(session, settlement)
    if call_id is None:
        return
    await session.exec(
        update(Call)
        .where(col(Call.id) == call_id)
        .values(outcome=settlement.outcome, ended_at=settlement.ended_at, **settlement.call)
        .execution_options(synchronize_session=False)
    )
    session.add_all(
        CallTurn(call_id=call_id, position=position, **turn) for position, turn in enumerate(settlement.turns)
    )
    session.add_all(
        GuardBlockRow(call_id=call_id, customer_id=settlement.customer_id, **block)
        for block in settlement.blocks
    )
    session.add(
        Event(
            customer_id=settlement.customer_id,
            kind="conversation",
            at=settlement.ended_at,
            note=settlement.outcome,
            data={"attempt_id": settlement.attempt_id, "call_id": call_id},
        )
    )
    await session.flush()


async def _call_id(session: AsyncSession, settlement: Settlement) -> str | None:
    found = await session.exec(select(Call.id).where(col(Call.attempt_id) == settlement.attempt_id))
    return found.first()


async def write_tag(session: AsyncSession, customer_id: str, tag: NewTag, now: datetime) -> None:
    """Set one tag of one customer; it has one value at a time."""
    values: dict[str, Any] = {"value": tag.value, "rule": tag.rule, "evidence": dict(tag.evidence), "at": now}
    changed = await session.exec(
        update(Tag)
        .where(col(Tag.customer_id) == customer_id, col(Tag.name) == tag.name)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount == 0:
        session.add(Tag(customer_id=customer_id, name=tag.name, **values))
        await session.flush()


async def _close_kept(session: AsyncSession, settlement: Settlement) -> None:
    """The attempt was the retry that waited, and may have kept a promise."""
    await session.exec(
        update(FollowUp)
        .where(
            col(FollowUp.customer_id) == settlement.customer_id,
            col(FollowUp.kind) == "retry_later",
            col(FollowUp.state) == "open",
        )
        .values(state="done", closed_by="system", closed_at=settlement.ended_at)
        .execution_options(synchronize_session=False)
    )
    if settlement.keeps:
        await session.exec(
            update(FollowUp)
            .where(col(FollowUp.id) == settlement.keeps, col(FollowUp.state) == "open")
            .values(state="done", closed_by="system", closed_at=settlement.ended_at)
            .execution_options(synchronize_session=False)
        )
        await promises.kept_by_call(session, settlement.keeps, settlement.attempt_id, settlement.ended_at)


async def _write_follow_ups(session: AsyncSession, settlement: Settlement) -> dict[str, str]:
    """The ids of the new follow-ups by kind."""
    ids: dict[str, str] = {}
    for follow_up in settlement.follow_ups:
        row = FollowUp(
            id=new_id(),
            customer_id=settlement.customer_id,
            attempt_id=settlement.attempt_id,
            kind=follow_up.kind,
            leading=follow_up.leading,
            owner=follow_up.owner,
            due_at=follow_up.due_at,
            state=follow_up.state,
            closed_by="" if follow_up.state == "open" else follow_up.closed_by,
            closed_at=None if follow_up.state == "open" else settlement.ended_at,
            note=follow_up.note,
            detail=dict(follow_up.detail),
            created_at=settlement.ended_at,
        )
        session.add(row)
        ids[follow_up.kind] = row.id
    await session.flush()
    return ids


async def _write_next(
    session: AsyncSession, settlement: Settlement, following: NextAttempt, written: Mapping[str, str]
) -> None:
    batch_id = (
        await session.exec(select(Attempt.batch_id).where(col(Attempt.id) == settlement.attempt_id))
    ).one()
    await ledger.enqueue(
        session,
        batch_id=batch_id,
        customer_id=settlement.customer_id,
        purpose=following.purpose,
        priority=following.priority,
        due_at=following.due_at,
        now=settlement.ended_at,
        requested_by=written.get(following.for_follow_up or "", following.requested_by),
    )
