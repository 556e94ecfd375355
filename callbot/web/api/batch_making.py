"""A batch from draft to launch: made, looked at before anybody is called, steered while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime

from callbot.audience import segments
from callbot.audience.tags.parse import parse
from callbot.errors import BadInput
from callbot.outreach import batch as batches
from callbot.outreach.batch_status import status
from callbot.outreach.what_if import what_if
from callbot.store import batches as batch_rows
from callbot.store import offers as offer_rows
from callbot.store.audit import Deed
from callbot.store.makeup import meeting, names
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.flows import flows
from callbot.web.api.lists import lists_of
from callbot.web.refusal import missing
from callbot.web.shapes.base import Done
from callbot.web.shapes.batch_making import (
    CancelledOut,
    MadeOut,
    NewBatchIn,
    OfferOut,
    PreviewOut,
    QuestionIn,
    ReasonIn,
    StandingOut,
    WhatIfOut,
)
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api", tags=["batches"])
Writes = Annotated[Principal, needs(Permission.BATCH_WRITE)]
Launches = Annotated[Principal, needs(Permission.BATCH_LAUNCH)]
_FIRST = 10
"""So many of those who would be called first are shown."""


@router.post("/batches", status_code=201)
async def make(site: Here, who: Writes, wanted: NewBatchIn) -> MadeOut:
    """Make a draft of a list that was taken in, of segments, or of both; nobody is called before the launch.

    Refused with everything that is wrong at once.
    """
    now = site.clock.now()
    ids, source = await _people(site, wanted, now)
    if wanted.instead_of:
        await _draft(site, wanted.instead_of)
    new = batches.NewBatch(
        name=wanted.name,
        flow=wanted.flow,
        customer_ids=ids,
        purpose=wanted.purpose,
        lines=wanted.lines,
        priority=wanted.priority,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        offers=tuple(wanted.offers),
        hold_out_percent=wanted.hold_out_percent,
        policy=wanted.policy,
        source=source,
        created_by=who.name,
    )
    batch_id = await batches.create(site.db, site.vault, new, now, flows=await flows())
    async with site.db.write() as session:
        if wanted.instead_of:
            await batch_rows.discard(session, wanted.instead_of)
        deed = Deed(
            action="batch.make",
            about_kind="batch",
            about_id=batch_id,
            detail={"people": len(ids)},
        )
        await site.audit.write(session, who.actor, deed, now)
    return MadeOut(batch_id=batch_id, people=len(ids))


@router.get("/batches/{batch_id}/preview", dependencies=[needs(Permission.BATCH_READ)])
async def preview(site: Here, batch_id: str, at: AwareDatetime | None = None) -> PreviewOut:
    """Who would be called at a moment, who later, who never, and which rule says so. Changes nothing."""
    await _existing(site, batch_id)
    moment = at or site.clock.now()
    found = await batches.preview(site.db, batch_id, moment)
    shown = [*found.now[:_FIRST], *(each for group in (*found.later, *found.never) for each in group.examples)]
    async with site.db.read() as session:
        people = await names(session, shown)
    return PreviewOut.of(found, moment, people, first=_FIRST)


@router.post("/batches/{batch_id}/what-if", dependencies=[needs(Permission.BATCH_READ)])
async def ask_what_if(site: Here, batch_id: str, question: QuestionIn) -> WhatIfOut:
    """How many could be called under another policy, and which outer rules it would break. Changes nothing."""
    await _existing(site, batch_id)
    if not question.changes:
        raise BadInput.one("假设", "没有说要假设什么", "改一个上限或时段再问")
    moment = question.at or site.clock.now()
    return WhatIfOut.of(await what_if(site.db, batch_id, moment, question.changes), moment)


@router.get("/batches/{batch_id}/standing", dependencies=[needs(Permission.BATCH_READ)])
async def standing(site: Here, batch_id: str) -> StandingOut:
    """How it stands at this moment: its members, its pace and what bounds it, its circuit breaker."""
    await _existing(site, batch_id)
    return StandingOut.of(await status(site.db, batch_id, site.clock.now()))


@router.post("/batches/{batch_id}/launch")
async def launch(site: Here, who: Launches, batch_id: str, why: ReasonIn) -> Done:
    """Set a draft running; the media processes of `callbot serve` make the calls."""
    await _existing(site, batch_id)
    await batches.launch(site.db, batch_id, site.clock.now(), reason=why.reason)
    return await _noted(site, who, "batch.launch", batch_id, why.reason)


@router.post("/batches/{batch_id}/pause")
async def pause(site: Here, who: Launches, batch_id: str, why: ReasonIn) -> Done:
    """Place no further call; calls under way go on."""
    await _existing(site, batch_id)
    await batches.pause(site.db, batch_id, site.clock.now(), reason=why.reason)
    return await _noted(site, who, "batch.pause", batch_id, why.reason)


@router.post("/batches/{batch_id}/resume")
async def resume(site: Here, who: Launches, batch_id: str, why: ReasonIn) -> Done:
    """Go on with a paused batch; what the circuit breaker paused needs a reason."""
    await _existing(site, batch_id)
    await batches.resume(site.db, batch_id, site.clock.now(), reason=why.reason)
    return await _noted(site, who, "batch.resume", batch_id, why.reason)


@router.post("/batches/{batch_id}/cancel")
async def cancel(site: Here, who: Launches, batch_id: str, why: ReasonIn) -> CancelledOut:
    """End it for good: queued calls are closed, calls under way go on, promised calls are kept."""
    await _existing(site, batch_id)
    left = await batches.cancel(site.db, batch_id, site.clock.now())
    await _noted(site, who, "batch.cancel", batch_id, why.reason)
    return CancelledOut.model_validate(left)


@router.delete("/batches/{batch_id}")
async def discard(site: Here, who: Writes, batch_id: str) -> Done:
    """Throw a draft away, for which nobody was ever called."""
    await _draft(site, batch_id)
    async with site.db.write() as session:
        await batch_rows.discard(session, batch_id)
    return await _noted(site, who, "batch.discard", batch_id, "")


@router.get("/offers", dependencies=[needs(Permission.OFFER_READ)])
async def offers(site: Here) -> list[OfferOut]:
    """The newest version of every offer, those that hold at this moment first."""
    now = site.clock.now()
    async with site.db.read() as session:
        found = [
            OfferOut.model_validate({**row.model_dump(), "holds": offer_rows.holds(row, now)})
            for row in await offer_rows.all_newest(session)
        ]
    return sorted(found, key=lambda offer: (not offer.holds, offer.industry, -offer.priority, offer.code))


async def _people(site: Site, wanted: NewBatchIn, now: datetime) -> tuple[Sequence[str], str]:
    """Ids in the order of the list or of the ids, and where they come from."""
    if not wanted.list_id and not wanted.segments:
        raise BadInput.one("名单", "没有说给谁打电话", "上传名单，或选人群")
    by_segments: set[str] = set()
    listed: Sequence[str] = ()
    source = ""
    if wanted.list_id:
        staged = lists_of(site).get(wanted.list_id)
        if not staged.taken:
            raise BadInput.one(f"名单 {staged.name}", "还没有入库", "先确认名单检查的结果")
        listed, source = staged.customer_ids, staged.name
    for name in wanted.segments:
        if listed:
            async with site.db.read() as session:
                found = await segments.find(session, name)
                by_segments |= await meeting(session, parse(found.expression), now, listed)
        else:
            by_segments.update(await segments.customer_ids(site.db, name, now))
    if not wanted.segments:
        return listed, source
    named = f"人群 {'、'.join(wanted.segments)}"
    if listed:
        return [each for each in listed if each in by_segments], f"{source}，{named}"
    return sorted(by_segments), named


async def _existing(site: Site, batch_id: str) -> str:
    """Its state."""
    async with site.db.read() as session:
        batch = await batch_rows.get(session, batch_id)
    if batch is None:
        raise missing("batch")
    return batch.state


async def _draft(site: Site, batch_id: str) -> None:
    if await _existing(site, batch_id) != "draft":
        raise batches.BatchState(f"批次 {batch_id} 不是草稿 → 已启动的批次请用“取消”")


async def _noted(site: Site, who: Principal, action: str, batch_id: str, reason: str) -> Done:
    deed = Deed(
        action=action, about_kind="batch", about_id=batch_id, detail={"reason": reason} if reason else {}
    )
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, deed, site.clock.now())
    return Done()
