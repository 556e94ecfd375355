"""Notes and verdicts on calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.ids import new_id
from callbot.store.tables import ReviewNote, ReviewVerdict


async def notes(session: AsyncSession, call_id: str) -> Sequence[ReviewNote]:
    """Those on the whole call first, then by their moment."""
    found = await session.exec(
        select(ReviewNote)
        .where(col(ReviewNote.call_id) == call_id)
        .order_by(col(ReviewNote.at_ms).is_not(None), col(ReviewNote.at_ms), col(ReviewNote.id))
    )
    return found.all()


async def verdicts(session: AsyncSession, call_id: str) -> Sequence[ReviewVerdict]:
    found = await session.exec(select(ReviewVerdict).where(col(ReviewVerdict.call_id) == call_id))
    return found.all()


async def add_note(
    session: AsyncSession, call_id: str, *, at_ms: int | None, text: str, by: str, now: datetime
) -> ReviewNote:
    note = ReviewNote(id=new_id(), call_id=call_id, at_ms=at_ms, text=text, made_by=by, made_at=now)
    session.add(note)
    await session.flush()
    return note


async def remove_note(session: AsyncSession, call_id: str, note_id: str, *, by: str) -> bool:
    """Only one's own; False where there is none of that id."""
    found = await session.exec(
        delete(ReviewNote).where(
            col(ReviewNote.id) == note_id, col(ReviewNote.call_id) == call_id, col(ReviewNote.made_by) == by
        )
    )
    return bool(found.rowcount)


async def judge(
    session: AsyncSession, call_id: str, check: str, *, passed: bool, reason: str, by: str, now: datetime
) -> None:
    """The reviewer's word on a check, instead of an earlier one."""
    await session.merge(
        ReviewVerdict(call_id=call_id, check=check, passed=passed, reason=reason, made_by=by, made_at=now)
    )


async def take_back(session: AsyncSession, call_id: str, check: str) -> None:
    """The automatic verdict stands again."""
    await session.exec(
        delete(ReviewVerdict).where(col(ReviewVerdict.call_id) == call_id, col(ReviewVerdict.check) == check)
    )
