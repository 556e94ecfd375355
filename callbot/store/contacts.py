"""The facts about a contact that the permit asks for, read for many people at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, cast, exists, null, union_all
from sqlalchemy.orm import load_only
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store import outbox
from callbot.store.tables import (
    Attempt,
    Batch,
    BatchMember,
    Consent,
    Customer,
    DoNotContact,
    Event,
    FollowUp,
    Outbox,
    Purchase,
)
from callbot.store.types import UtcDateTime

_MEMORY = timedelta(days=31)
"""Longer than the longest cap looks back."""
_ASKED: tuple[Any, ...] = (
    col(Customer.industry),
    col(Customer.phone_hash),
    col(Customer.timezone),
    col(Customer.number_valid),
    col(Customer.own_enquiry_at),
    col(Customer.no_touch_until),
    col(Customer.complaint_pause_until),
)
HUMAN_CALL = "human_call"
"""Kind of the event that records a call made by a human."""
_MESSAGE = "message.send"
_CHUNK = 1000
"""Ids in one statement, below the parameter limits of both databases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """What the store knows about one customer of one batch."""

    customer: Customer
    batch_state: str | None
    hold_out: bool | None
    """None for somebody who is not a member of the batch."""
    do_not_contact: frozenset[str]
    consents: tuple[Consent, ...]
    contract: bool
    attempts_at: tuple[datetime, ...]
    """Calls, calls by humans and messages on any channel, without calls that the network lost."""
    answered_at: tuple[datetime, ...]
    """Answered calls, those by humans among them."""
    starts_on: date | None = None
    ends_on: date | None = None
    """First and last day of the batch."""


async def facts(
    session: AsyncSession, batch_id: str, customer_ids: Sequence[str], now: datetime, *, lean: bool = False
) -> dict[str, ContactFacts]:
    """Facts by customer id; an id that does not exist is missing from the answer.

    `lean` reads only those columns of the customer that the permit asks for: for many people at once.
    """
    found: dict[str, ContactFacts] = {}
    batch = await session.get(Batch, batch_id)
    for start in range(0, len(customer_ids), _CHUNK):
        ids = customer_ids[start : start + _CHUNK]
        found.update(await _chunk(session, batch, ids, now, lean))
    return found


async def _chunk(
    session: AsyncSession, batch: Batch | None, ids: Sequence[str], now: datetime, lean: bool
) -> dict[str, ContactFacts]:
    people = await _people(session, batch, ids, lean)
    scopes = await _refused(session, ids)
    consents: dict[str, list[Consent]] = defaultdict(list)
    for consent in (await session.exec(select(Consent).where(col(Consent.customer_id).in_(ids)))).all():
        consents[consent.customer_id].append(consent)
    attempts: dict[str, list[datetime]] = defaultdict(list)
    answered: dict[str, list[datetime]] = defaultdict(list)
    for customer_id, began, picked_up in await _contacts_made(session, ids, now - _MEMORY):
        if began is not None:
            attempts[customer_id].append(began)
        if picked_up is not None:
            answered[customer_id].append(picked_up)
    return {
        person.id: ContactFacts(
            customer=person,
            batch_state=batch.state if batch else None,
            hold_out=hold_out,
            do_not_contact=frozenset(scopes[person.id]),
            consents=tuple(consents[person.id]),
            contract=contract,
            attempts_at=tuple(sorted(attempts[person.id])),
            answered_at=tuple(sorted(answered[person.id])),
            starts_on=batch.starts_on if batch else None,
            ends_on=batch.ends_on if batch else None,
        )
        for person, hold_out, contract in people
    }


async def _people(
    session: AsyncSession, batch: Batch | None, ids: Sequence[str], lean: bool
) -> Sequence[tuple[Customer, bool | None, bool]]:
    """Each with whether the batch holds them out, None for nobody of its members, and whether they bought."""
    member = and_(
        col(BatchMember.customer_id) == col(Customer.id),
        col(BatchMember.batch_id) == (batch.id if batch else None),
    )
    bought = exists().where(col(Purchase.customer_id) == col(Customer.id))
    wanted = (
        select(Customer, BatchMember.hold_out, bought)
        .outerjoin(BatchMember, member)
        .where(col(Customer.id).in_(ids))
        .execution_options(populate_existing=True)
    )
    return (await session.exec(wanted.options(load_only(*_ASKED)) if lean else wanted)).all()


async def _refused(session: AsyncSession, ids: Sequence[str]) -> dict[str, set[str]]:
    """Scopes in force for the number of each of these people."""
    scopes: dict[str, set[str]] = defaultdict(set)
    rows = await session.exec(
        select(Customer.id, DoNotContact.scope)
        .join(DoNotContact, col(DoNotContact.phone_hash) == col(Customer.phone_hash))
        .where(col(Customer.id).in_(ids), col(DoNotContact.lifted_at).is_(None))
    )
    for customer_id, scope in rows.all():
        scopes[customer_id].add(scope)
    return scopes


async def _contacts_made(
    session: AsyncSession, ids: Sequence[str], since: datetime
) -> Sequence[tuple[str, datetime | None, datetime | None]]:
    """Calls, calls by humans and messages: whom, when it began, None for a call that the network lost, and
    when it was answered."""
    unanswered = cast(null(), UtcDateTime)
    lost = col(Attempt.cause).is_not_distinct_from("network")
    calls = select(
        col(Attempt.customer_id),
        case((lost, unanswered), else_=col(Attempt.dialing_at)).label("began"),
        col(Attempt.answered_at),
    ).where(col(Attempt.customer_id).in_(ids), col(Attempt.dialing_at) > since)
    human = select(col(Event.customer_id), col(Event.at), col(Event.at)).where(
        col(Event.customer_id).in_(ids), col(Event.at) > since, col(Event.kind) == HUMAN_CALL
    )
    messages = select(col(Outbox.customer_id), col(Outbox.created_at), unanswered).where(
        col(Outbox.customer_id).in_(ids),
        col(Outbox.created_at) > since,
        col(Outbox.kind) == _MESSAGE,
        col(Outbox.state).not_in(("unwanted", "withdrawn")),
    )
    rows: Sequence[Any] = (await session.execute(union_all(calls, human, messages))).all()
    return rows


async def lock_customer(session: AsyncSession, customer_id: str) -> None:
    """Hold everybody else off this person until the transaction ends.

    PostgreSQL locks the row; SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    await session.exec(select(Customer.id).where(col(Customer.id) == customer_id).with_for_update())


async def lock_customers(session: AsyncSession, customer_ids: Sequence[str]) -> None:
    """Hold everybody else off these people; taken in the order of ids, so that two callers never deadlock."""
    await session.exec(
        select(Customer.id)
        .where(col(Customer.id).in_(customer_ids))
        .order_by(col(Customer.id))
        .with_for_update()
    )


async def open_request(session: AsyncSession, follow_up_id: str, customer_id: str) -> bool:
    """Does this follow-up still wait to be kept?"""
    row = await session.exec(
        select(FollowUp.id).where(
            col(FollowUp.id) == follow_up_id,
            col(FollowUp.customer_id) == customer_id,
            col(FollowUp.state) == "open",
        )
    )
    return row.first() is not None


async def blacklist(
    session: AsyncSession, *, phone_hash: str, scope: str, words: str, source: str, at: datetime
) -> None:
    """Add a number to the do-not-contact list, unless a row that says as much is in force already.

    With the scope `all`, messages that wait for these people are called back (R170).
    """
    known = await session.exec(
        select(DoNotContact.id).where(
            col(DoNotContact.phone_hash) == phone_hash,
            col(DoNotContact.lifted_at).is_(None),
            or_(col(DoNotContact.scope) == "all", col(DoNotContact.scope) == scope),
        )
    )
    if known.first() is None:
        session.add(DoNotContact(phone_hash=phone_hash, scope=scope, words=words, source=source, at=at))
        await session.flush()
    if scope == "all":
        people = await session.exec(select(Customer.id).where(col(Customer.phone_hash) == phone_hash))
        await outbox.withdraw(session, people.all(), because="do_not_contact")


async def opted_out(
    session: AsyncSession, customer_id: str, *, scope: str, words: str, source: str, at: datetime
) -> None:
    """A customer answered a message with "stop": their number goes on the do-not-contact list."""
    phone_hash = (await session.exec(select(Customer.phone_hash).where(col(Customer.id) == customer_id))).one()
    await blacklist(session, phone_hash=phone_hash, scope=scope, words=words, source=source, at=at)
