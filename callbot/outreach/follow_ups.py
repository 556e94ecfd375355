"""Carries out what is due to callbot itself: messages, promised calls that got lost, pauses that end.

Every row is worked in a transaction of its own that holds its customer and looks at the row again, so that two
control processes, or a crash in between, neither send twice nor lose one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from callbot.conversation.labels import FollowUpKind
from callbot.conversation.message import Topic
from callbot.errors import CallbotError
from callbot.outreach.channel import Channel as Sender
from callbot.outreach.consequences import PROMISED_PRIORITY
from callbot.outreach.follow_up_rows import AGENT_WITHIN, SALES_DESK
from callbot.outreach.message_rules import (
    LOOK_AGAIN,
    Answered,
    Later,
    Never,
    Send,
    channel_of,
    judge,
    reaction,
)
from callbot.outreach.messages import as_message, asking, compose, told
from callbot.outreach.notice import announce
from callbot.outreach.policy import Channel, Purpose
from callbot.outreach.touches import TOUCH, TOUCHING, stop_touches
from callbot.store import due, ledger, outbox
from callbot.store import follow_ups as store
from callbot.store.database import Database, Session
from callbot.store.follow_ups import SYSTEM, Held
from callbot.store.tables import Batch, FollowUp

_log = structlog.get_logger(__name__)

_AT_ONCE = 200
ANSWER_WITHIN = timedelta(days=7)
"""How long a message may take to move somebody, before it counts as failed (R073)."""
SECOND_PUSH_ANSWER_WITHIN = timedelta(days=3)
"""After the second push a human follows up (R021)."""
_TIMED = (FollowUpKind.PUSH_OFFER_3D, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D, TOUCH)


async def work_due(db: Database, sender: Sender, now: datetime, *, limit: int = _AT_ONCE) -> int:
    """Carry out what is due to the system at `now` (UTC); how many rows were moved.

    Safe to run in several processes at once. A row that cannot be worked is logged and looked at again later;
    it does not keep the others waiting.
    """
    async with db.read() as session:
        waiting = await due.for_system(session, timed=_TIMED, now=now, limit=limit)
    moved = 0
    for follow_up_id in waiting:
        try:
            async with db.write() as session:
                moved += await _work(session, sender, follow_up_id, now)
        except CallbotError as error:
            _log.warning("follow_up.failed", follow_up_id=follow_up_id, error=str(error))
            async with db.write() as session:
                later = {"due_at": now + LOOK_AGAIN, "blocked_by": "error", "note": str(error)}
                await store.move(session, follow_up_id, states=("open", "sent"), **later)
    return moved


async def _work(session: Session, sender: Sender, follow_up_id: str, now: datetime) -> bool:
    held = await store.hold(session, follow_up_id)
    if held is None or held.row.owner != SYSTEM:
        return False
    row = held.row
    timed = row.due_at <= now
    match row.kind, row.state:
        case (FollowUpKind.PUSH_OFFER_3D | "sequence_touch", "open") if timed:
            done = await _message(session, sender, held, now)
        case FollowUpKind.PUSH_OFFER_3D | "sequence_touch", "sent":
            done = await _judge_reaction(session, held, now, timed=timed)
        case (FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D, "open") if timed:
            done = await _end_pause(session, held, now)
        case (FollowUpKind.SCHEDULE_CALLBACK, "open"):
            done = await _restore_call(session, held, now)
        case (FollowUpKind.RETRY_LATER, "open") if timed:
            done = await _close(session, row, now, state="cancelled", note="拨打任务已撤销，不再重试")
        case _:
            return False
    await store.refresh_next_touch(session, row.customer_id, TOUCHING)
    return done


# Messages


async def _message(session: Session, sender: Sender, held: Held, now: datetime) -> bool:
    row, customer = held.row, held.customer
    purpose = Purpose(row.detail.get("purpose") or (held.batch.purpose if held.batch else "marketing"))
    channel = channel_of(str(row.detail.get("channel", "")) or customer.preferred_channel)
    asked = await asking(session, customer, held.batch, purpose=purpose, channel=channel, now=now)
    verdict = judge(asked.contact, asked.policy, now, meant_for=_meant_for(row))
    match verdict:
        case Later(rule=rule, until=until, because=because):
            detail = {**row.detail, "meant_for": _meant_for(row).isoformat()}
            return await store.move(
                session,
                row.id,
                states=("open",),
                due_at=until,
                blocked_by=rule,
                note=because,
                detail=detail,
            )
        case Never(rule=rule, because=because, failed=failed, stops=stops):
            done = await _close(
                session, row, now, state="cancelled", note=because, blocked_by=rule, failed=failed
            )
            if stops is not None:
                await stop_touches(session, customer.id, stops, now, because=because)
            return done
        case Send(until=until, permit=permit):
            text = await compose(
                session,
                customer,
                held.batch,
                Topic(row.detail.get("topic") or _topic(row)),
                talked_of=list(row.detail.get("offers", ())),
                channel=channel,
                now=now,
            )
            message = as_message(
                text,
                customer,
                follow_up_id=row.id,
                attempt_id=row.attempt_id,
                channel=channel,
                purpose=purpose,
                until=until,
            )
            message_id = await sender.send(session, message, now)
            second = bool(row.detail.get("second_push"))
            return await store.move(
                session,
                row.id,
                states=("open",),
                state="sent",
                sent_at=now,
                due_at=now + (SECOND_PUSH_ANSWER_WITHIN if second else ANSWER_WITHIN),
                detail={
                    **row.detail,
                    **told(text, message_id, channel),
                    "policy": permit.policy,
                    "moved": _meant_for(row).date() < row.due_at.date(),
                },
            )


def _topic(row: FollowUp) -> Topic:
    return Topic.UNREACHED if row.detail.get("second_push") else Topic.CONSIDERED


def _meant_for(row: FollowUp) -> datetime:
    return datetime.fromisoformat(row.detail["meant_for"]) if "meant_for" in row.detail else row.due_at


async def _judge_reaction(session: Session, held: Held, now: datetime, *, timed: bool) -> bool:
    row = held.row
    sent_at = row.sent_at or row.created_at
    did = await store.responses(session, row.customer_id, sent_at)
    fate = await store.fate(session, str(row.detail.get("message_id", "")))
    delivered = fate not in store.UNDELIVERED
    if delivered and not timed:
        return False
    if fate == "withdrawn":
        return await _close(session, row, now, state="cancelled", note="消息在送达前已撤回")
    came = reaction(sent_at, did, delivered=delivered, moved=bool(row.detail.get("moved")))
    if isinstance(came, Answered):
        return await _close(session, row, now, state="done", note=f"客户有回应（{came.kind}）")
    if row.detail.get("second_push"):
        await _to_human_after_silence(session, held, now)
    note = "客户没有回应" if delivered else "消息没有送达"
    return await _close(session, row, now, state="done", note=note, failed=came)


async def _to_human_after_silence(session: Session, held: Held, now: datetime) -> None:
    """The end of the chain (R021), unless a human has the person already or nobody may call them."""
    row, customer = held.row, held.customer
    human = (FollowUpKind.ASSIGN_AGENT_24H, FollowUpKind.AGENT_HANDLES_NOW)
    if await store.with_human(session, customer.id, human):
        return
    purpose = Purpose(held.batch.purpose if held.batch else "marketing")
    asked = await asking(session, customer, held.batch, purpose=purpose, channel=Channel.VOICE, now=now)
    if isinstance(judge(asked.contact, asked.policy, now, meant_for=now), Never):
        return
    task = FollowUp(
        customer_id=customer.id,
        attempt_id=row.attempt_id,
        kind=FollowUpKind.ASSIGN_AGENT_24H,
        owner=customer.named_agent or SALES_DESK,
        due_at=now + AGENT_WITHIN,
        detail={"why": "二次推送后仍无回应，转人工跟进", "after": row.id},
        created_at=now,
    )
    await store.add(session, task)
    await announce(session, task, customer, outbox.Kind.FOLLOW_UP_DUE, now)


# Promised calls


async def _restore_call(session: Session, held: Held, now: datetime) -> bool:
    """A booked call that no row of the ledger stands for: booked again once, else a human keeps the promise."""
    row, batch, attempt = held.row, held.batch, held.attempt
    calls = await store.promised_calls(session, row.id, row.customer_id)
    live = next((call for call in calls if call.state in ("queued", "dialing", "in_call")), None)
    tried = len(calls) > (live is not None)
    if live is not None:
        batch = await session.get(Batch, live.batch_id, populate_existing=True)
    running = batch is not None and batch.state == "running"
    if live is not None and (live.state != "queued" or running or row.due_at > now):
        return False
    fresh = not tried and not row.detail.get("restored")
    if live is None and running and attempt is not None and fresh:
        again = await ledger.enqueue(
            session,
            batch_id=attempt.batch_id,
            customer_id=row.customer_id,
            purpose=Purpose.REQUESTED,
            priority=PROMISED_PRIORITY,
            due_at=max(row.due_at, now),
            now=now,
            requested_by=row.id,
        )
        if again is not None:
            detail = {**row.detail, "restored": now.isoformat()}
            return await store.move(session, row.id, states=("open",), detail=detail)
    if live is not None:
        await ledger.withdraw(session, live.id)
    because = "约定的回拨多次未接通，转人工回拨" if tried else "约定的回拨无法自动拨出，转人工回拨"
    owner = held.customer.named_agent or SALES_DESK
    kept = await store.move(
        session, row.id, states=("open",), owner=owner, note=because, detail={**row.detail, "by": "human"}
    )
    if kept:
        row.owner = owner
        await announce(session, row, held.customer, outbox.Kind.FOLLOW_UP_DUE, now)
    return kept


# Pauses


async def _end_pause(session: Session, held: Held, now: datetime) -> bool:
    """The thirty days after a refusal are over; whoever refused stays behind all others (C1, R144)."""
    row, customer = held.row, held.customer
    until = customer.no_touch_until
    if until is not None and until > now:
        return await store.move(session, row.id, states=("open",), due_at=until)
    await store.touchable_again(session, customer.id, now)
    return await _close(session, row, now, state="done", note="冷静期结束，仍为低优先级")


# All of them


async def _close(
    session: Session,
    row: FollowUp,
    now: datetime,
    *,
    state: str,
    note: str,
    blocked_by: str = "",
    failed: str | None = None,
) -> bool:
    return await store.move(
        session,
        row.id,
        states=("open", "sent"),
        state=state,
        closed_by=SYSTEM,
        closed_at=now,
        note=note,
        blocked_by=blocked_by or row.blocked_by,
        failed=failed,
    )
