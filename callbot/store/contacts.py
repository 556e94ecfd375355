"""The facts about a contact that the permit asks for, read for many people at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

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
    wanted = select(Customer).where(col(Customer.id).in_(ids)).execution_options(populate_existing=True)
    people = (await session.exec(wanted.options(load_only(*_ASKED)) if lean else wanted)).all()
    members: dict[str, bool] = {}
    if batch is not None:
        rows = await session.exec(
            select(BatchMember.customer_id, BatchMember.hold_out).where(
                col(BatchMember.batch_id) == batch.id, col(BatchMember.customer_id).in_(ids)
            )
        )
        members = dict(rows.all())
    scopes: dict[str, set[str]] = defaultdict(set)
    hashes = [person.phone_hash for person in people]
    for phone_hash, scope in (
        await session.exec(
            select(DoNotContact.phone_hash, DoNotContact.scope).where(
                col(DoNotContact.phone_hash).in_(hashes), col(DoNotContact.lifted_at).is_(None)
            )
        )
    ).all():
        scopes[phone_hash].add(scope)
    consents: dict[str, list[Consent]] = defaultdict(list)
    for consent in (await session.exec(select(Consent).where(col(Consent.customer_id).in_(ids)))).all():
        consents[consent.customer_id].append(consent)
    bought = set(
        (
            await session.exec(
                select(Purchase.customer_id).where(col(Purchase.customer_id).in_(ids)).distinct()
            )
        ).all()
    )
    attempts: dict[str, list[datetime]] = defaultdict(list)
    answered: dict[str, list[datetime]] = defaultdict(list)
    for customer_id, dialled, picked_up, cause in (
        await session.exec(
            select(Attempt.customer_id, Attempt.dialing_at, Attempt.answered_at, Attempt.cause).where(
                col(Attempt.customer_id).in_(ids), col(Attempt.dialing_at) > now - _MEMORY
            )
        )
    ).all():
        if dialled is not None and cause != "network":
            attempts[customer_id].append(dialled)
        if picked_up is not None:
            answered[customer_id].append(picked_up)
    for customer_id, at in (
        await session.exec(
            select(Event.customer_id, Event.at).where(
                col(Event.customer_id).in_(ids), col(Event.at) > now - _MEMORY, col(Event.kind) == HUMAN_CALL
            )
        )
    ).all():
        attempts[customer_id].append(at)
        answered[customer_id].append(at)
    for recipient, sent in (
        await session.exec(
            select(Outbox.customer_id, Outbox.created_at).where(
                col(Outbox.customer_id).in_(ids),
                col(Outbox.created_at) > now - _MEMORY,
                col(Outbox.kind) == _MESSAGE,
                col(Outbox.state).not_in(("unwanted", "withdrawn")),
            )
        )
    ).all():
        if recipient is not None:
            attempts[recipient].append(sent)
    return {
        person.id: ContactFacts(
            customer=person,
            batch_state=batch.state if batch else None,
            hold_out=members.get(person.id),
            do_not_contact=frozenset(scopes[person.phone_hash]),
            consents=tuple(consents[person.id]),
            contract=person.id in bought,
            attempts_at=tuple(sorted(attempts[person.id])),
            answered_at=tuple(sorted(answered[person.id])),
            starts_on=batch.starts_on if batch else None,
            ends_on=batch.ends_on if batch else None,
        )
        for person in people
    }


async def lock_customer(session: AsyncSession, customer_id: str) -> None:
    """Hold everybody else off this person until the transaction ends.

    PostgreSQL locks the row; SQLite has one writer at a time anyway.
    """
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
