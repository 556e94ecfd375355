"""Taking in lists: customers and their history in bulk, where what is known already is changed, not doubled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from callbot.ids import new_id
from callbot.store.tables import Attempt, Batch, Consent, Customer, DoNotContact, Event, Purchase

PAST_CALLS = "00000000000000IMPORTEDCALL"
"""Id of the batch that holds calls made before, so that the caps count them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A customer of a list: the columns the list has a value for."""

    phone_hash: str
    external_id: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What became of an `Incoming`."""

    customer_id: str
    """Empty when nothing was stored."""
    new: bool = False
    clash: str = ""
    """zh-CN: why the list contradicts the base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """A call to a customer that another system made."""

    customer_id: str
    external_id: str
    at: datetime
    answered: bool


async def take_customers(session: AsyncSession, incoming: Sequence[Incoming], now: datetime) -> list[Landed]:
    """Insert or change customers found by phone or by external id; one result for each, in order.

    A phone that belongs to another external id is a clash and changes nothing. A known external id with a new
    phone is a changed number, which counts as valid again. Within one call no phone and no external id occurs
    twice.
    """
    known = (
        await session.execute(
            select(
                col(Customer.id),
                col(Customer.phone_hash),
                col(Customer.external_id),
                col(Customer.no_touch_until),
                col(Customer.complaint_pause_until),
            ).where(
                or_(
                    col(Customer.phone_hash).in_([row.phone_hash for row in incoming]),
                    col(Customer.external_id).in_([row.external_id for row in incoming if row.external_id]),
                )
            )
        )
    ).all()
    by_phone = {phone: (key, external) for key, phone, external, *_ in known}
    by_external = {external: (key, phone) for key, phone, external, *_ in known if external}
    pauses = {key: {"no_touch_until": rest, "complaint_pause_until": pause} for key, _, _, rest, pause in known}
    landed: list[Landed] = []
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for row in incoming:
        same_phone = by_phone.get(row.phone_hash)
        same_id = by_external.get(row.external_id) if row.external_id else None
        if same_phone and row.external_id and same_phone[1] not in (None, row.external_id):
            landed.append(Landed(customer_id="", clash=f"这个号码已属于客户 {same_phone[1]}"))
        elif same_phone and same_id and same_phone[0] != same_id[0]:
            landed.append(Landed(customer_id="", clash=f"这个号码已属于另一位客户，不是 {row.external_id}"))
        elif found := same_phone or same_id:
            changed.append(
                {
                    **_protected(row.values, pauses[found[0]], same_phone=same_phone is not None),
                    "id": found[0],
                    "updated_at": now,
                }
            )
            landed.append(Landed(customer_id=found[0]))
        else:
            row_id = new_id()
            fresh.append({**_new_customer(now), **row.values, "id": row_id})
            landed.append(Landed(customer_id=row_id, new=True))
    if fresh:
        await session.execute(insert(Customer), fresh)
    for group in _same_keys(changed):
        await session.execute(update(Customer), group)
    return landed


def _protected(
    values: Mapping[str, Any], pauses: Mapping[str, datetime | None], *, same_phone: bool
) -> dict[str, Any]:
    """What a list may change of a known customer: it never shortens a pause, nor revives a dead number."""
    kept = dict(values)
    for name, current in pauses.items():
        if name in kept and current is not None:
            kept[name] = max(kept[name], current)
    if same_phone and kept.get("number_valid"):
        del kept["number_valid"]
    return kept if same_phone else {"number_valid": True, "number_note": "", **kept}


def _new_customer(now: datetime) -> dict[str, Any]:
    """Every column a list may leave out, so that all rows of an insert have the same columns."""
    blank = Customer(
        name="",
        industry="",
        brand="",
        phone_cipher=b"",
        phone_hash="",
        phone_masked="",
        created_at=now,
        updated_at=now,
    )
    return blank.model_dump()


def _same_keys(rows: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    groups: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(frozenset(row), []).append(row)
    return list(groups.values())


async def owners(
    session: AsyncSession, *, external_ids: Collection[str] = (), phone_hashes: Iterable[str] = ()
) -> dict[str, str]:
    """Customer ids by external id and by phone hash."""
    rows = await session.execute(
        select(col(Customer.id), col(Customer.external_id), col(Customer.phone_hash)).where(
            or_(col(Customer.external_id).in_(external_ids), col(Customer.phone_hash).in_(list(phone_hashes)))
        )
    )
    found: dict[str, str] = {}
    for key, external, phone in rows:
        found[phone] = key
        if external:
            found[external] = key
    return found


async def take_events(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with customer_id, external_id, kind, at, note, data."""
    await _upsert(session, Event, rows, ("customer_id", "external_id"))


async def take_purchases(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with customer_id, external_id, at, item, category, amount_fen, refunded."""
    await _upsert(session, Purchase, rows, ("customer_id", "external_id"))


async def take_consents(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with customer_id, purpose, granted, at, text_version, channel, evidence."""
    await _upsert(session, Consent, rows, ("customer_id", "purpose", "granted", "evidence"))


async def take_do_not_contact(
    session: AsyncSession, scopes: Mapping[str, str], *, source: str, at: datetime
) -> None:
    """Scope by phone hash; numbers that are on the list with that scope or `all` stay as they are."""
    listed = (
        await session.execute(
            select(col(DoNotContact.phone_hash), col(DoNotContact.scope)).where(
                col(DoNotContact.phone_hash).in_(scopes), col(DoNotContact.lifted_at).is_(None)
            )
        )
    ).all()
    covered = {(phone, scope) for phone, scope in listed}
    for phone, scope in scopes.items():
        if (phone, scope) not in covered and (phone, "all") not in covered:
            session.add(DoNotContact(phone_hash=phone, scope=scope, source=source, at=at))


async def take_past_calls(session: AsyncSession, calls: Sequence[PastCall], now: datetime) -> None:
    """Enter calls made elsewhere into the ledger as done, each once."""
    if not calls:
        return
    await _upsert(
        session,
        Batch,
        [
            {
                **Batch(id=PAST_CALLS, name="导入的历史外呼", flow="", created_at=now).model_dump(),
                "state": "done",
                "ended_at": now,
            }
        ],
        ("id",),
    )
    tokens = {f"past:{call.customer_id}:{call.external_id}"[:200]: call for call in calls}
    known = set(
        await session.scalars(select(col(Attempt.dial_token)).where(col(Attempt.dial_token).in_(tokens)))
    )
    rows = await session.execute(
        select(col(Attempt.customer_id), func.max(col(Attempt.seq)))
        .where(
            col(Attempt.batch_id) == PAST_CALLS,
            col(Attempt.customer_id).in_({call.customer_id for call in calls}),
        )
        .group_by(col(Attempt.customer_id))
    )
    last: dict[str, int] = {row[0]: row[1] for row in rows}
    for token, call in tokens.items():
        answered_at = call.at if call.answered else None
        if token in known:
            moved = {"dialing_at": call.at, "answered_at": answered_at, "ended_at": call.at}
            await session.execute(update(Attempt).where(col(Attempt.dial_token) == token).values(moved))
            continue
        last[call.customer_id] = last.get(call.customer_id, 0) + 1
        session.add(
            Attempt(
                batch_id=PAST_CALLS,
                customer_id=call.customer_id,
                seq=last[call.customer_id],
                purpose="marketing",
                priority=0,
                state="done",
                due_at=call.at,
                queued_at=call.at,
                dial_token=token,
                dialing_at=call.at,
                answered_at=answered_at,
                ended_at=call.at,
            )
        )


async def _upsert(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], key: tuple[str, ...]
) -> None:
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    kept = {*key, "id"}
    fields = [name for name in rows[0] if name not in kept]
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in fields}
        ),
        [{"id": new_id(), **row} for row in rows],
    )
