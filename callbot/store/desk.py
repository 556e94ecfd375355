"""The desk's memory in SQL: offers and agents, each change one guarded UPDATE whose row count decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.cases import raise_alarm
from callbot.store.database import Database
from callbot.store.tables import Agent, Transfer
from handoff.offer import OfferState, TransferOffer, WrapUp
from handoff.presence import CHOOSABLE_FROM, MISSED, SUPERVISOR, AgentStatus, Presence, may_choose
from handoff.store import DeskStore, Talked, Unplaced

TRANSFER_LATE = "transfer_late"
"""The alarm about a customer who waits longer for a human than promised."""
_OPEN = (OfferState.OFFERED, OfferState.RINGING, OfferState.ACCEPTED)
_LIVE = (*_OPEN, OfferState.CONNECTED)
_HELD = (Presence.RINGING, Presence.BUSY, Presence.WRAP_UP)
_RESULT = {OfferState.FAILED: "bridge_failed", OfferState.ABANDONED: "callee_left"}


class SqlDeskStore(DeskStore):
    """`DeskStore` on the tables `transfer` and `agent`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start_over(self, desk: str, now: datetime) -> None:
        async with self._database.write() as session:
            await session.exec(
                update(Agent)
                .where(col(Agent.desk) == desk, col(Agent.presence) != Presence.OFFLINE)
                .values(presence=Presence.OFFLINE, reason="", since=now, idle_since=None)
            )
            await session.exec(
                update(Transfer)
                .where(col(Transfer.desk) == desk, col(Transfer.state).in_(_LIVE))
                .values(state=OfferState.FAILED, result="bridge_failed", ended_at=now)
            )
            await session.exec(
                update(Transfer)
                .where(col(Transfer.desk) == desk, col(Transfer.state) == OfferState.WRAP_UP)
                .values(state=OfferState.DONE)
            )

    async def sign_in(self, agent: AgentStatus, now: datetime) -> AgentStatus:
        async with self._database.write() as session:
            theirs = col(Transfer.agent_id) == agent.id
            await session.exec(
                update(Transfer)
                .where(theirs, col(Transfer.state) == OfferState.RINGING)
                .values(state=OfferState.OFFERED, agent_id=None)
            )
            held = theirs & col(Transfer.state).in_((OfferState.ACCEPTED, OfferState.CONNECTED))
            await session.exec(
                update(Transfer)
                .where(held, col(Transfer.desk) != agent.desk)
                .values(state=OfferState.FAILED, result="bridge_failed", ended_at=now)
            )
            busy = (await session.exec(select(Transfer.id).where(held))).first() is not None
            presence = Presence.BUSY if busy else agent.presence
            row = await session.get(Agent, agent.id, with_for_update=True)
            if row is None:
                row = Agent(id=agent.id, name=agent.name, skills=dict(agent.skills), capacity=agent.capacity)
            row.name, row.desk = agent.name, agent.desk
            row.presence, row.reason, row.since = presence, agent.reason, now
            row.idle_since = _idle_since(presence, now)
            session.add(row)
            await session.flush()
            return _status(row)

    async def equip(self, agent_id: str, skills: Mapping[str, int], capacity: int) -> bool:
        async with self._database.write() as session:
            changed = await session.exec(
                update(Agent).where(col(Agent.id) == agent_id).values(skills=dict(skills), capacity=capacity)
            )
            return changed.rowcount == 1

    async def sign_out(self, agent_id: str, desk: str, now: datetime) -> None:
        async with self._database.write() as session:
            gone = await session.exec(
                update(Agent)
                .where(col(Agent.id) == agent_id, col(Agent.desk) == desk)
                .values(presence=Presence.OFFLINE, reason="", since=now, idle_since=None)
            )
            if gone.rowcount == 1:
                await session.exec(
                    update(Transfer)
                    .where(col(Transfer.agent_id) == agent_id, col(Transfer.state) == OfferState.RINGING)
                    .values(state=OfferState.OFFERED, agent_id=None)
                )

    async def agents(self) -> Sequence[AgentStatus]:
        async with self._database.read() as session:
            rows = (await session.exec(select(Agent).order_by(Agent.id))).all()
        return tuple(map(_status, rows))

    async def choose_presence(self, agent_id: str, presence: Presence, now: datetime, reason: str = "") -> bool:
        before = [state for state in CHOOSABLE_FROM if may_choose(state, presence)]
        async with self._database.write() as session:
            current = (await session.exec(select(Agent.presence).where(col(Agent.id) == agent_id))).first()
            if current is None or current not in before:
                return False
            if current == presence == Presence.AVAILABLE:
                return True
            return await _set(session, agent_id, presence, now, before=before, reason=reason)

    async def open(self, offer: TransferOffer, now: datetime, *, desk: str = "", sla_s: float = 0.0) -> None:
        async with self._database.write() as session:
            older = await session.exec(
                select(Transfer.id).where(
                    col(Transfer.customer_id) == offer.customer_id, col(Transfer.state).in_(_LIVE)
                )
            )
            for known in older.all():
                if await _move(
                    session, known, _LIVE, state=OfferState.FAILED, result="bridge_failed", ended_at=now
                ):
                    await _free(session, known, Presence.AVAILABLE, now)
            session.add(
                Transfer(
                    id=offer.id,
                    call_id=offer.call_id,
                    customer_id=offer.customer_id,
                    reason=offer.reason,
                    skill=offer.skill,
                    priority=offer.priority,
                    state=OfferState.OFFERED,
                    desk=desk,
                    sla_s=sla_s,
                    brief=_plain(asdict(offer.brief)),
                    offered_at=now,
                )
            )

    async def escalate(self, offer_id: str, level: int, now: datetime) -> bool:
        async with self._database.write() as session:
            raised = await session.exec(
                update(Transfer)
                .where(
                    col(Transfer.id) == offer_id,
                    col(Transfer.state).in_(_OPEN),
                    col(Transfer.escalation) < level,
                )
                .values(escalation=level, escalated_at=now)
                .execution_options(synchronize_session=False)
            )
            if raised.rowcount != 1:
                return False
            row = await session.get(Transfer, offer_id, populate_existing=True)
            if level >= 2 and row is not None:
                await raise_alarm(
                    session,
                    kind=TRANSFER_LATE,
                    about=offer_id,
                    customer_id=row.customer_id,
                    owner=SUPERVISOR,
                    due_at=row.offered_at + timedelta(seconds=row.sla_s),
                    now=now,
                )
            return True

    async def ring(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        try:
            async with self._database.write() as session:
                if await _ring_agent(session, agent_id, now) and await _move(
                    session,
                    offer_id,
                    [OfferState.OFFERED],
                    state=OfferState.RINGING,
                    agent_id=agent_id,
                    ringing_at=now,
                ):
                    return True
                await session.rollback()
                return False
        except IntegrityError:  # the index knows of another customer of theirs
            return False

    async def accept(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        try:
            async with self._database.write() as session:
                won = await _move(
                    session,
                    offer_id,
                    [OfferState.RINGING],
                    agent_id,
                    state=OfferState.ACCEPTED,
                    accepted_at=now,
                )
                if won:
                    await _set(session, agent_id, Presence.BUSY, now)
                return won
        except IntegrityError:  # the customer has another agent already
            return False

    async def take(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        try:
            async with self._database.write() as session:
                return await _move(
                    session,
                    offer_id,
                    [OfferState.OFFERED],
                    state=OfferState.ACCEPTED,
                    agent_id=agent_id,
                    accepted_at=now,
                )
        except IntegrityError:
            return False

    async def decline(self, offer_id: str, agent_id: str, reason: str, now: datetime) -> bool:
        async with self._database.write() as session:
            moved = await _move(
                session,
                offer_id,
                [OfferState.RINGING],
                agent_id,
                state=OfferState.OFFERED,
                agent_id=None,
                declined_reason=reason,
            )
            if moved:
                await _set(session, agent_id, Presence.AVAILABLE, now)
            return moved

    async def miss(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        async with self._database.write() as session:
            moved = await _move(
                session, offer_id, [OfferState.RINGING], agent_id, state=OfferState.OFFERED, agent_id=None
            )
            if moved:
                await _set(session, agent_id, Presence.BREAK, now, reason=MISSED)
            return moved

    async def connect(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        async with self._database.write() as session:
            return await _move(
                session, offer_id, [OfferState.ACCEPTED], agent_id, state=OfferState.CONNECTED, connected_at=now
            )

    async def give_up(self, offer_id: str, result: Unplaced, now: datetime) -> bool:
        before = (OfferState.OFFERED, OfferState.ACCEPTED)
        return await self._let_go(offer_id, before, OfferState(result), Presence.AVAILABLE, now)

    async def abandon(self, offer_id: str, now: datetime) -> bool:
        return await self._let_go(offer_id, _OPEN, OfferState.ABANDONED, Presence.AVAILABLE, now)

    async def end(self, offer_id: str, now: datetime, result: Talked = "connected") -> bool:
        async with self._database.write() as session:
            moved = await _move(
                session,
                offer_id,
                [OfferState.CONNECTED],
                state=OfferState.WRAP_UP,
                ended_at=now,
                result=result,
            )
            if moved:
                await _free(session, offer_id, Presence.WRAP_UP, now)
            return moved

    async def finish(self, offer_id: str, form: WrapUp, now: datetime) -> bool:
        async with self._database.write() as session:
            moved = await _move(
                session, offer_id, [OfferState.WRAP_UP], state=OfferState.DONE, wrap_up=_plain(asdict(form))
            )
            if moved:
                await _free(session, offer_id, Presence.AVAILABLE, now, before=(Presence.WRAP_UP,))
            return moved

    async def amend(self, offer_id: str, agent_id: str, form: WrapUp) -> bool:
        async with self._database.write() as session:
            return await _move(session, offer_id, [OfferState.DONE], agent_id, wrap_up=_plain(asdict(form)))

    async def _let_go(
        self,
        offer_id: str,
        before: Collection[OfferState],
        after: OfferState,
        presence: Presence,
        now: datetime,
    ) -> bool:
        async with self._database.write() as session:
            result = _RESULT.get(after, after.value)
            moved = await _move(session, offer_id, before, state=after, result=result, ended_at=now)
            if moved:
                await _free(session, offer_id, presence, now)
            return moved


async def _move(
    session: AsyncSession,
    offer_id: str,
    before: Collection[OfferState],
    held_by: str | None = None,
    /,
    **values: Any,
) -> bool:
    """Change the offer if it is in one of the states, and held by the agent where one is named."""
    statement = update(Transfer).where(col(Transfer.id) == offer_id, col(Transfer.state).in_(before))
    if held_by is not None:
        statement = statement.where(col(Transfer.agent_id) == held_by)
    result = await session.exec(statement.values(**values).execution_options(synchronize_session=False))
    return result.rowcount == 1


async def _ring_agent(session: AsyncSession, agent_id: str, now: datetime) -> bool:
    """available → ringing, or for somebody with room for two wrap_up → ringing."""
    result = await session.exec(
        update(Agent)
        .where(
            col(Agent.id) == agent_id,
            or_(
                col(Agent.presence) == Presence.AVAILABLE,
                (col(Agent.presence) == Presence.WRAP_UP) & (col(Agent.capacity) > 1),
            ),
        )
        .values(presence=Presence.RINGING, reason="", since=now, idle_since=None)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def _set(
    session: AsyncSession,
    agent_id: str,
    presence: Presence,
    now: datetime,
    *,
    before: Collection[Presence] = tuple(Presence),
    reason: str = "",
) -> bool:
    result = await session.exec(
        update(Agent)
        .where(col(Agent.id) == agent_id, col(Agent.presence).in_(before))
        .values(presence=presence, reason=reason, since=now, idle_since=_idle_since(presence, now))
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def _free(
    session: AsyncSession,
    offer_id: str,
    presence: Presence,
    now: datetime,
    *,
    before: Collection[Presence] = _HELD,
) -> None:
    """Move the agent who holds the offer on, unless they have left or hold another."""
    holder = (await session.exec(select(Transfer.agent_id).where(col(Transfer.id) == offer_id))).first()
    if holder is not None:
        await _set(session, holder, presence, now, before=before)


def _status(row: Agent) -> AgentStatus:
    return AgentStatus(
        id=row.id,
        name=row.name,
        skills=row.skills,
        presence=Presence(row.presence),
        reason=row.reason,
        since=row.since,
        idle_since=row.idle_since,
        capacity=row.capacity,
        desk=row.desk,
    )


def _idle_since(presence: Presence, now: datetime) -> datetime | None:
    return now if presence is Presence.AVAILABLE else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Ready for a JSON column."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
