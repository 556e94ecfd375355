"""A complaint after the call: answered within 24 hours, compensated from the sheet where that helps, closed."""

from __future__ import annotations

from datetime import datetime

from callbot.conversation.labels import FollowUpKind
from callbot.errors import BadInput
from callbot.outreach.state_words import CASES
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
            raise _refused(found, "答复没有内容", "用 --text 写明告诉了客户什么")
        if not await cases.move(
            session,
            found.id,
            states=("open",),
            state="answered",
            answer=text.strip(),
            answered_by=by,
            answered_at=now,
        ):
            raise _refused(found, CASES[found.state], "待答复的工单才能答复")
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
            cure = f"可给：{codes}" if codes else "在优惠表里加一条补偿"
            raise _refused(found, f"{code} 不是现在可以给的补偿", cure)
        if not await cases.compensated(
            session, found.id, code=offer.code, version=offer.version, by=by, now=now
        ):
            given = f"已补偿 {found.compensation_code}" if found.compensation_code else "已关闭"
            raise _refused(found, given, "一张工单只补偿一次，且在关闭之前")
        if not await take_one(session, offer.code, offer.version):
            raise _refused(found, f"{code} 已经用完", "换一种补偿")
        return (await _found(session, found.id)).case


async def close(db: Database, case: str, *, by: str, now: datetime) -> ComplaintCase:
    """answered → closed. Raises `BadInput` for a case that nobody answered."""
    async with db.write() as session:
        found = (await _held(session, case)).case
        if not await cases.move(
            session, found.id, states=("answered",), state="closed", closed_by=by, closed_at=now
        ):
            raise _refused(found, CASES[found.state], "已答复的工单才能关闭，请先答复")
        await _tag(session, found, "已关闭", by, now)
        return (await _found(session, found.id)).case


async def _held(session: Session, case: str) -> ListedCase:
    found = await _found(session, case)
    await contacts.lock_customer(session, found.case.customer_id)
    return await _found(session, found.case.id)


async def _found(session: Session, case: str) -> ListedCase:
    found = await cases.get(session, case)
    if found is None:
        raise BadInput.one(f"工单 {case}", "没有这张工单，或不止一张", "callbot case list 列出工单")
    return found


async def _tag(session: Session, case: ComplaintCase, value: str, by: str, now: datetime) -> None:
    evidence = {"case_id": case.id, "attempt_id": case.attempt_id, "by": by}
    tag = NewTag(name="投诉", value=value, rule="R167-R169", evidence=evidence)
    await write_tag(session, case.customer_id, tag, now)


def _refused(case: ComplaintCase, what: str, cure: str) -> BadInput:
    return BadInput.one(f"工单 {case.id}", what, cure)
