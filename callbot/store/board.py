"""What runs at this moment, in a few queries: calls, batches, the desk, alarms, figures of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.cases import ListedAlarm, alarms
from callbot.store.follow_ups import SYSTEM
from callbot.store.intake import PAST_CALLS
from callbot.store.tables import Agent, Alarm, Attempt, Batch, BatchMember, Call, Customer, FollowUp, Transfer

_MOST_ALARMS = 50
_OPEN_TRANSFERS = ("offered", "ringing", "accepted", "connected", "wrap_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCall:
    """A customer who is being called or spoken with."""

    attempt_id: str
    call_id: str | None
    batch_id: str
    customer_id: str
    name: str
    phone_masked: str
    state: str
    """dialing or in_call."""
    dialing_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNow:
    """A batch that runs or pauses, by the states of its attempts."""

    batch_id: str
    name: str
    state: str
    lines: int
    paused_because: str
    queued: int
    dialing: int
    in_call: int
    done: int
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTransfer:
    """Somebody who is with the desk or on the way there."""

    transfer_id: str
    call_id: str
    customer_id: str
    name: str
    phone_masked: str
    reason: str
    state: str
    agent_id: str | None
    offered_at: datetime
    connected_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of the attempts that ended since a moment."""

    since: datetime
    ended: int
    answered: int
    outcomes: dict[str, int]
    overdue_follow_ups: int
    unseen_alarms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All of it, of one moment."""

    calls: tuple[RunningCall, ...]
    batches: tuple[BatchNow, ...]
    desk: tuple[Agent, ...]
    transfers: tuple[OpenTransfer, ...]
    alarms: tuple[ListedAlarm, ...]
    figures: Figures


async def board(session: AsyncSession, *, now: datetime, since: datetime) -> Board:
    """The board at `now`, with figures since a moment (the start of the day); all UTC."""
    return Board(
        calls=await _calls(session),
        batches=await _batches(session),
        desk=tuple((await session.exec(select(Agent).order_by(col(Agent.id)))).all()),
        transfers=await _transfers(session),
        alarms=tuple(await alarms(session, limit=_MOST_ALARMS)),
        figures=await _figures(session, now=now, since=since),
    )


async def _calls(session: AsyncSession) -> tuple[RunningCall, ...]:
    rows = await session.exec(
        select(Attempt, Customer.name, Customer.phone_masked, Call.id)
        .join(Customer, col(Customer.id) == col(Attempt.customer_id))
        .join(Call, col(Call.attempt_id) == col(Attempt.id), isouter=True)
        .where(col(Attempt.state).in_(("dialing", "in_call")))
        .order_by(col(Attempt.dialing_at), col(Attempt.id))
    )
    return tuple(
        RunningCall(
            attempt_id=attempt.id,
            call_id=call_id,
            batch_id=attempt.batch_id,
            customer_id=attempt.customer_id,
            name=name,
            phone_masked=phone,
            state=attempt.state,
            dialing_at=attempt.dialing_at,
            answered_at=attempt.answered_at,
        )
        for attempt, name, phone, call_id in rows.all()
    )


async def _batches(session: AsyncSession) -> tuple[BatchNow, ...]:
    found: Sequence[Batch] = (
        await session.exec(
            select(Batch)
            .where(col(Batch.state).in_(("running", "paused")), col(Batch.id) != PAST_CALLS)
            .order_by(col(Batch.priority).desc(), col(Batch.created_at), col(Batch.id))
        )
    ).all()
    ids = [batch.id for batch in found]
    states: dict[tuple[str, str], int] = {}
    members: dict[str, int] = {}
    if ids:
        for batch_id, state, many in (
            await session.exec(
                select(Attempt.batch_id, Attempt.state, func.count())
                .where(col(Attempt.batch_id).in_(ids))
                .group_by(col(Attempt.batch_id), col(Attempt.state))
            )
        ).all():
            states[(batch_id, state)] = many
        counted = await session.exec(
            select(BatchMember.batch_id, func.count())
            .where(col(BatchMember.batch_id).in_(ids))
            .group_by(col(BatchMember.batch_id))
        )
        members = dict(counted.all())
    return tuple(
        BatchNow(
            batch_id=batch.id,
            name=batch.name,
            state=batch.state,
            lines=batch.lines,
            paused_because=batch.paused_because,
            queued=states.get((batch.id, "queued"), 0),
            dialing=states.get((batch.id, "dialing"), 0),
            in_call=states.get((batch.id, "in_call"), 0),
            done=states.get((batch.id, "done"), 0) + states.get((batch.id, "interrupted"), 0),
            members=members.get(batch.id, 0),
        )
        for batch in found
    )


async def _transfers(session: AsyncSession) -> tuple[OpenTransfer, ...]:
    rows = await session.exec(
        select(Transfer, Customer.name, Customer.phone_masked)
        .join(Customer, col(Customer.id) == col(Transfer.customer_id))
        .where(col(Transfer.state).in_(_OPEN_TRANSFERS))
        .order_by(col(Transfer.offered_at), col(Transfer.id))
    )
    return tuple(
        OpenTransfer(
            transfer_id=row.id,
            call_id=row.call_id,
            customer_id=row.customer_id,
            name=name,
            phone_masked=phone,
            reason=row.reason,
            state=row.state,
            agent_id=row.agent_id,
            offered_at=row.offered_at,
            connected_at=row.connected_at,
        )
        for row, name, phone in rows.all()
    )


async def _figures(session: AsyncSession, *, now: datetime, since: datetime) -> Figures:
    ended = (
        await session.exec(
            select(Attempt.outcome, func.count(), func.count(col(Attempt.answered_at)))
            .where(col(Attempt.ended_at) >= since, col(Attempt.batch_id) != PAST_CALLS)
            .group_by(col(Attempt.outcome))
        )
    ).all()
    late = await session.exec(
        select(func.count())
        .select_from(FollowUp)
        .where(
            col(FollowUp.state).in_(("open", "claimed")),
            col(FollowUp.due_at) <= now,
            col(FollowUp.owner) != SYSTEM,
        )
    )
    unseen = await session.exec(
        select(func.count()).select_from(Alarm).where(col(Alarm.acknowledged_at).is_(None))
    )
    return Figures(
        since=since,
        ended=sum(many for _, many, _ in ended),
        answered=sum(answered for _, _, answered in ended),
        outcomes={str(outcome): many for outcome, many, _ in ended if outcome},
        overdue_follow_ups=late.one(),
        unseen_alarms=unseen.one(),
    )
