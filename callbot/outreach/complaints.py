"""A complaint after the call: answered within 24 hours, compensated from the sheet where that helps, closed."""

from __future__ import annotations

from datetime import datetime

from callbot.conversation.labels import FollowUpKind
from callbot.errors import BadInput
from callbot.store import cases, contacts, follow_ups
from callbot.store.cases import ListedCase
from callbot.store.database import Database, Session
from callbot.store.offers import take_one, valid_offers
from callbot.store.settlement import NewTag, write_tag
from callbot.store.tables import ComplaintCase


async def answer(db: Database, case: str, *, by: str, text: str, now: datetime) -> ComplaintCase:
    """open → answered, with the words of the answer (R167). Raises `BadInput` for a case that is not open."""
    async with db.write() as session:
        found = (await _held(session, case)).case
        if not text.strip():
            raise _refused(found, "an answer without words is none", "give --text")
        if not await cases.move(
            session,
            found.id,
            states=("open",),
            state="answered",
            answer=text.strip(),
            answered_by=by,
            answered_at=now,
        ):
            raise _refused(found, f"is {found.state}", "only an open case is answered")
        await follow_ups.finish(
            session,
            found.customer_id,
            kind=FollowUpKind.COMPLAINT_PAUSE_30D,
            attempt_id=found.attempt_id,
            by=by,
            note="已答复客户",
            now=now,
        )
        await _tag(session, found, "已答复", by, now)
        return (await _found(session, found.id)).case


async def compensate(db: Database, case: str, *, code: str, by: str, now: datetime) -> ComplaintCase:
    """Give one row of the offer sheet, once for each case (R169).

    It is the newest version, marked as compensation, that holds now and is in stock. Raises `BadInput` that
    names the codes which may be given.
    """
    async with db.write() as session:
        listed = await _held(session, case)
        found = listed.case
        offers = await valid_offers(session, listed.industry, now, compensation=True)
        offer = next((row for row in offers if row.code == code), None)
        if offer is None:
            codes = "、".join(f"{row.code}（{row.title}）" for row in offers)
            cure = f"give one of {codes}" if codes else "put one on the offer sheet"
            raise _refused(found, f"{code} is no compensation that may be given now", cure)
        if not await cases.compensated(
            session, found.id, code=offer.code, version=offer.version, by=by, now=now
        ):
            given = (
                f"was compensated with {found.compensation_code}" if found.compensation_code else "is closed"
            )
            raise _refused(found, given, "a case is compensated once, before it is closed")
        if not await take_one(session, offer.code, offer.version):
            raise _refused(found, f"nothing is left of {code}", "choose another compensation")
        return (await _found(session, found.id)).case


async def close(db: Database, case: str, *, by: str, now: datetime) -> ComplaintCase:
    """answered → closed. Raises `BadInput` for a case that nobody answered."""
    async with db.write() as session:
        found = (await _held(session, case)).case
        if not await cases.move(
            session, found.id, states=("answered",), state="closed", closed_by=by, closed_at=now
        ):
            raise _refused(found, f"is {found.state}", "answer it first: only an answered case is closed")
        await _tag(session, found, "已关闭", by, now)
        return (await _found(session, found.id)).case


async def _held(session: Session, case: str) -> ListedCase:
    found = await _found(session, case)
    await contacts.lock_customer(session, found.case.customer_id)
    return await _found(session, found.case.id)


async def _found(session: Session, case: str) -> ListedCase:
    found = await cases.get(session, case)
    if found is None:
        raise BadInput.one(f"case {case}", "no such case, or several", "see `callbot case list`")
    return found


async def _tag(session: Session, case: ComplaintCase, value: str, by: str, now: datetime) -> None:
    evidence = {"case_id": case.id, "attempt_id": case.attempt_id, "by": by}
    tag = NewTag(name="投诉", value=value, rule="R167-R169", evidence=evidence)
    await write_tag(session, case.customer_id, tag, now)


def _refused(case: ComplaintCase, what: str, cure: str) -> BadInput:
    return BadInput.one(f"case {case.id}", what, cure)
