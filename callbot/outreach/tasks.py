"""What humans do with their follow-ups: take one, finish it, give it up, put it off; with who, when and why."""

from __future__ import annotations

from datetime import datetime

from callbot.conversation.labels import FollowUpKind
from callbot.errors import BadInput
from callbot.outreach.message_rules import Failed
from callbot.outreach.sequences import Stop
from callbot.outreach.state_words import TASKS
from callbot.outreach.touches import stop_touches
from callbot.store import contacts
from callbot.store import follow_ups as store
from callbot.store.database import Database, Session
from callbot.store.follow_ups import SYSTEM, Held
from callbot.store.tables import Event, FollowUp

_COMPLAINT = FollowUpKind.COMPLAINT_PAUSE_30D


async def claim(db: Database, follow_up: str, *, by: str, now: datetime) -> FollowUp:
    """open → claimed by one person, who takes over from the touch sequences.

    Raises `BadInput` when somebody else has it, or nobody may call the customer.
    """
    async with db.write() as session:
        held = await _held(session, follow_up)
        _for_humans(held.row)
        facts = await contacts.facts(session, held.batch.id if held.batch else "", [held.customer.id], now)
        if "all" in facts[held.customer.id].do_not_contact and held.row.kind != _COMPLAINT:
            raise _refused(held.row, "这位客户不能再联系", "取消这件事")
        if not await store.move(
            session, held.row.id, states=("open",), state="claimed", claimed_by=by, claimed_at=now
        ):
            raise _not_open(held.row)
        await stop_touches(session, held.customer.id, Stop.HUMAN, now)
        return await _now(session, held.row.id)


async def done(
    db: Database,
    follow_up: str,
    *,
    by: str,
    note: str,
    now: datetime,
    called: bool = False,
    failed: Failed | None = None,
) -> FollowUp:
    """open or claimed → done. `called`: a human spoke with the customer, which counts against the caps.

    `failed` says why it moved nobody (R014). Raises `BadInput` when it is not theirs to finish.
    """
    async with db.write() as session:
        held = await _held(session, follow_up)
        row = held.row
        _for_humans(row)
        if row.kind == _COMPLAINT:
            raise _refused(row, "投诉答复了才算完成", "callbot case answer")
        if row.state == "claimed" and row.claimed_by != by:
            raise _refused(row, f"{row.claimed_by} 正在处理", "问一下，或取消它")
        if not await store.move(
            session,
            row.id,
            states=("open", "claimed"),
            state="done",
            closed_by=by,
            closed_at=now,
            note=note,
            failed=failed.value if failed else None,
        ):
            raise _not_open(row)
        if called:
            session.add(
                Event(
                    customer_id=held.customer.id,
                    external_id=f"follow-up:{row.id}",
                    kind=contacts.HUMAN_CALL,
                    at=now,
                    note=note,
                    data={"follow_up_id": row.id, "by": by},
                )
            )
            await session.flush()
        return await _now(session, row.id)


async def cancel(db: Database, follow_up: str, *, by: str, note: str, now: datetime) -> FollowUp:
    """Give up what waits, also what callbot itself would do.

    Raises `BadInput` without a reason, for a complaint, and for what is over.
    """
    async with db.write() as session:
        held = await _held(session, follow_up)
        if held.row.kind == _COMPLAINT:
            raise _refused(held.row, "投诉不能放弃", "callbot case answer 之后再关闭")
        if not note.strip():
            raise _refused(held.row, "取消要有理由", "用 --note 写明")
        if not await store.move(
            session,
            held.row.id,
            states=("open", "claimed"),
            state="cancelled",
            closed_by=by,
            closed_at=now,
            note=note,
        ):
            raise _not_open(held.row)
        return await _now(session, held.row.id)


async def postpone(
    db: Database, follow_up: str, *, by: str, to: datetime, note: str, now: datetime
) -> FollowUp:
    """Put it off to a later moment (UTC). The first due time is kept. Raises `BadInput` for a complaint."""
    async with db.write() as session:
        held = await _held(session, follow_up)
        row = held.row
        if row.kind == _COMPLAINT:
            raise _refused(row, "投诉要在 24 小时内答复", "callbot case answer")
        if to <= now:
            raise _refused(row, f"{to.isoformat()} 已经过去", "写以后的时间")
        detail = {
            **row.detail,
            "first_due_at": row.detail.get("first_due_at", row.due_at.isoformat()),
            "postponed_by": by,
        }
        if not await store.move(
            session, row.id, states=("open", "claimed"), due_at=to, note=note, detail=detail
        ):
            raise _not_open(row)
        return await _now(session, row.id)


async def _held(session: Session, follow_up: str) -> Held:
    found = await store.find(session, follow_up)
    held = await store.hold(session, found) if found else None
    if held is None:
        raise BadInput.one(f"待办 {follow_up}", "没有这件待办，或不止一件", "callbot followup list 列出待办")
    return held


async def _now(session: Session, follow_up_id: str) -> FollowUp:
    return await session.get_one(FollowUp, follow_up_id, populate_existing=True)


def _for_humans(row: FollowUp) -> None:
    if row.owner == SYSTEM:
        raise _refused(row, "这件事由系统自己做", "不该做的话就取消它")


def _not_open(row: FollowUp) -> BadInput:
    by = f"（{row.claimed_by or row.closed_by}）" if row.claimed_by or row.closed_by else ""
    return _refused(row, f"{TASKS[row.state]}{by}", "callbot followup list --all 查看")


def _refused(row: FollowUp, what: str, cure: str) -> BadInput:
    return BadInput.one(f"待办 {row.id}", what, cure)
