"""Who a new batch is for: a list handed in and checked row by row, or a segment of the base."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.datastructures import FormData, UploadFile

from callbot.audience import segments
from callbot.audience.importing import Defaults
from callbot.audience.tags.parse import parse
from callbot.errors import BadInput
from callbot.outreach.staged_list import StagedLists
from callbot.store import segments as segment_rows
from callbot.store.audit import Deed
from callbot.store.makeup import makeup, meeting
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.refusal import missing
from callbot.web.shapes.lists import (
    CountedSegment,
    MakeupOut,
    SegmentOut,
    SegmentPeopleOut,
    StagedListOut,
    TakenInOut,
)
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api", tags=["lists"])
Writes = Annotated[Principal, needs(Permission.BATCH_WRITE)]
_CHUNK = 1 << 20
_LONGEST = 80
_HANDED_IN = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                        "industry": {"type": "string", "maxLength": _LONGEST},
                        "brand": {"type": "string", "maxLength": _LONGEST},
                    },
                }
            }
        },
    }
}


def lists_of(site: Site) -> StagedLists:
    return StagedLists(site.data / "staged")


@router.post("/lists", status_code=201, openapi_extra=_HANDED_IN)
async def hand_in(site: Here, who: Writes, request: Request) -> StagedListOut:
    """Keep a list of customers for a day and check every row; nobody of it is stored.

    `industry` and `brand` are for lists without that column. The body is read once it is known who
    sends it.
    """
    async with request.form(max_files=1, max_fields=2) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadInput.one("file", "没有文件", "用 multipart/form-data 发送名单，字段名 file")
        staged = await lists_of(site).stage(
            site.db,
            site.vault,
            site.clock,
            name=file.filename or "",
            content=_chunks(file),
            by=who.name,
            defaults=Defaults(industry=_field(form, "industry"), brand=_field(form, "brand")),
        )
    deed = Deed(action="list.hand-in", about_kind="list", about_id=staged.id, detail={"rows": staged.rows})
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, deed, site.clock.now())
    return StagedListOut.of(staged)


@router.get("/lists/{list_id}", dependencies=[needs(Permission.BATCH_WRITE)])
async def staged_list(site: Here, list_id: str) -> StagedListOut:
    """A list as it was checked."""
    return StagedListOut.of(lists_of(site).get(list_id))


@router.get("/lists/{list_id}/rejected.csv", response_class=FileResponse)
async def rejected(site: Here, who: Writes, list_id: str) -> FileResponse:
    """The bad rows as they came, each with reason and cure; to be corrected and handed in again."""
    file = lists_of(site).rejected_file(list_id)
    if file is None:
        raise missing("rejected rows")
    deed = Deed(action="list.rejected-rows", about_kind="list", about_id=list_id)
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, deed, site.clock.now())
    return FileResponse(file, media_type="text/csv", filename=file.name)


@router.post("/lists/{list_id}/take-in")
async def take_in(site: Here, who: Writes, list_id: str) -> TakenInOut:
    """Store the good rows, judge everybody in them, and say who they are. A second time changes nothing."""
    staged = await lists_of(site).take_in(site.db, site.vault, site.clock, site.scorer, list_id)
    deed = Deed(
        action="list.take-in", about_kind="list", about_id=list_id, detail={"people": len(staged.customer_ids)}
    )
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, deed, site.clock.now())
    return TakenInOut(
        list_id=list_id,
        people=len(staged.customer_ids),
        new=staged.new,
        makeup=await _makeup(site, staged.customer_ids),
        segments=await _segments(site, staged.customer_ids),
    )


@router.get("/segments", dependencies=[needs(Permission.BATCH_READ)])
async def all_segments(site: Here) -> list[SegmentOut]:
    """Every segment, the one that decides first on top."""
    async with site.db.read() as session:
        return [SegmentOut.of(each) for each in await segment_rows.segments(session)]


@router.get("/segments/{name}/people", dependencies=[needs(Permission.BATCH_READ)])
async def segment_people(site: Here, name: str) -> SegmentPeopleOut:
    """How many customers are in a segment now, and who they are."""
    now = site.clock.now()
    async with site.db.read() as session:
        if await segment_rows.segment(session, name) is None:
            raise missing("segment")
        found = await segments.find(session, name)
        of = await segment_rows.count_customers(session)
    ids = await segments.customer_ids(site.db, name, now)
    return SegmentPeopleOut(
        segment=SegmentOut.of(found), people=len(ids), of=of, makeup=await _makeup(site, ids)
    )


async def _makeup(site: Site, ids: Sequence[str]) -> MakeupOut:
    async with site.db.read() as session:
        return MakeupOut.of(await makeup(session, ids))


async def _segments(site: Site, ids: Sequence[str]) -> list[CountedSegment]:
    now = site.clock.now()
    counted = []
    async with site.db.read() as session:
        for each in await segment_rows.segments(session):
            if people := len(await meeting(session, parse(each.expression), now, ids)):
                counted.append(CountedSegment(segment=SegmentOut.of(each), people=people))
    return counted


def _field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(_CHUNK):
        yield chunk
