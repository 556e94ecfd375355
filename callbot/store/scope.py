"""Which rows belong to an agent: their transfers, their follow-ups, and the customers of these."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import Mapped
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.follow_ups import SYSTEM
from callbot.store.tables import Call, ComplaintCase, Customer, FollowUp, Transfer, User


def handed_call(agent: str, call_id: Mapped[str]) -> ColumnElement[bool]:
    """The call was offered to this agent, who has not declined it, or taken by them."""
    return exists().where(col(Transfer.call_id) == call_id, col(Transfer.agent_id) == agent)


def own_follow_up(agent: str) -> ColumnElement[bool]:
    return or_(col(FollowUp.owner) == agent, col(FollowUp.claimed_by) == agent)


def free_follow_up() -> ColumnElement[bool]:
    """A task of a desk that nobody has taken: neither callbot's own nor somebody's."""
    return and_(
        col(FollowUp.state) == "open",
        col(FollowUp.owner) != SYSTEM,
        ~exists().where(col(User.name) == col(FollowUp.owner)),
    )


def handed_customer(agent: str, customer_id: Mapped[str]) -> ColumnElement[bool]:
    """A customer whom this agent was handed, or has a task about, or is named for."""
    return or_(
        exists().where(col(Transfer.customer_id) == customer_id, col(Transfer.agent_id) == agent),
        exists().where(col(FollowUp.customer_id) == customer_id, own_follow_up(agent)),
        exists().where(col(ComplaintCase.customer_id) == customer_id, col(ComplaintCase.owner) == agent),
        exists().where(col(Customer.id) == customer_id, col(Customer.named_agent) == agent),
    )


def their_case(agent: str) -> ColumnElement[bool]:
    """A complaint they answer for, of a customer handed to them, or that waits at a desk for anybody."""
    return or_(
        col(ComplaintCase.owner) == agent,
        exists().where(
            col(Transfer.customer_id) == col(ComplaintCase.customer_id), col(Transfer.agent_id) == agent
        ),
        ~exists().where(col(User.name) == col(ComplaintCase.owner)),
    )


async def may_see_call(session: AsyncSession, agent: str | None, call_id: str) -> bool:
    """None as `agent` sees all."""
    if agent is None:
        return True
    found = await session.exec(select(Call.id).where(col(Call.id) == call_id, handed_call(agent, col(Call.id))))
    return found.first() is not None


async def may_see_customer(session: AsyncSession, agent: str | None, customer_id: str) -> bool:
    """None as `agent` sees all."""
    if agent is None:
        return True
    found = await session.exec(
        select(Customer.id).where(col(Customer.id) == customer_id, handed_customer(agent, col(Customer.id)))
    )
    return found.first() is not None


async def may_see_case(session: AsyncSession, agent: str | None, case_id: str) -> bool:
    """None as `agent` sees all."""
    mine = [] if agent is None else [their_case(agent)]
    found = await session.exec(select(ComplaintCase.id).where(col(ComplaintCase.id) == case_id, *mine))
    return found.first() is not None


async def may_work_on(session: AsyncSession, agent: str | None, follow_up_id: str) -> bool:
    """Their own task, or one that is free to take. None as `agent` may take all."""
    if agent is None:
        return True
    found = await session.exec(
        select(FollowUp.id).where(col(FollowUp.id) == follow_up_id, or_(own_follow_up(agent), free_follow_up()))
    )
    return found.first() is not None
