"""Calls: a list with filters, one with transcript, events and recording."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse

from callbot.store import lists, overview
from callbot.store.audit import Deed
from callbot.store.scope import may_see_call
from callbot.store.tables import Attempt, Call, Customer, Transfer
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.parts import Listed, Several, When, Word
from callbot.web.recordings import below, event_lines
from callbot.web.refusal import missing
from callbot.web.shapes.base import Page
from callbot.web.shapes.calls import CallEvent, CallLine, CallSheetOut
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api/calls", tags=["calls"])
Reader = Annotated[Principal, needs(Permission.CALL_READ)]
Listener = Annotated[Principal, needs(Permission.CALL_LISTEN)]


def _wanted(
    outcome: Several = [],  # noqa: B006
    intent: Several = [],  # noqa: B006
    emotion: Several = [],  # noqa: B006
    transfer_reason: Several = [],  # noqa: B006
    agent: Word = "",
    batch_id: Word = "",
    customer_id: Word = "",
    longer_s: Annotated[float | None, Query(ge=0, le=86_400)] = None,
    shorter_s: Annotated[float | None, Query(ge=0, le=86_400)] = None,
    since: When = None,
    until: When = None,
    words: Word = "",
) -> lists.CallsWanted:
    return lists.CallsWanted(
        outcomes=outcome,
        intents=intent,
        emotions=emotion,
        transfer_reasons=transfer_reason,
        agent=agent,
        batch_id=batch_id,
        customer_id=customer_id,
        longer_ms=None if longer_s is None else round(longer_s * 1_000),
        shorter_ms=None if shorter_s is None else round(shorter_s * 1_000),
        since=since,
        until=until,
        words=words,
    )


Filtered = Annotated[lists.CallsWanted, Depends(_wanted)]
"""Several values of one filter mean any of them, several filters all of them."""


@router.get("")
async def list_calls(site: Here, who: Reader, part: Listed, wanted: Filtered) -> Page[CallLine]:
    """Calls, the latest first."""
    async with site.db.read() as session:
        rows, total = await lists.calls(session, wanted, agent=who.rows(Permission.CALL_READ), part=part)
    items = [call_line(*row) for row in rows]
    return Page(items=items, total=total, limit=part.limit, offset=part.offset)


@router.get("/{call_id}")
async def one_call(site: Here, who: Reader, call_id: str) -> CallSheetOut:
    """Everything about one call: who, transcript, transfers, what follows, what the guard stopped."""
    return CallSheetOut.model_validate(await call_sheet(site, who, call_id, Permission.CALL_READ))


@router.get("/{call_id}/events")
async def call_events(site: Here, who: Reader, call_id: str) -> list[CallEvent]:
    """The event log of a call: what the floor, the ear and the voice did, by the media clock."""
    sheet = await call_sheet(site, who, call_id, Permission.CALL_READ)
    path = below(site.data, sheet.call.event_log)
    if path is None:
        raise missing("event log")
    return await asyncio.to_thread(lambda: list(event_lines(path)))


@router.get(
    "/{call_id}/recording",
    response_class=FileResponse,
    responses={200: {"content": {"audio/wav": {}}}, 206: {"description": "A part of it"}},
)
async def call_recording(site: Here, who: Listener, call_id: str) -> FileResponse:
    """The sound: left the callee, right the bot or the agent. Takes `Range`; listening is in the audit log."""
    return await recording_of(site, who, call_id)


async def recording_of(site: Site, who: Principal, call_id: str) -> FileResponse:
    """The file. A listening is noted once, not for every part that a player asks for. Raises `Refused`."""
    sheet = await call_sheet(site, who, call_id, Permission.CALL_LISTEN)
    path = below(site.data, sheet.call.recording)
    if path is None:
        raise missing("recording")
    now = site.clock.now()
    if site.rates.first(f"listen:{who.id}:{sheet.call.id}", now):
        deed = Deed(action="call.listen", about_kind="call", about_id=sheet.call.id)
        async with site.db.write() as session:
            await site.audit.write(session, who.actor, deed, now)
    return FileResponse(path, media_type="audio/wav")


async def call_sheet(site: Site, who: Principal, call_id: str, permission: Permission) -> overview.CallSheet:
    """A call that this person may see. Raises `Refused`: to others it does not exist."""
    async with site.db.read() as session:
        sheet = await overview.call_sheet(session, call_id)
        if sheet is None or not await may_see_call(session, who.rows(permission), sheet.call.id):
            raise missing("call")
    return sheet


def call_line(call: Call, attempt: Attempt, customer: Customer, transfer: Transfer | None) -> CallLine:
    return CallLine(
        id=call.id,
        batch_id=attempt.batch_id,
        attempt_id=attempt.id,
        customer_id=customer.id,
        name=customer.name,
        phone_masked=customer.phone_masked,
        flow=call.flow,
        started_at=call.started_at,
        ended_at=call.ended_at,
        duration_ms=call.duration_ms,
        outcome=call.outcome,
        ended_by=call.ended_by,
        has_recording=bool(call.recording),
        transfer_reason=transfer.reason if transfer else None,
        transfer_result=transfer.result if transfer else None,
        agent_id=transfer.agent_id if transfer else None,
    )
