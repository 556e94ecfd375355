"""What QA makes of a call: scorecard with evidence, its own verdicts, notes on the time line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter

from callbot.insight.scorecard import Check, scorecard
from callbot.store import reviews
from callbot.store.audit import Deed
from callbot.store.overview import CallSheet
from callbot.store.tables import ReviewNote, ReviewVerdict
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.calls import call_sheet
from callbot.web.recordings import below, peaks
from callbot.web.refusal import missing
from callbot.web.shapes.base import Done
from callbot.web.shapes.reviews import CheckOut, NoteIn, NoteOut, PeaksOut, ReviewOut, VerdictOnCheckIn
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api/calls/{call_id}", tags=["reviews"])
Reader = Annotated[Principal, needs(Permission.CALL_READ)]
Reviewer = Annotated[Principal, needs(Permission.QA_REVIEW)]


@router.get("/review")
async def review_of_call(site: Here, who: Reader, call_id: str) -> ReviewOut:
    """Scorecard and notes of a call."""
    return await _review(site, await call_sheet(site, who, call_id, Permission.CALL_READ))


@router.put("/review/{check}")
async def judge_check(
    site: Here, who: Reviewer, call_id: str, check: Check, word: VerdictOnCheckIn
) -> ReviewOut:
    """The reviewer's own word on a check, with the reason."""
    sheet = await call_sheet(site, who, call_id, Permission.QA_REVIEW)
    now = site.clock.now()
    async with site.db.write() as session:
        await reviews.judge(
            session, sheet.call.id, check, passed=word.passed, reason=word.reason, by=who.name, now=now
        )
        deed = _deed("review.judge", sheet, check=check.value, passed=word.passed)
        await site.audit.write(session, who.actor, deed, now)
    return await _review(site, sheet)


@router.delete("/review/{check}")
async def take_back_verdict(site: Here, who: Reviewer, call_id: str, check: Check) -> ReviewOut:
    """The automatic verdict stands again."""
    sheet = await call_sheet(site, who, call_id, Permission.QA_REVIEW)
    async with site.db.write() as session:
        await reviews.take_back(session, sheet.call.id, check)
        deed = _deed("review.take_back", sheet, check=check.value)
        await site.audit.write(session, who.actor, deed, site.clock.now())
    return await _review(site, sheet)


@router.post("/notes", status_code=201)
async def add_note(site: Here, who: Reviewer, call_id: str, note: NoteIn) -> NoteOut:
    """A remark at a moment of the call, or on the whole."""
    sheet = await call_sheet(site, who, call_id, Permission.QA_REVIEW)
    async with site.db.write() as session:
        row = await reviews.add_note(
            session, sheet.call.id, at_ms=note.at_ms, text=note.text, by=who.name, now=site.clock.now()
        )
    return NoteOut.model_validate(row)


@router.delete("/notes/{note_id}")
async def remove_note(site: Here, who: Reviewer, call_id: str, note_id: str) -> Done:
    """One of one's own."""
    sheet = await call_sheet(site, who, call_id, Permission.QA_REVIEW)
    async with site.db.write() as session:
        if not await reviews.remove_note(session, sheet.call.id, note_id, by=who.name):
            raise missing("note")
    return Done()


@router.get("/peaks")
async def outline(site: Here, who: Reader, call_id: str) -> PeaksOut:
    """The outline of the recording, to draw it without loading the sound."""
    sheet = await call_sheet(site, who, call_id, Permission.CALL_READ)
    path = below(site.data, sheet.call.recording)
    if path is None:
        raise missing("recording")
    return await asyncio.to_thread(peaks, path)


async def _review(site: Site, sheet: CallSheet) -> ReviewOut:
    async with site.db.read() as session:
        notes = await reviews.notes(session, sheet.call.id)
        verdicts = await reviews.verdicts(session, sheet.call.id)
    return _together(sheet, notes, verdicts)


def _together(sheet: CallSheet, notes: Sequence[ReviewNote], verdicts: Sequence[ReviewVerdict]) -> ReviewOut:
    given = {verdict.check: verdict for verdict in verdicts}
    checks = [
        CheckOut(
            check=finding.check,
            automatic=finding.passed,
            passed=own.passed if (own := given.get(finding.check)) else finding.passed,
            turns=list(finding.turns),
            reason=own.reason if own else "",
            made_by=own.made_by if own else "",
            made_at=own.made_at if own else None,
        )
        for finding in scorecard(sheet)
    ]
    return ReviewOut(checks=checks, notes=[NoteOut.model_validate(note) for note in notes])


def _deed(action: str, sheet: CallSheet, **detail: object) -> Deed:
    return Deed(action=action, about_kind="call", about_id=sheet.call.id, detail=detail)
