"""The statements that read all the permit asks for, built once: what a claim pays is their execution."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    literal_column,
    null,
    select,
    union_all,
)

from callbot.store.tables import metadata
from callbot.store.types import UtcDateTime

HUMAN_CALL = "human_call"
"""Kind of the event that records a call made by a human."""
_MESSAGE = "message.send"
CUSTOMER = (
    "id",
    "industry",
    "timezone",
    "number_valid",
    "own_enquiry_at",
    "no_touch_until",
    "complaint_pause_until",
    "priority",
    "low_priority",
)
BATCH = ("id", "state", "starts_on", "ends_on", "lines", "policy")
_tables = metadata.tables
_NOTHING: dict[str, ColumnElement[Any]] = {
    "at": cast(null(), UtcDateTime),
    "answered_at": cast(null(), UtcDateTime),
    "id": cast(null(), String),
    "word": cast(null(), String),
    "proof": cast(null(), String),
    "granted": cast(null(), Boolean),
}
"""The columns of `SAID` beside whom and what."""


def _ids() -> Any:
    return bindparam("ids", expanding=True)


def _people() -> Select[Any]:
    """Columns of each customer and of the batch; whether it holds them out, None for nobody of its members; and
    whether they bought."""
    customer, batch = _tables["customer"], _tables["batch"]
    member, purchase = _tables["batch_member"], _tables["purchase"]
    of_batch = and_(member.c.customer_id == customer.c.id, member.c.batch_id == batch.c.id)
    return (
        select(
            *(customer.c[name] for name in CUSTOMER),
            *(batch.c[name].label(f"batch_{name}") for name in BATCH),
            member.c.hold_out,
            exists().where(purchase.c.customer_id == customer.c.id).label("contract"),
        )
        .select_from(customer.outerjoin(batch, batch.c.id == bindparam("batch_id")).outerjoin(member, of_batch))
        .where(customer.c.id.in_(_ids()))
    )


def _said(what: str, person: ColumnElement[str], **columns: ColumnElement[Any]) -> Select[Any]:
    empty = {name: columns.get(name, nothing).label(name) for name, nothing in _NOTHING.items()}
    return select(person.label("person"), literal_column(f"'{what}'", String).label("what"), *empty.values())


def _everything_said() -> Any:
    """Consents, refusals in force, and contacts: calls, calls by humans and messages since `since`.

    A contact has when it began, None for a call that the network lost, and when it was answered.
    """
    since = bindparam("since", type_=UtcDateTime)
    consent, listed, customer = _tables["consent"], _tables["do_not_contact"], _tables["customer"]
    attempt, event, message = _tables["attempt"], _tables["event"], _tables["outbox"]
    lost = attempt.c.cause.is_not_distinct_from("network")
    return union_all(
        _said(
            "consent",
            consent.c.customer_id,
            at=consent.c.at,
            id=consent.c.id,
            word=consent.c.purpose,
            proof=consent.c.evidence,
            granted=consent.c.granted,
        ).where(consent.c.customer_id.in_(_ids())),
        _said("refused", customer.c.id, word=listed.c.scope)
        .select_from(customer.join(listed, listed.c.phone_hash == customer.c.phone_hash))
        .where(customer.c.id.in_(_ids())),
        _said(
            "contact",
            attempt.c.customer_id,
            at=case((lost, _NOTHING["at"]), else_=attempt.c.dialing_at),
            answered_at=attempt.c.answered_at,
        ).where(attempt.c.customer_id.in_(_ids()), attempt.c.dialing_at > since),
        _said("contact", event.c.customer_id, at=event.c.at, answered_at=event.c.at).where(
            event.c.customer_id.in_(_ids()), event.c.at > since, event.c.kind == HUMAN_CALL
        ),
        _said("contact", message.c.customer_id, at=message.c.created_at).where(
            message.c.customer_id.in_(_ids()),
            message.c.created_at > since,
            message.c.kind == _MESSAGE,
            message.c.state.not_in(("unwanted", "withdrawn")),
        ),
    )


PEOPLE = _people()
HELD_PEOPLE = PEOPLE.order_by(_tables["customer"].c.id).with_for_update(of=_tables["customer"])
"""The same, each customer's row locked in the order of ids. SQLite has one writer at a time anyway."""
SAID = _everything_said()
