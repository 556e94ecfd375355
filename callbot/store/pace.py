"""What paces the dialling, shared by all processes: the desk's figures, the trunks, and what ended lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.ledger import OPEN
from callbot.store.tables import Agent, Attempt, Call, DeskPace, FollowUp, JournalRow, Transfer, Trunk

_DESK = "desk"
_HOLD = (
    select(DeskPace)
    .where(col(DeskPace.id) == _DESK)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_UNDER_WAY = (
    select(Attempt.batch_id, func.count()).where(col(Attempt.state).in_(OPEN)).group_by(col(Attempt.batch_id))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRows:
    """The desk as the tables have it."""

    agents: tuple[tuple[str, tuple[str, ...]], ...]
    """Presence and skills of everybody who is not offline."""
    calls: int
    transfers: dict[str, int]
    """Of those calls that asked for a human, how many needed which skill."""
    owed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedLately:
    """Attempts that ended since a moment."""

    attempts: int
    failures: int
    answered: int
    hang_ups: int
    complaints: int


async def hold(session: AsyncSession) -> DeskPace:
    """The desk's row, held until the transaction ends: nobody else counts calls under way meanwhile."""
    row = (await session.exec(_HOLD)).first()
    if row is None:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        await session.exec(dialect.insert(DeskPace).values(id=_DESK, figures={}).on_conflict_do_nothing())
        row = (await session.exec(_HOLD)).one()
    return row


async def desk(session: AsyncSession, *, latest_calls: int) -> DeskRows:
    """Who is signed in, how many of the latest answered calls asked for a human, and what humans owe."""
    agents = (
        await session.exec(select(Agent.presence, Agent.skills).where(col(Agent.presence) != "offline"))
    ).all()
    recent = select(col(Call.id)).order_by(col(Call.started_at).desc()).limit(latest_calls).subquery()
    calls = (await session.exec(select(func.count()).select_from(recent))).one()
    asked = await session.exec(
        select(Transfer.skill, func.count(func.distinct(Transfer.call_id)))
        .where(col(Transfer.call_id).in_(select(recent.c.id)))
        .group_by(col(Transfer.skill))
    )
    owed = await session.exec(
        select(func.count()).where(
            col(FollowUp.state) == "open", col(FollowUp.owner) != "system", col(FollowUp.kind) != "retry_later"
        )
    )
    return DeskRows(
        agents=tuple(
            (presence, tuple(skill for skill, level in skills.items() if level)) for presence, skills in agents
        ),
        calls=calls,
        transfers=dict(asked.all()),
        owed=owed.one(),
    )


async def under_way(session: AsyncSession) -> dict[str, int]:
    """Attempts at which a telephone may be ringing or somebody may be talking, by batch."""
    return dict((await session.exec(_UNDER_WAY)).all())


async def bridged(session: AsyncSession) -> int:
    """Attempts under way that a human has taken."""
    rows = await session.exec(
        select(func.count(func.distinct(Attempt.id)))
        .select_from(Attempt)
        .join(Call, col(Call.attempt_id) == col(Attempt.id))
        .join(Transfer, col(Transfer.call_id) == col(Call.id))
        .where(col(Attempt.state) == "in_call", col(Transfer.state) == "connected")
    )
    return rows.one()


async def trunk(session: AsyncSession, name: str) -> Trunk:
    """The row of a trunk, made at its first use."""
    row = await session.get(Trunk, name, populate_existing=True)
    if row is None:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        await session.exec(
            dialect.insert(Trunk)
            .values(name=name, free_at=datetime(2000, 1, 1, tzinfo=UTC))
            .on_conflict_do_nothing()
        )
        row = await session.get_one(Trunk, name)
    return row


async def watch_trunks_from(session: AsyncSession, batch_id: str, now: datetime) -> None:
    """The breaker counts anew on every trunk that this batch used in the last day."""
    for name in await trunks_of(session, batch_id, since=now - timedelta(days=1)):
        row = await trunk(session, name)
        row.watched_from = now
        session.add(row)
    await session.flush()


async def ended_lately(
    session: AsyncSession, *, since: datetime, early_ms: int, batch_id: str = "", trunk: str = ""
) -> EndedLately:
    """What came of the attempts of a batch, or on a trunk, that ended after `since`."""
    failed = or_(
        col(Attempt.cause).in_(("network", "carrier-unknown", "no-media")), col(Attempt.outcome) == "network"
    )
    answered = col(Attempt.answered_at).is_not(None)
    hung_up = exists().where(
        col(Call.attempt_id) == col(Attempt.id),
        col(Call.ended_by) == "callee",
        col(Call.duration_ms) < early_ms,
    )
    complained = or_(
        col(Attempt.outcome) == "do_not_call",
        exists().where(
            col(JournalRow.attempt_id) == col(Attempt.id),
            col(JournalRow.kind).in_(("do_not_call", "complaint")),
        ),
    )

    def times(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    statement: Any = select(  # type: ignore[call-overload]
        func.count(),
        times(failed),
        times(answered),
        times(and_(answered, hung_up)),
        times(and_(answered, complained)),
    ).where(col(Attempt.ended_at) > since, col(Attempt.state).in_(("done", "interrupted")))
    if batch_id:
        statement = statement.where(col(Attempt.batch_id) == batch_id)
    if trunk:
        statement = statement.where(col(Attempt.trunk) == trunk)
    attempts, failures, picked_up, hang_ups, complaints = (await session.exec(statement)).one()
    return EndedLately(
        attempts=attempts,
        failures=int(failures),
        answered=int(picked_up),
        hang_ups=int(hang_ups),
        complaints=int(complaints),
    )


async def trunks_of(session: AsyncSession, batch_id: str, *, since: datetime) -> Sequence[str]:
    """Trunks on which attempts of this batch ended after `since`."""
    rows = await session.exec(
        select(Attempt.trunk)
        .where(col(Attempt.ended_at) > since, col(Attempt.batch_id) == batch_id, col(Attempt.trunk) != "")
        .distinct()
    )
    return rows.all()


async def trunk_watched_from(session: AsyncSession, name: str) -> datetime | None:
    """Since when the breaker counts on this trunk."""
    row = await session.get(Trunk, name)
    return row.watched_from if row else None
