"""What humans do with their follow-ups: take one, finish it, give it up, put it off; with who, when and why."""

from __future__ import annotations

from datetime import datetime

from callbot.conversation.labels import FollowUpKind
from callbot.errors import BadInput
from callbot.outreach.message_rules import Failed
from callbot.outreach.sequences import Stop
from callbot.outreach.touches import stop_touches
from callbot.store import contacts
from callbot.store import follow_ups as store
from callbot.store.database import Database, Session
from callbot.store.follow_ups import SYSTEM, Held
from callbot.store.tables import Event, FollowUp

_COMPLAINT = FollowUpKind.COMPLAINT_PAUSE_30D


async def claim(db: Database, follow_up: str, *, by: str, now: datetime) -> FollowUp:
    """open → claimed by one person, who takes over from the touch sequences.

    Raises `BadInput` when somebody else has it, or nobody may call the customer.
    """
    async with db.write() as session:
        held = await _held(session, follow_up)
        _for_humans(held.row)
        facts = await contacts.facts(session, held.batch.id if held.batch else "", [held.customer.id], now)
        if "all" in facts[held.customer.id].do_not_contact and held.row.kind != _COMPLAINT:
            raise _refused(held.row, "the customer must not be contacted any more", "cancel it")
        if not await store.move(
            session, held.row.id, states=("open",), state="claimed", claimed_by=by, claimed_at=now
        ):
            raise _not_open(held.row)
        await stop_touches(session, held.customer.id, Stop.HUMAN, now)
        return await _now(session, held.row.id)


async def done(
    db: Database,
    follow_up: str,
    *,
    by: str,
    note: str,
    now: datetime,
    called: bool = False,
    failed: Failed | None = None,
) -> FollowUp:
    """open or claimed → done. `called`: a human spoke with the customer, which counts against the caps.

    `failed` says why it moved nobody (R014). Raises `BadInput` when it is not theirs to finish.
    """
    async with db.write() as session:
        held = await _held(session, follow_up)
        row = held.row
        _for_humans(row)
        if row.kind == _COMPLAINT:
            raise _refused(row, "a complaint is done when it is answered", "`callbot case answer`")
        if row.state == "claimed" and row.claimed_by != by:
            raise _refused(row, f"{row.claimed_by} works on it", "ask them, or cancel it")
        if not await store.move(
            session,
            row.id,
            states=("open", "claimed"),
            state="done",
            closed_by=by,
            closed_at=now,
            note=note,
            failed=failed.value if failed else None,
        ):
            raise _not_open(row)
        if called:
            session.add(
                Event(
                    customer_id=held.customer.id,
                    external_id=f"follow-up:{row.id}",
                    kind=contacts.HUMAN_CALL,
                    at=now,
                    note=note,
                    data={"follow_up_id": row.id, "by": by},
                )
            )
            await session.flush()
        return await _now(session, row.id)


async def cancel(db: Database, follow_up: str, *, by: str, note: str, now: datetime) -> FollowUp:
    """Give up what waits, also what callbot itself would do.

    Raises `BadInput` without a reason, for a complaint, and for what is over.
    """
    async with db.write() as session:
        held = await _held(session, follow_up)
        if held.row.kind == _COMPLAINT:
            raise _refused(held.row, "a complaint cannot be given up", "`callbot case answer`, then close it")
        if not note.strip():
            raise _refused(held.row, "cancelling needs a reason", "give --note")
        if not await store.move(
            session,
            held.row.id,
            states=("open", "claimed"),
            state="cancelled",
            closed_by=by,
            closed_at=now,
            note=note,
        ):
            raise _not_open(held.row)
        return await _now(session, held.row.id)


async def postpone(
    db: Database, follow_up: str, *, by: str, to: datetime, note: str, now: datetime
) -> FollowUp:
    """Put it off to a later moment (UTC). The first due time is kept. Raises `BadInput` for a complaint."""
    async with db.write() as session:
        held = await _held(session, follow_up)
        row = held.row
        if row.kind == _COMPLAINT:
            raise _refused(row, "a complaint is answered within 24 hours", "`callbot case answer`")
        if to <= now:
            raise _refused(row, f"{to.isoformat()} has passed", "name a later moment")
        detail = {
            **row.detail,
            "first_due_at": row.detail.get("first_due_at", row.due_at.isoformat()),
            "postponed_by": by,
        }
        if not await store.move(
            session, row.id, states=("open", "claimed"), due_at=to, note=note, detail=detail
        ):
            raise _not_open(row)
        return await _now(session, row.id)


async def _held(session: Session, follow_up: str) -> Held:
    found = await store.find(session, follow_up)
    held = await store.hold(session, found) if found else None
    if held is None:
        raise BadInput.one(
            f"follow-up {follow_up}", "no such follow-up, or several", "see `callbot followup list`"
        )
    return held


async def _now(session: Session, follow_up_id: str) -> FollowUp:
    return await session.get_one(FollowUp, follow_up_id, populate_existing=True)


def _for_humans(row: FollowUp) -> None:
    if row.owner == SYSTEM:
        raise _refused(row, "callbot does this itself", "cancel it if it must not happen")


def _not_open(row: FollowUp) -> BadInput:
    by = f" by {row.claimed_by or row.closed_by}" if row.claimed_by or row.closed_by else ""
    return _refused(row, f"is {row.state}{by}", "see `callbot followup list --all`")


def _refused(row: FollowUp, what: str, cure: str) -> BadInput:
    return BadInput.one(f"follow-up {row.id}", what, cure)
