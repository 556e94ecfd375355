"""Alarms: what nobody did in time, or stopped by itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from callbot.store import cases
from callbot.store.audit import Deed
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.refusal import missing
from callbot.web.shapes.base import Done
from callbot.web.shapes.board import AlarmOut
from callbot.web.site import Here

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


@router.get("")
async def list_alarms(
    site: Here, who: Annotated[Principal, needs(Permission.ALARM_READ)], acknowledged: bool = False
) -> list[AlarmOut]:
    """Alarms that nobody has seen yet, the latest first; `acknowledged`: those too."""
    async with site.db.read() as session:
        found = await cases.alarms(session, acknowledged=acknowledged)
    return [AlarmOut.of(one) for one in found]


@router.post("/{alarm_id}/acknowledge")
async def acknowledge(
    site: Here, who: Annotated[Principal, needs(Permission.ALARM_ACK)], alarm_id: str
) -> Done:
    """Say that you have seen it. What it is about is still to be done."""
    now = site.clock.now()
    async with site.db.write() as session:
        if not await cases.acknowledge(session, alarm_id, by=who.name, now=now):
            raise missing("alarm")
        deed = Deed(action="alarm.acknowledge", about_kind="alarm", about_id=alarm_id)
        await site.audit.write(session, who.actor, deed, now)
    return Done()
