"""Rows that were read become customers and histories: owners found, doubles and strangers refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from callbot.audience.row import Rejection, Row, reject
from callbot.audience.row_reading import Part, Portion
from callbot.store import contacts, intake
from callbot.store.database import Session
from callbot.store.incoming import Incoming, Past, PastCall, Stored

UNSUBSCRIBE = "unsubscribe"
"""Kind of the event that ends contacts: the answer to a message that offered a way out (R170)."""
SCOPES = ("voice", "sms", "wecom", "push", "chat")
"""What an unsubscribe may be limited to by its `scope`; without one it is for every channel."""
_ONE_PERSON = "核对名单：一位客户一个编号、一个号码"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A good row that contradicts the base."""

    line: int
    column: str
    """Its Chinese header."""
    what: str
    cure: str


@dataclass(slots=True, kw_only=True)
class Landing:
    """What became of a portion."""

    new: int = 0
    changed: int = 0
    refused: list[Refusal] = field(default_factory=list)
    customers: dict[int, str] = field(default_factory=dict)
    """Customer id by line, of all rows that were stored."""
    fresh: set[int] = field(default_factory=set)
    """Lines whose customer is new."""
    stored: list[Stored] = field(default_factory=list)


async def land(
    session: Session,
    part: Part,
    portion: Portion,
    now: datetime,
    *,
    source: str,
    run: str | None = None,
    unit: str = "行",
) -> Landing:
    """Store what was read, in the transaction of `session`; `source` names the list and `unit` its records."""
    if part is Part.CUSTOMERS:
        return await _customers(session, portion.customers, now, source, run, unit)
    return await _past(session, portion.past, now)


def refusals(rows: Iterable[Row], refused: Sequence[Refusal]) -> list[Rejection]:
    """Refusals with the rows they are about."""
    by_line = {each.line: each for each in refused}
    return [
        reject(row, each.column, each.what, each.cure)
        for row in rows
        if (each := by_line.get(row.line)) is not None
    ]


async def _customers(
    session: Session, incoming: Sequence[Incoming], now: datetime, source: str, run: str | None, unit: str
) -> Landing:
    await intake.alone(session)
    landing = Landing()
    consents: list[dict[str, Any]] = []
    purchases: list[dict[str, Any]] = []
    closed: dict[str, str] = {}
    landed = await intake.take_customers(session, incoming, now, run=run)
    for row, land in zip(incoming, landed, strict=True):
        if land.twin is not None:
            what, cure = f"与第 {land.twin} {unit}重复", f"同一位客户只保留一{unit}"
            landing.refused.append(Refusal(line=row.line, column="手机号", what=what, cure=cure))
            continue
        if land.clash:
            landing.refused.append(Refusal(line=row.line, column="手机号", what=land.clash, cure=_ONE_PERSON))
            continue
        landing.new += land.new
        landing.changed += not land.new
        landing.customers[row.line] = land.customer_id
        if land.new:
            landing.fresh.add(row.line)
        if row.consent:
            consents.append({"customer_id": land.customer_id, **row.consent})
        bought = row.purchase or {}
        landing.stored.append(
            Stored(
                customer_id=land.customer_id,
                kind="order" if bought else "",
                external_id=bought.get("external_id", ""),
                at=bought.get("at"),
            )
        )
        if row.purchase:
            purchases.append({"customer_id": land.customer_id, **row.purchase})
        if row.do_not_contact:
            closed[row.phone_hash] = row.do_not_contact
    await intake.take_consents(session, consents)
    await intake.take_purchases(session, purchases)
    if closed:
        await intake.take_do_not_contact(session, closed, source=f"import:{source}", at=now)
    return landing


async def _past(session: Session, past: Sequence[Past], now: datetime) -> Landing:
    landing = Landing()
    owners = await intake.owners(
        session,
        external_ids={each.owner for each in past if not each.by_phone},
        phone_hashes={each.owner for each in past if each.by_phone},
    )
    await contacts.lock_customers(session, sorted(set(owners.values())))
    rows: dict[str, list[dict[str, Any]]] = {"order": [], "consent": [], "event": []}
    calls: list[PastCall] = []
    refunds: list[tuple[str, str]] = []
    for each in past:
        owner = owners.get(each.owner)
        if owner is None:
            title = "手机号" if each.by_phone else "客户编号"
            landing.refused.append(
                Refusal(line=each.line, column=title, what="客户不在库中", cure="先导入这位客户")
            )
            continue
        landing.new += 1
        landing.customers[each.line] = owner
        number = str(each.values.get("external_id", ""))
        at = each.values["at"]
        landing.stored.append(Stored(customer_id=owner, kind=each.kind, external_id=number, at=at))
        values = {"customer_id": owner, **each.values}
        rows[each.kind if each.kind in ("order", "consent") else "event"].append(values)
        if each.kind == "call":
            answered = bool(values["data"].get("answered"))
            calls.append(
                PastCall(
                    customer_id=owner, external_id=values["external_id"], at=values["at"], answered=answered
                )
            )
        if each.refunds:
            refunds.append((owner, each.refunds))
    await intake.take_purchases(session, rows["order"])
    await intake.take_consents(session, rows["consent"])
    await intake.take_events(session, rows["event"])
    await intake.refund_purchases(session, refunds)
    await intake.take_past_calls(session, calls, now)
    for values in rows["event"]:
        if values["kind"] == UNSUBSCRIBE:
            said = values.get("data") or {}
            await contacts.opted_out(
                session,
                values["customer_id"],
                scope=said["scope"] if said.get("scope") in SCOPES else "all",
                words=str(values.get("note", "")),
                source=f"event:{values['external_id']}",
                at=values["at"],
            )
    return landing
