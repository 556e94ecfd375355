"""Taking in lists: customers and their history in bulk, where what is known already is changed, not doubled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from callbot.ids import new_ids
from callbot.store.incoming import Incoming, Landed, PastCall, Stored
from callbot.store.tables import Attempt, Batch, Consent, Customer, DoNotContact, Event, Purchase

R = TypeVar("R", Event, Purchase)

PAST_CALLS = "00000000000000IMPORTEDCALL"
"""Id of the batch that holds calls made before, so that the caps count them."""
_INTAKE_LOCK = 0x63616C6C
"""PostgreSQL's advisory lock of whoever takes in customers."""
_CACHE_KIB = 65_536


async def alone(session: AsyncSession) -> None:
    """Nobody else takes in customers until this transaction ends, so that what was looked up stays true.

    SQLite's write transaction is alone already; there it gets a page cache that holds the indexes of keyed
    hashes, into which rows come in random order.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _INTAKE_LOCK})
    else:
        await session.execute(text(f"PRAGMA cache_size=-{_CACHE_KIB}"))


async def take_customers(
    session: AsyncSession, incoming: Sequence[Incoming], now: datetime, *, run: str | None = None
) -> list[Landed]:
    """Insert or change customers found by phone or by external id; one result for each, in order.

    A phone that belongs to another external id is a clash and changes nothing. A known external id with a new
    phone is a changed number, which counts as valid again. A person whom an earlier line of the same `run`
    named is refused. The session is `alone`.
    """
    known = (
        await session.execute(
            select(
                col(Customer.id),
                col(Customer.phone_hash),
                col(Customer.external_id),
                col(Customer.no_touch_until),
                col(Customer.complaint_pause_until),
                col(Customer.import_id),
                col(Customer.import_line),
            )
            .where(
                or_(
                    col(Customer.phone_hash).in_([row.phone_hash for row in incoming]),
                    col(Customer.external_id).in_([row.external_id for row in incoming if row.external_id]),
                )
            )
            .order_by(col(Customer.id))
            .with_for_update()
        )
    ).all()
    by_phone = {row.phone_hash: row for row in known}
    by_external = {row.external_id: row for row in known if row.external_id}
    lines = {row.id: row.import_line for row in known if run and row.import_id == run}
    named: dict[str, int] = {}
    landed: list[Landed] = []
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    blank = _new_customer(now)
    ids = iter(new_ids(len(incoming)))
    for row in incoming:
        same_phone = by_phone.get(row.phone_hash)
        same_id = by_external.get(row.external_id) if row.external_id else None
        found = same_phone or same_id
        first = named.get(row.phone_hash) or named.get(row.external_id or "")
        if first is None and found:
            first = lines.get(found.id)
        if first is not None and first != row.line:
            landed.append(Landed(customer_id="", twin=first))
            continue
        if same_phone and (clash := _clash(row.external_id, same_phone, same_id)):
            landed.append(Landed(customer_id="", clash=clash))
            continue
        named[row.phone_hash] = row.line
        if row.external_id:
            named[row.external_id] = row.line
        provenance = {"import_id": run, "import_line": row.line} if run else {}
        if found:
            pauses = {
                "no_touch_until": found.no_touch_until,
                "complaint_pause_until": found.complaint_pause_until,
            }
            kept = _protected(row.values, pauses, same_phone=same_phone is not None)
            changed.append({**kept, **provenance, "updated_at": now, "_id": found.id})
            landed.append(Landed(customer_id=found.id))
        else:
            row_id = next(ids)
            fresh.append({**blank, **row.values, **provenance, "id": row_id})
            landed.append(Landed(customer_id=row_id, new=True))
    table = SQLModel.metadata.tables["customer"]
    if fresh:
        await session.execute(insert(table), fresh)
    for group in _same_keys(changed):
        values: dict[str, Any] = {name: bindparam(name) for name in group[0] if name != "_id"}
        await session.execute(update(table).where(table.c.id == bindparam("_id")).values(values), group)
    return landed


async def clashes(session: AsyncSession, people: Sequence[tuple[str, str]]) -> list[str]:
    """For each phone hash with its external id (empty for none) how it contradicts the base, zh-CN; empty where
    it does not. Changes nothing."""
    rows = await session.execute(
        select(col(Customer.id), col(Customer.phone_hash), col(Customer.external_id)).where(
            or_(
                col(Customer.phone_hash).in_([phone_hash for phone_hash, _ in people]),
                col(Customer.external_id).in_([external_id for _, external_id in people if external_id]),
            )
        )
    )
    known = rows.all()
    by_phone = {row.phone_hash: row for row in known}
    by_external = {row.external_id: row for row in known if row.external_id}
    return [
        _clash(external_id, same_phone, by_external.get(external_id))
        if (same_phone := by_phone.get(phone_hash)) is not None
        else ""
        for phone_hash, external_id in people
    ]


def _clash(external_id: str | None, same_phone: Any, same_id: Any) -> str:
    """zh-CN: how phone and external id point at two people, both named; empty when they do not."""
    if not external_id:
        return ""
    if same_id is not None and same_id.id != same_phone.id:
        return f"编号属于客户 {external_id}，号码却属于客户 {same_phone.external_id or same_phone.id}"
    if same_phone.external_id not in (None, external_id):
        return f"这个号码已属于客户 {same_phone.external_id}，这一行写的是 {external_id}"
    return ""


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
            or_(
                col(Customer.external_id).in_(list(external_ids)),
                col(Customer.phone_hash).in_(list(phone_hashes)),
            )
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


async def happened(session: AsyncSession, stored: Iterable[Stored]) -> dict[str, list[Event | Purchase]]:
    """The events and orders that were just stored, by customer, oldest first; none for their own row."""
    found: dict[str, dict[str, Event | Purchase]] = {}
    for each in stored:
        rows = found.setdefault(each.customer_id, {})
        if not each.kind or each.kind == "consent":
            continue
        row: Event | Purchase = (
            await _numbered(session, Purchase, each)
            if each.kind == "order"
            else await _numbered(session, Event, each)
        )
        rows[row.id] = row
    return {key: sorted(rows.values(), key=lambda row: row.at) for key, rows in found.items()}


async def _numbered(session: AsyncSession, table: type[R], stored: Stored) -> R:
    columns = SQLModel.metadata.tables[str(table.__tablename__)].c
    statement = select(table).where(
        columns.customer_id == stored.customer_id, columns.external_id == stored.external_id
    )
    return (await session.execute(statement)).scalar_one()


async def take_purchases(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with customer_id, external_id, at, item, category, amount_fen, refunded."""
    await _upsert(session, Purchase, rows, ("customer_id", "external_id"))


async def refund_purchases(session: AsyncSession, orders: Collection[tuple[str, str]]) -> None:
    """Mark orders as refunded: pairs of customer id and order number; unknown ones are passed over."""
    if orders:
        table = SQLModel.metadata.tables["purchase"]
        await session.execute(
            update(table)
            .where(table.c.customer_id == bindparam("_customer"), table.c.external_id == bindparam("_order"))
            .values(refunded=True),
            [{"_customer": customer, "_order": order} for customer, order in orders],
        )


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
                col(DoNotContact.phone_hash).in_(scopes)
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
    statement = dialect.insert(SQLModel.metadata.tables[str(table.__tablename__)])
    kept = {*key, "id"}
    fields = [name for name in rows[0] if name not in kept]
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in fields}
        ),
        [{"id": row_id, **row} for row_id, row in zip(new_ids(len(rows)), rows, strict=True)],
    )
