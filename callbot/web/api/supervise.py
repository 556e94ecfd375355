"""Running calls and their supervisors: listen, whisper, barge in, take over, end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, WebSocket

from callbot.store.audit import Deed
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.desk import office_of
from callbot.web.browser_socket import admitted_while_signed_in
from callbot.web.refusal import Refused, Why
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api/supervise", tags=["supervise"])

Supervisor = Annotated[Principal, needs(Permission.CALL_SUPERVISE)]


@router.websocket("/{call_id}")
async def supervise(socket: WebSocket, site: Here, who: Supervisor, call_id: str) -> None:
    """One running call, heard live; muted until the supervisor says otherwise. Protocol: docs/calls.md."""
    office = office_of(site)
    await _note(site, who, "call.listen-live", call_id)
    async with admitted_while_signed_in(site, who, socket) as connection:
        await office.supervision.attend(who.name, who.display_name or who.name, call_id, connection)


@router.post("/{call_id}/end", status_code=202)
async def end(site: Here, who: Supervisor, call_id: str) -> None:
    """End a running call: the bot apologises first; a human's conversation ends at once."""
    if not office_of(site).supervision.end(call_id):
        raise Refused(Why.NOT_FOUND, what="running call")
    await _note(site, who, "call.end", call_id)


async def _note(site: Site, who: Principal, action: str, call_id: str) -> None:
    async with site.db.write() as session:
        deed = Deed(action=action, about_kind="call", about_id=call_id)
        await site.audit.write(session, who.actor, deed, site.clock.now())
