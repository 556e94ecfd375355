"""Follow-ups: a list, and what humans do with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from callbot.outreach import tasks
from callbot.store import follow_ups as rows_of
from callbot.store import lists
from callbot.store.audit import Deed
from callbot.store.follow_ups import SYSTEM, Listed
from callbot.store.scope import may_work_on
from callbot.store.tables import FollowUp
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.parts import Listed as ListedPart
from callbot.web.api.parts import Several, Word
from callbot.web.refusal import missing
from callbot.web.shapes.base import Page
from callbot.web.shapes.follow_ups import CancelIn, FinishIn, FollowUpLine, FollowUpOut, PostponeIn
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api/follow-ups", tags=["follow-ups"])
Worker = Annotated[Principal, needs(Permission.FOLLOW_UP_WORK)]


@router.get("")
async def list_follow_ups(
    site: Here,
    who: Annotated[Principal, needs(Permission.FOLLOW_UP_READ)],
    part: ListedPart,
    state: Several = [],  # noqa: B006
    kind: Several = [],  # noqa: B006
    owner: Word = "",
    customer_id: Word = "",
    mine: bool = False,
    free: bool = False,
    overdue: bool = False,
) -> Page[FollowUpLine]:
    """What is still to happen, the longest due first.

    `mine`: one's own. `free`: tasks of a desk that nobody has taken. Agents see their own and the free ones.
    """
    now = site.clock.now()
    wanted = lists.FollowUpsWanted(
        states=state or rows_of.WAITING,
        kinds=kind,
        owner=who.name if mine else owner,
        customer_id=customer_id,
        overdue_at=now if overdue else None,
        free=free,
    )
    async with site.db.read() as session:
        found, total = await lists.follow_ups(
            session, wanted, agent=who.rows(Permission.FOLLOW_UP_READ), part=part
        )
    items = [
        FollowUpLine.of(
            Listed(follow_up=row, customer_id=person.id, name=person.name, phone_masked=person.phone_masked),
            overdue=row.state in ("open", "claimed") and row.due_at <= now and row.owner != SYSTEM,
        )
        for row, person in found
    ]
    return Page(items=items, total=total, limit=part.limit, offset=part.offset)


@router.post("/{follow_up_id}/claim")
async def claim(site: Here, who: Worker, follow_up_id: str) -> FollowUpOut:
    """Take a task; touch sequences of the customer end."""
    await _theirs(site, who, follow_up_id)
    row = await tasks.claim(site.db, follow_up_id, by=who.name, now=site.clock.now())
    return await _noted(site, who, "follow_up.claim", row)


@router.post("/{follow_up_id}/done")
async def done(site: Here, who: Worker, follow_up_id: str, how: FinishIn) -> FollowUpOut:
    """Finish a task."""
    await _theirs(site, who, follow_up_id)
    row = await tasks.done(
        site.db,
        follow_up_id,
        by=who.name,
        note=how.note,
        now=site.clock.now(),
        called=how.called,
        failed=how.failed,
    )
    return await _noted(site, who, "follow_up.done", row)


@router.post("/{follow_up_id}/cancel")
async def cancel(site: Here, who: Worker, follow_up_id: str, why: CancelIn) -> FollowUpOut:
    """Give up a task, or stop what callbot would do itself."""
    await _theirs(site, who, follow_up_id)
    row = await tasks.cancel(site.db, follow_up_id, by=who.name, note=why.note, now=site.clock.now())
    return await _noted(site, who, "follow_up.cancel", row)


@router.post("/{follow_up_id}/postpone")
async def postpone(site: Here, who: Worker, follow_up_id: str, until: PostponeIn) -> FollowUpOut:
    """Put a task off; its first due time is kept."""
    await _theirs(site, who, follow_up_id)
    row = await tasks.postpone(
        site.db, follow_up_id, by=who.name, to=until.to, note=until.note, now=site.clock.now()
    )
    return await _noted(site, who, "follow_up.postpone", row)


async def _theirs(site: Site, who: Principal, follow_up_id: str) -> None:
    async with site.db.read() as session:
        known = await rows_of.find(session, follow_up_id)
        if known != follow_up_id or not await may_work_on(
            session, who.rows(Permission.FOLLOW_UP_WORK), follow_up_id
        ):
            raise missing("follow-up")


async def _noted(site: Site, who: Principal, action: str, row: FollowUp) -> FollowUpOut:
    deed = Deed(action=action, about_kind="follow-up", about_id=row.id, detail={"kind": row.kind})
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, deed, site.clock.now())
    return FollowUpOut.model_validate(row)
