"""Live recall: an offer or a sentence that no running call says any more, and who had heard it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from callbot.store import offers, recalls
from callbot.store.audit import Deed
from callbot.store.tables import Recall
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.refusal import Refused, Why
from callbot.web.shapes.recalls import HearerOut, RecallIn, RecallOut, RecallSheetOut
from callbot.web.site import Here

router = APIRouter(prefix="/api/recalls", tags=["recalls"])

Reader = Annotated[Principal, needs(Permission.OFFER_READ)]
Withdrawer = Annotated[Principal, needs(Permission.OFFER_WITHDRAW)]
"""Also asked for the sheet, which names customers of all agents."""


@router.post("", status_code=201)
async def recall(site: Here, who: Withdrawer, given: RecallIn) -> RecallOut:
    """Withdraw an offer or a sentence from every running and every coming call.

    Each media process takes it up within about a second; a sentence under way is spoken to its end.
    """
    now = site.clock.now()
    row = Recall(kind=given.kind, value=given.value, why=given.why, made_by=who.name, made_at=now)
    async with site.db.write() as session:
        if given.kind == "offer" and not await offers.withdraw(session, given.value, now):
            raise Refused(Why.NOT_FOUND, what="offer")
        await recalls.make(session, row)
        deed = Deed(
            action="recall.make", about_kind=given.kind, about_id=given.value, detail={"why": given.why}
        )
        await site.audit.write(session, who.actor, deed, now)
        made = RecallOut.model_validate(row)
    return made


@router.get("")
async def listed(site: Here, who: Reader) -> list[RecallOut]:
    """The latest first."""
    async with site.db.read() as session:
        return [RecallOut.model_validate(row) for row in await recalls.latest(session)]


@router.get("/{recall_id}")
async def one(site: Here, who: Withdrawer, recall_id: str) -> RecallSheetOut:
    """A recall with everybody who had heard it, within 30 days before or in a call that was running."""
    async with site.db.read() as session:
        row = await recalls.get(session, recall_id)
        if row is None:
            raise Refused(Why.NOT_FOUND, what="recall")
        hearers = await recalls.hearers(session, row)
    return RecallSheetOut(
        **RecallOut.model_validate(row).model_dump(),
        heard_by=[HearerOut.model_validate(hearer) for hearer in hearers],
    )
