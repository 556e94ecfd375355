"""The facts about a contact that the permit asks for, read for many people at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store import contact_rows, outbox
from callbot.store.contact_rows import BATCH, CUSTOMER, HELD_PEOPLE, PEOPLE, SAID
from callbot.store.tables import Customer, DoNotContact, FollowUp

HUMAN_CALL = contact_rows.HUMAN_CALL

_MEMORY = timedelta(days=31)
"""Longer than the longest cap looks back."""
_CHUNK = 1000
"""Ids in one statement, below the parameter limits of both databases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The columns of a customer that the permit and the order of calling ask for."""

    id: str
    industry: str
    timezone: str | None
    number_valid: bool
    own_enquiry_at: datetime | None
    no_touch_until: datetime | None
    complaint_pause_until: datetime | None
    priority: int
    low_priority: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """One row of the consent record."""

    id: str
    purpose: str
    granted: bool
    at: datetime
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """The columns of a batch that decide about a contact."""

    id: str
    state: str
    starts_on: date | None
    ends_on: date | None
    """First and last day of calling."""
    lines: int
    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """What the store knows about one customer of one batch."""

    customer: Person
    batch: BatchTerms | None
    """None when there is no such batch."""
    hold_out: bool | None
    """None for somebody who is not a member of the batch."""
    do_not_contact: frozenset[str]
    consents: tuple[ConsentRow, ...]
    contract: bool
    attempts_at: tuple[datetime, ...]
    """Calls, calls by humans and messages on any channel, without calls that the network lost."""
    answered_at: tuple[datetime, ...]
    """Answered calls, those by humans among them."""


async def facts(
    session: AsyncSession, batch_id: str, customer_ids: Sequence[str], now: datetime, *, hold: bool = False
) -> dict[str, ContactFacts]:
    """Facts by customer id, as this transaction has stored them; an id that does not exist is missing.

    Two statements for a thousand people, read by key and prepared once: a claim asks them for one person. With
    `hold` everybody else is held off them until the transaction ends, as by `lock_customers`, and what they
    said is read after that.
    """
    people_of = HELD_PEOPLE if hold else PEOPLE
    await session.flush()
    found: dict[str, ContactFacts] = {}
    for start in range(0, len(customer_ids), _CHUNK):
        ids = customer_ids[start : start + _CHUNK]
        people = (await session.execute(people_of, {"ids": ids, "batch_id": batch_id})).all()
        said = _Said()
        for row in await session.execute(SAID, {"ids": ids, "since": now - _MEMORY}):
            said.note(row)
        for row in people:
            person = Person(**dict(zip(CUSTOMER, row, strict=False)))
            batch = BatchTerms(**dict(zip(BATCH, row[len(CUSTOMER) :], strict=False))) if row.batch_id else None
            found[person.id] = said.facts(person, batch, hold_out=row.hold_out, contract=row.contract)
    return found


class _Said:
    """What people said and how often they were contacted, sorted by person."""

    def __init__(self) -> None:
        self._consents: dict[str, list[ConsentRow]] = defaultdict(list)
        self._scopes: dict[str, set[str]] = defaultdict(set)
        self._attempts: dict[str, list[datetime]] = defaultdict(list)
        self._answered: dict[str, list[datetime]] = defaultdict(list)

    def note(self, row: Any) -> None:
        """One row of `SAID`."""
        person, what, at, answered_at, key, word, proof, granted = row
        if what == "consent":
            consent = ConsentRow(id=key, purpose=word, granted=granted, at=at, evidence=proof)
            self._consents[person].append(consent)
        elif what == "refused":
            self._scopes[person].add(word)
        else:
            if at is not None:
                self._attempts[person].append(at)
            if answered_at is not None:
                self._answered[person].append(answered_at)

    def facts(
        self, person: Person, batch: BatchTerms | None, *, hold_out: bool | None, contract: bool
    ) -> ContactFacts:
        """What was noted about this person, with what else is known of them."""
        return ContactFacts(
            customer=person,
            batch=batch,
            hold_out=hold_out,
            do_not_contact=frozenset(self._scopes[person.id]),
            consents=tuple(self._consents[person.id]),
            contract=contract,
            attempts_at=tuple(sorted(self._attempts[person.id])),
            answered_at=tuple(sorted(self._answered[person.id])),
        )


_LOCK = (
    select(Customer.id)
    .where(col(Customer.id).in_(bindparam("ids", expanding=True)))
    .order_by(col(Customer.id))
    .with_for_update()
)


async def lock_customer(session: AsyncSession, customer_id: str) -> None:
    """Hold everybody else off this person until the transaction ends.

    PostgreSQL locks the row; SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name != "sqlite":
        await session.execute(_LOCK, {"ids": [customer_id]})


async def lock_customers(session: AsyncSession, customer_ids: Sequence[str]) -> None:
    """Hold everybody else off these people; taken in the order of ids, so that two callers never deadlock.

    PostgreSQL locks the rows; SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name != "sqlite":
        await session.execute(_LOCK, {"ids": list(customer_ids)})


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
    """Add a number to the do-not-contact list, unless a row says as much already.

    With the scope `all`, messages that wait for these people are called back (R170).
    """
    known = await session.exec(
        select(DoNotContact.id).where(
            col(DoNotContact.phone_hash) == phone_hash,
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
