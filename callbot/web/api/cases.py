"""Complaints until somebody has answered them: a list, the answer, the compensation, the end."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter

from callbot.outreach import complaints
from callbot.store import cases
from callbot.store.audit import Deed
from callbot.store.cases import ListedCase
from callbot.store.offers import valid_offers
from callbot.store.scope import may_see_case
from callbot.store.tables import ComplaintCase
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.refusal import missing
from callbot.web.shapes.cases import AnswerIn, CaseLine, CompensateIn, CompensationOut
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api/cases", tags=["cases"])
Reader = Annotated[Principal, needs(Permission.CASE_READ)]
Worker = Annotated[Principal, needs(Permission.CASE_WORK)]


@router.get("")
async def list_cases(site: Here, who: Reader, closed: bool = False) -> list[CaseLine]:
    """Complaints, the one whose answer is due first on top, 200 at most; `closed`: those too.

    Agents see theirs, those of customers handed to them, and those that wait at a desk for anybody.
    """
    states = ("open", "answered", "closed") if closed else ("open", "answered")
    async with site.db.read() as session:
        found = await cases.listing(session, states=states, agent=who.rows(Permission.CASE_READ))
    now = site.clock.now()
    return [CaseLine.of(each, now) for each in found]


@router.get("/{case_id}/compensations")
async def compensations(site: Here, who: Reader, case_id: str) -> list[CompensationOut]:
    """What the offer sheet allows for this complaint now."""
    listed = await _theirs(site, who, Permission.CASE_READ, case_id)
    async with site.db.read() as session:
        rows = await valid_offers(session, listed.industry, site.clock.now(), compensation=True)
    return [CompensationOut.of(row) for row in rows]


@router.post("/{case_id}/answer")
async def answer(site: Here, who: Worker, case_id: str, given: AnswerIn) -> CaseLine:
    """The customer has their answer; the follow-up that waited for it is done."""
    await _theirs(site, who, Permission.CASE_WORK, case_id)
    now = site.clock.now()
    return await _done(
        site, who, "case.answer", complaints.answer(site.db, case_id, by=who.name, text=given.text, now=now)
    )


@router.post("/{case_id}/compensate")
async def compensate(site: Here, who: Worker, case_id: str, given: CompensateIn) -> CaseLine:
    """Give one row of the offer sheet, once for each complaint."""
    await _theirs(site, who, Permission.CASE_WORK, case_id)
    now = site.clock.now()
    return await _done(
        site,
        who,
        "case.compensate",
        complaints.compensate(site.db, case_id, code=given.code, by=who.name, now=now),
    )


@router.post("/{case_id}/close")
async def close(site: Here, who: Worker, case_id: str) -> CaseLine:
    """Close an answered complaint."""
    await _theirs(site, who, Permission.CASE_WORK, case_id)
    now = site.clock.now()
    return await _done(site, who, "case.close", complaints.close(site.db, case_id, by=who.name, now=now))


async def _theirs(site: Site, who: Principal, permission: Permission, case_id: str) -> ListedCase:
    async with site.db.read() as session:
        found = await cases.get(session, case_id)
        allowed = await may_see_case(session, who.rows(permission), case_id)
    if found is None or found.case.id != case_id or not allowed:
        raise missing("case")
    return found


async def _done(site: Site, who: Principal, action: str, doing: Awaitable[ComplaintCase]) -> CaseLine:
    case = await doing
    now = site.clock.now()
    detail = {"compensation": case.compensation_code} if action == "case.compensate" else {}
    async with site.db.write() as session:
        deed = Deed(action=action, about_kind="case", about_id=case.id, detail=detail)
        await site.audit.write(session, who.actor, deed, now)
    async with site.db.read() as session:
        listed = await cases.get(session, case.id)
    if listed is None:
        raise missing("case")
    return CaseLine.of(listed, now)
