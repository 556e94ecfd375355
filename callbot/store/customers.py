"""Customers with their history, and what was concluded about them. Phones leave here masked or sealed only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col

from callbot.store.database import Database
from callbot.store.tables import Attempt, Consent, Customer, Event, Purchase, ScenarioPack, Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """One time the customer was phoned."""

    at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A customer with everything that happened, oldest first."""

    customer: Customer
    events: tuple[Event, ...]
    purchases: tuple[Purchase, ...]
    consents: tuple[Consent, ...]
    calls: tuple[Dialled, ...] = ()
    tags: tuple[Tag, ...] = ()
    """Only where they were asked for."""
    silence_rules: Mapping[str, int] = field(default_factory=dict)
    """Those of the scenario pack that is installed for their industry; empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """Which customers; an empty field does not restrict."""

    industry: str = ""
    brand: str = ""
    stages: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """All of them."""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagValue:
    """A tag with the rule and the figures behind it."""

    name: str
    rule: str
    value: str = ""
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What is kept of an assessment."""

    customer_id: str
    stage: str
    reason: str
    segment: str
    strategy: str
    priority: int
    assessment: Mapping[str, Any]
    """All of it, as JSON, for the customer's page."""
    tags: tuple[TagValue, ...]


async def list_customers(
    session: AsyncSession, which: CustomerFilter, *, limit: int = 100, offset: int = 0
) -> list[Customer]:
    """Customers by priority, the highest first."""
    statement = _where(select(Customer), which).order_by(col(Customer.priority).desc(), col(Customer.id))
    return list((await session.execute(statement.limit(limit).offset(offset))).scalars())


async def load_history(session: AsyncSession, customer_id: str, *, tags: bool = False) -> History | None:
    """One customer with everything that happened, as this transaction has stored it."""
    await session.flush()
    customer = await session.get(Customer, customer_id, populate_existing=True)
    return (await load_histories(session, [customer], tags=tags))[0] if customer else None


async def load_histories(
    session: AsyncSession, customers: Sequence[Customer], *, tags: bool = False
) -> list[History]:
    """The histories of some customers (up to a few thousand), in their order, with one query per table."""
    ids = [customer.id for customer in customers]
    events = await _by_customer(session, select(Event).where(col(Event.customer_id).in_(ids)))
    purchases = await _by_customer(session, select(Purchase).where(col(Purchase.customer_id).in_(ids)))
    consents = await _by_customer(session, select(Consent).where(col(Consent.customer_id).in_(ids)))
    calls = await _calls(session, ids)
    carried = await _by_customer(session, select(Tag).where(col(Tag.customer_id).in_(ids))) if tags else {}
    packs = await session.execute(select(col(ScenarioPack.industry), col(ScenarioPack.silence)))
    rules: dict[str, dict[str, int]] = {row[0]: row[1] for row in packs}
    return [
        History(
            customer=customer,
            events=tuple(events.get(customer.id, ())),
            purchases=tuple(purchases.get(customer.id, ())),
            consents=tuple(consents.get(customer.id, ())),
            calls=tuple(calls.get(customer.id, ())),
            tags=tuple(carried.get(customer.id, ())),
            silence_rules=rules.get(customer.industry, {}),
        )
        for customer in customers
    ]


async def every_history(
    database: Database, which: CustomerFilter | None = None, *, page: int = 500
) -> AsyncIterator[list[History]]:
    """All customers in pages, each page read in a transaction of its own; memory stays flat."""
    after = ""
    while True:
        async with database.read() as session:
            statement = _where(select(Customer), which or CustomerFilter()).where(col(Customer.id) > after)
            customers = list(
                (await session.execute(statement.order_by(col(Customer.id)).limit(page))).scalars()
            )
            if not customers:
                return
            histories = await load_histories(session, customers)
        yield histories
        after = customers[-1].id


async def id_pages(
    database: Database, which: CustomerFilter | None = None, *, page: int
) -> AsyncIterator[tuple[str, ...]]:
    """The ids of all customers in pages, by key, each page read in a transaction of its own."""
    which = which or CustomerFilter()
    named = sorted(set(which.ids))
    shares = [tuple(named[start : start + page]) for start in range(0, len(named), page)] or [()]
    for share in shares:
        after = ""
        while True:
            statement = _where(select(col(Customer.id)), replace(which, ids=share)).where(
                col(Customer.id) > after
            )
            async with database.read() as session:
                ids = tuple(await session.scalars(statement.order_by(col(Customer.id)).limit(page)))
            if ids:
                yield ids
                after = ids[-1]
            if len(ids) < page:
                break


async def histories_of(session: AsyncSession, ids: Sequence[str]) -> list[History]:
    """The histories of these customers (up to a few thousand), by key; unknown ids are passed over.

    They come without their last assessment, which is longer than all the rest and read by no rule.
    """
    statement = select(Customer).where(col(Customer.id).in_(ids)).order_by(col(Customer.id))
    unread: Any = Customer.assessment
    statement = statement.options(defer(unread, raiseload=True))
    return await load_histories(session, list((await session.execute(statement)).scalars()))


def _where(statement: Select[Any], which: CustomerFilter) -> Select[Any]:
    for column, value in ((Customer.industry, which.industry), (Customer.brand, which.brand)):
        if value:
            statement = statement.where(col(column) == value)
    for column, values in (
        (Customer.stage, which.stages),
        (Customer.reason, which.reasons),
        (Customer.segment, which.segments),
        (Customer.strategy, which.strategies),
        (Customer.id, which.ids),
    ):
        if values:
            statement = statement.where(col(column).in_(values))
    for name in which.tags:
        has = select(col(Tag.id)).where(col(Tag.customer_id) == col(Customer.id), col(Tag.name) == name)
        statement = statement.where(has.exists())
    return statement


async def _by_customer(session: AsyncSession, statement: Select[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in (await session.execute(statement)).scalars():
        found.setdefault(row.customer_id, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row.at, row.id))
    return found


async def _calls(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[Dialled]]:
    statement = select(col(Attempt.customer_id), col(Attempt.dialing_at), col(Attempt.answered_at)).where(
        col(Attempt.customer_id).in_(ids), col(Attempt.dialing_at).is_not(None)
    )
    found: dict[str, list[Dialled]] = {}
    for customer_id, at, answered_at in await session.execute(statement.order_by(col(Attempt.dialing_at))):
        if at is not None:
            found.setdefault(customer_id, []).append(Dialled(at=at, answered_at=answered_at))
    return found
