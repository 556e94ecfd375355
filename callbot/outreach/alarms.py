"""Says loudly, once for each breach, what was promised and not done in time, and what soon stops every call."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from callbot.conversation.labels import FollowUpKind
from callbot.conversation.promises import PromiseKind
from callbot.outreach.calendar import day_starts, first_unknown_day
from callbot.outreach.notice import announce
from callbot.outreach.sequences import Stop
from callbot.outreach.touches import TASK
from callbot.store import cases, contacts, due, follow_ups, outbox, promises
from callbot.store.database import Database, Session
from callbot.store.follow_ups import SYSTEM
from callbot.store.tables import ComplaintCase

SUPERVISOR = "supervisor"
"""Who gets a complaint that the desk did not answer."""
WARNED_BEFORE = timedelta(hours=4)
"""So long before its answer is due, an open complaint is pointed out."""
CALL_LATE_AFTER = timedelta(hours=1)
"""A booked call of callbot's own may be so late."""
FOLLOW_UP_OVERDUE = "follow_up_overdue"
CASE_DUE_SOON = "case_due_soon"
CASE_OVERDUE = "case_overdue"
PROMISE_OVERDUE = "promise_overdue"
HOLIDAYS_UNKNOWN = "holidays_unknown"
_HOLIDAYS_AHEAD_DAYS = 45
_CHINA = ZoneInfo("Asia/Shanghai")
_RELEASED_BY = (Stop.DO_NOT_CALL, Stop.REFUSED, "do_not_contact", "refusal_pause")
"""Rules that cancelled what would have kept a promise, because the customer wants no more of it."""
_TASKS = (
    FollowUpKind.ASSIGN_AGENT_24H,
    FollowUpKind.AGENT_HANDLES_NOW,
    FollowUpKind.SCHEDULE_CALLBACK,
    TASK,
)
"""What a human may own; about a complaint its case is what is alarmed."""
_AT_ONCE = 200


async def alarm_overdue(db: Database, now: datetime, *, limit: int = _AT_ONCE) -> int:
    """Raise what is late at `now` (UTC), once for each breach; how many alarms were raised.

    Late are humans' tasks past their due time and booked calls an hour past it. A complaint is pointed out four
    hours before its answer is due, and goes to the supervisor when it is (R142, R167). Each breach is a row and
    a message to the outside. A promise that was not kept in time is broken from then on, and alarmed unless
    what should have kept it is. Safe to run in several processes at once.
    """
    async with db.read() as session:
        late = await due.overdue(
            session,
            tasks=_TASKS,
            human_after=now,
            call_after=now - CALL_LATE_AFTER,
            limit=limit,
        )
        soon = await cases.unanswered(session, now + WARNED_BEFORE, limit, not_alarmed=CASE_DUE_SOON)
        unanswered = await cases.unanswered(session, now, limit)
    raised = 0
    for follow_up_id in late:
        async with db.write() as session:
            raised += await _late(session, follow_up_id, now)
    for case in soon:
        if case.answer_due_at > now:
            async with db.write() as session:
                raised += await _due_soon(session, case, now)
    for case in unanswered:
        async with db.write() as session:
            raised += await _escalate(session, case, now)
    return raised + await _broken(db, now, limit)


async def alarm_holidays(db: Database, now: datetime) -> bool:
    """Warn, once for each year, a month before days come of which the table of holidays knows nothing.

    From then on nobody is called: what is unknown blocks. Whether an alarm was raised.
    """
    unknown = first_unknown_day(now.astimezone(_CHINA).date(), ahead=_HOLIDAYS_AHEAD_DAYS)
    if unknown is None:
        return False
    async with db.write() as session:
        return await cases.raise_alarm(
            session,
            kind=HOLIDAYS_UNKNOWN,
            about=f"holidays-{unknown.year}",
            customer_id=None,
            owner=SUPERVISOR,
            due_at=day_starts(date(unknown.year, 1, 1), _CHINA),
            now=now,
            note=f"节假日表没有 {unknown.year} 年，从 {unknown} 起谁都不会拨打 → 升级 chinesecalendar 并重启",
        )


async def _broken(db: Database, now: datetime, limit: int) -> int:
    async with db.write() as session:
        await promises.follow_through(session, now, released_by=_RELEASED_BY)
    async with db.read() as session:
        late = await promises.overdue(
            session, by=now, calls_by=now - CALL_LATE_AFTER, call_kind=PromiseKind.CALLBACK, limit=limit
        )
    raised = 0
    for promise_id in late:
        async with db.write() as session:
            promise = await promises.break_(session, promise_id)
            if promise is None or await promises.is_alarmed(session, promise):
                continue
            raised += await cases.raise_alarm(
                session,
                kind=PROMISE_OVERDUE,
                about=promise.id,
                customer_id=promise.customer_id,
                owner=promise.owner,
                due_at=promise.due_at,
                now=now,
            )
    return raised


async def _late(session: Session, follow_up_id: str, now: datetime) -> bool:
    held = await follow_ups.hold(session, follow_up_id)
    if held is None or held.row.state not in ("open", "claimed"):
        return False
    row = held.row
    if row.due_at > (now - CALL_LATE_AFTER if row.owner == SYSTEM else now):
        return False
    raised = await cases.raise_alarm(
        session,
        kind=FOLLOW_UP_OVERDUE,
        about=row.id,
        customer_id=row.customer_id,
        owner=row.claimed_by or row.owner,
        due_at=row.due_at,
        now=now,
    )
    if raised:
        await announce(session, row, held.customer, outbox.Kind.FOLLOW_UP_OVERDUE, now)
    return raised


async def _due_soon(session: Session, case: ComplaintCase, now: datetime) -> bool:
    await contacts.lock_customer(session, case.customer_id)
    listed = await cases.get(session, case.id)
    if listed is None or listed.case.state != "open":
        return False
    return await cases.raise_alarm(
        session,
        kind=CASE_DUE_SOON,
        about=case.id,
        customer_id=case.customer_id,
        owner=listed.case.owner,
        due_at=case.answer_due_at,
        now=now,
    )


async def _escalate(session: Session, case: ComplaintCase, now: datetime) -> bool:
    await contacts.lock_customer(session, case.customer_id)
    if not await cases.escalate(session, case.id, owner=SUPERVISOR, now=now):
        return False
    await cases.raise_alarm(
        session,
        kind=CASE_OVERDUE,
        about=case.id,
        customer_id=case.customer_id,
        owner=SUPERVISOR,
        due_at=case.answer_due_at,
        now=now,
    )
    await outbox.enqueue(
        session,
        key=f"{outbox.Kind.CASE_OVERDUE.value}:{case.id}",
        kind=outbox.Kind.CASE_OVERDUE,
        payload={
            "case_id": case.id,
            "customer_id": case.customer_id,
            "attempt_id": case.attempt_id,
            "call_id": case.call_id,
            "opened_at": case.opened_at.isoformat(),
            "answer_due_at": case.answer_due_at.isoformat(),
            "owner": SUPERVISOR,
            "words": case.words,
        },
        customer_id=case.customer_id,
        now=now,
    )
    return True
