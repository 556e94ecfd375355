"""The desk's memory in SQL: offers and agents, each change one guarded UPDATE whose row count decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.database import Database
from callbot.store.tables import Agent, Transfer
from handoff.offer import OfferState, TransferOffer, WrapUp
from handoff.presence import CHOOSABLE_FROM, AgentStatus, Presence, may_choose
from handoff.store import DeskStore, Unplaced

_OPEN = (OfferState.OFFERED, OfferState.RINGING, OfferState.ACCEPTED)
_HELD = (Presence.RINGING, Presence.BUSY, Presence.WRAP_UP)


class SqlDeskStore(DeskStore):
    """`DeskStore` on the tables `transfer` and `agent`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start_over(self, now: datetime) -> None:
        async with self._database.write() as session:
            await session.exec(
                update(Agent)
                .where(col(Agent.presence) != Presence.OFFLINE)
                .values(presence=Presence.OFFLINE, idle_since=None)
            )
            await session.exec(
                update(Transfer)
                .where(col(Transfer.state).in_((*_OPEN, OfferState.CONNECTED)))
                .values(state=OfferState.FAILED, result=OfferState.FAILED, ended_at=now)
            )
            await session.exec(
                update(Transfer)
                .where(col(Transfer.state) == OfferState.WRAP_UP)
                .values(state=OfferState.DONE, result="connected")
            )

    async def sign_in(self, agent: AgentStatus, now: datetime) -> None:
        async with self._database.write() as session:
            await session.merge(
                Agent(
                    id=agent.id,
                    name=agent.name,
                    skills=dict(agent.skills),
                    presence=agent.presence,
                    idle_since=_idle_since(agent.presence, now),
                )
            )

    async def sign_out(self, agent_id: str, now: datetime) -> None:
        async with self._database.write() as session:
            await session.exec(
                update(Transfer)
                .where(col(Transfer.agent_id) == agent_id, col(Transfer.state) == OfferState.RINGING)
                .values(state=OfferState.OFFERED, agent_id=None)
            )
            await _set(session, agent_id, Presence.OFFLINE, now)

    async def agents(self) -> Sequence[AgentStatus]:
        async with self._database.read() as session:
            rows = (await session.exec(select(Agent).order_by(Agent.id))).all()
        return tuple(
            AgentStatus(
                id=row.id,
                name=row.name,
                skills=row.skills,
                presence=Presence(row.presence),
                idle_since=row.idle_since,
            )
            for row in rows
        )

    async def choose_presence(self, agent_id: str, presence: Presence, now: datetime) -> bool:
        before = [state for state in CHOOSABLE_FROM if may_choose(state, presence)]
        async with self._database.write() as session:
            current = (await session.exec(select(Agent.presence).where(col(Agent.id) == agent_id))).first()
            if current is None or current not in before:
                return False
            return current == presence or await _set(session, agent_id, presence, now, before=before)

    async def open(self, offer: TransferOffer, now: datetime) -> None:
        async with self._database.write() as session:
            session.add(
                Transfer(
                    id=offer.id,
                    call_id=offer.call_id,
                    customer_id=offer.customer_id,
                    reason=offer.reason,
                    skill=offer.skill,
                    priority=offer.priority,
                    state=OfferState.OFFERED,
                    brief=_plain(asdict(offer.brief)),
                    offered_at=now,
                )
            )

    async def ring(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        async with self._database.write() as session:
            if not await _set(session, agent_id, Presence.RINGING, now, before=[Presence.AVAILABLE]):
                return False
            if await _move(
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

    async def accept(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        async with self._database.write() as session:
            won = await _move(
                session, offer_id, [OfferState.RINGING], agent_id, state=OfferState.ACCEPTED, accepted_at=now
            )
            if won:
                await _set(session, agent_id, Presence.BUSY, now)
            return won

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
                await _set(session, agent_id, Presence.BREAK, now)
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

    async def end(self, offer_id: str, now: datetime) -> bool:
        async with self._database.write() as session:
            moved = await _move(
                session,
                offer_id,
                [OfferState.CONNECTED],
                state=OfferState.WRAP_UP,
                ended_at=now,
                result="connected",
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
                await _free(session, offer_id, Presence.AVAILABLE, now)
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
            moved = await _move(session, offer_id, before, state=after, result=after, ended_at=now)
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


async def _set(
    session: AsyncSession,
    agent_id: str,
    presence: Presence,
    now: datetime,
    *,
    before: Collection[Presence] = tuple(Presence),
) -> bool:
    result = await session.exec(
        update(Agent)
        .where(col(Agent.id) == agent_id, col(Agent.presence).in_(before))
        .values(presence=presence, idle_since=_idle_since(presence, now))
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


async def _free(session: AsyncSession, offer_id: str, presence: Presence, now: datetime) -> None:
    """Move the agent who holds the offer on, unless they have left."""
    holder = (await session.exec(select(Transfer.agent_id).where(col(Transfer.id) == offer_id))).first()
    if holder is not None:
        await _set(session, holder, presence, now, before=_HELD)


def _idle_since(presence: Presence, now: datetime) -> datetime | None:
    return now if presence is Presence.AVAILABLE else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Ready for a JSON column."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
