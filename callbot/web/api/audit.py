"""The audit log: who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from callbot.store import audit
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.parts import Listed, When, Word
from callbot.web.shapes.account import AuditOut, VerdictOut
from callbot.web.shapes.base import Page
from callbot.web.site import Here

router = APIRouter(prefix="/api/audit", tags=["audit"])
Reader = Annotated[Principal, needs(Permission.AUDIT_READ)]


@router.get("")
async def list_entries(
    site: Here,
    who: Reader,
    part: Listed,
    action: Word = "",
    actor: Word = "",
    about_id: Word = "",
    since: When = None,
    until: When = None,
) -> Page[AuditOut]:
    """Entries, the latest first. `action` is a whole action or its area: `user` finds `user.add`."""
    wanted = audit.Wanted(action=action, actor=actor, about_id=about_id, since=since, until=until)
    async with site.db.read() as session:
        rows, total = await audit.entries(session, wanted, limit=part.limit, offset=part.offset)
    items = [AuditOut.model_validate(row) for row in rows]
    return Page(items=items, total=total, limit=part.limit, offset=part.offset)


@router.get("/verify")
async def verify(site: Here, who: Reader, head: Annotated[str, Query(max_length=100)] = "") -> VerdictOut:
    """Check the whole chain; `head` is one that was kept earlier."""
    async with site.db.read() as session:
        return VerdictOut.model_validate(await site.audit.verify(session, kept_head=head))
