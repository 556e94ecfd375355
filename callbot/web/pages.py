"""The server-rendered pages, until the console has a screen for each: batches, calls, customers, alarms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.responses import Response

from callbot.insight.latency import latency_table
from callbot.insight.script import script
from callbot.store import cases, lists, overview
from callbot.store.lists import CallsWanted, Part
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.batches import batch_line
from callbot.web.api.calls import call_sheet, recording_of
from callbot.web.api.customers import customer_sheet
from callbot.web.site import Here
from callbot.web.templates_of import page

router = APIRouter(prefix="/pages", include_in_schema=False, default_response_class=HTMLResponse)
_MOST_CALLS = Part(limit=200)


@router.get("")
async def batches_page(
    request: Request, site: Here, who: Annotated[Principal, needs(Permission.BATCH_READ)]
) -> Response:
    async with site.db.read() as session:
        waiting = await cases.waiting_alarms(session) if who.may(Permission.ALARM_READ) else 0
        return page(request, "batches", who=who, batches=await overview.batches(session), alarms=waiting)


@router.get("/batches/{batch_id}")
async def batch_page(
    request: Request, site: Here, who: Annotated[Principal, needs(Permission.BATCH_READ)], batch_id: str
) -> Response:
    async with site.db.read() as session:
        line = await batch_line(session, batch_id)
        members = await overview.members(session, batch_id)
    return page(request, "batch", who=who, line=line, members=members)


@router.get("/calls")
async def calls_page(
    request: Request, site: Here, who: Annotated[Principal, needs(Permission.CALL_READ)]
) -> Response:
    async with site.db.read() as session:
        rows, _ = await lists.calls(
            session, CallsWanted(), agent=who.rows(Permission.CALL_READ), part=_MOST_CALLS
        )
    return page(request, "calls", who=who, calls=[(call, customer) for call, _, customer, _ in rows])


@router.get("/calls/{call_id}")
async def call_page(
    request: Request, site: Here, who: Annotated[Principal, needs(Permission.CALL_READ)], call_id: str
) -> Response:
    sheet = await call_sheet(site, who, call_id, Permission.CALL_READ)
    latency = latency_table(turn.latency for turn in sheet.turns)
    return page(request, "call", who=who, sheet=sheet, lines=script(sheet.turns), latency=latency)


@router.get("/calls/{call_id}/recording.wav", response_class=FileResponse)
async def recording(
    site: Here, who: Annotated[Principal, needs(Permission.CALL_LISTEN)], call_id: str
) -> FileResponse:
    return await recording_of(site, who, call_id)


@router.get("/customers/{key}")
async def customer_page(
    request: Request, site: Here, who: Annotated[Principal, needs(Permission.CUSTOMER_READ)], key: str
) -> Response:
    sheet = await customer_sheet(site, who, key, Permission.CUSTOMER_READ)
    return page(request, "customer", who=who, sheet=sheet)


@router.get("/alarms")
async def alarms_page(
    request: Request, site: Here, who: Annotated[Principal, needs(Permission.ALARM_READ)]
) -> Response:
    async with site.db.read() as session:
        return page(request, "alarms", who=who, alarms=await cases.alarms(session))
