"""Batches: all, one, its members."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from callbot.store import lists, overview
from callbot.store.database import Session
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.parts import Listed, Several
from callbot.web.refusal import missing
from callbot.web.shapes.base import Page
from callbot.web.shapes.batches import BatchLineOut, MemberOut
from callbot.web.site import Here

router = APIRouter(prefix="/api/batches", tags=["batches"])
Reader = Annotated[Principal, needs(Permission.BATCH_READ)]


@router.get("")
async def list_batches(site: Here, who: Reader) -> list[BatchLineOut]:
    """All batches, the newest first."""
    async with site.db.read() as session:
        return [BatchLineOut.model_validate(line) for line in await overview.batches(session)]


@router.get("/{batch_id}")
async def one_batch(site: Here, who: Reader, batch_id: str) -> BatchLineOut:
    """One batch with its counts."""
    async with site.db.read() as session:
        return BatchLineOut.model_validate(await batch_line(session, batch_id))


@router.get("/{batch_id}/members")
async def list_members(
    site: Here,
    who: Reader,
    batch_id: str,
    part: Listed,
    state: Several = [],  # noqa: B006
    outcome: Several = [],  # noqa: B006
) -> Page[MemberOut]:
    """The customers of a batch in the order in which they are called."""
    async with site.db.read() as session:
        await batch_line(session, batch_id)
        rows, total = await lists.members(session, batch_id, states=state, outcomes=outcome, part=part)
    items = [_member(row) for row in rows]
    return Page(items=items, total=total, limit=part.limit, offset=part.offset)


async def batch_line(session: Session, batch_id: str) -> overview.BatchLine:
    """Raises `Refused` when there is no such batch."""
    line = await overview.batch(session, batch_id)
    if line is None:
        raise missing("batch")
    return line


def _member(row: lists.MemberRow) -> MemberOut:
    attempt, call = row.attempt, row.call
    return MemberOut(
        customer_id=row.customer.id,
        external_id=row.customer.external_id,
        name=row.customer.name,
        phone_masked=row.customer.phone_masked,
        stage=row.customer.stage,
        reason=row.customer.reason,
        priority=row.customer.priority,
        hold_out=row.member.hold_out,
        state=row.member.state,
        blocked_by=row.member.blocked_by,
        blocked_until=row.member.blocked_until,
        blocked_because=row.member.blocked_because,
        attempt_id=attempt.id if attempt else None,
        attempt_state=attempt.state if attempt else None,
        attempts=row.attempts,
        outcome=attempt.outcome if attempt else None,
        cause=attempt.cause if attempt else None,
        call_id=call.id if call else None,
        duration_ms=call.duration_ms if call else None,
        follow_ups=list(row.follow_ups),
    )
