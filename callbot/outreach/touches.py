"""Touch sequences at work: what starts them, what ends them, and the tick that makes each step a follow-up."""

from __future__ import annotations

from datetime import datetime

from callbot.conversation.labels import FollowUpKind
from callbot.outreach.follow_up_rows import AGENT_WITHIN, SALES_DESK
from callbot.outreach.message_rules import Later, Never, judge
from callbot.outreach.messages import asking
from callbot.outreach.notice import announce
from callbot.outreach.policy import Channel
from callbot.outreach.sequence_file import touches_in_force
from callbot.outreach.sequences import (
    HUMAN,
    Over,
    Progress,
    Sequence,
    Step,
    Stop,
    as_plan,
    from_plan,
    next_touch,
)
from callbot.store import follow_ups, outbox, sequences
from callbot.store.database import Database, Session
from callbot.store.follow_ups import SYSTEM
from callbot.store.settlement import Settlement
from callbot.store.tables import Batch, Customer, FollowUp, SequenceRun

TOUCH = "sequence_touch"
"""Kind of a follow-up that is a message of a sequence."""
TASK = "sequence_task"
"""Kind of a follow-up that is a human's task of a sequence."""
TOUCHING = (
    FollowUpKind.PUSH_OFFER_3D,
    FollowUpKind.SCHEDULE_CALLBACK,
    FollowUpKind.RETRY_LATER,
    TOUCH,
)
"""Follow-ups with which callbot itself reaches somebody."""
_MESSAGES = (FollowUpKind.PUSH_OFFER_3D, TOUCH, TASK)
_EVERYTHING = (
    *_MESSAGES,
    FollowUpKind.ASSIGN_AGENT_24H,
    FollowUpKind.SCHEDULE_CALLBACK,
    FollowUpKind.RETRY_LATER,
)
_ON_THE_LINE = FollowUpKind.AGENT_HANDLES_NOW
"""Has a human already, who need not be told."""
_AT_ONCE = 200
_ENDS = {
    FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D: Stop.REFUSED,
    FollowUpKind.COMPLAINT_PAUSE_30D: Stop.COMPLAINT,
    FollowUpKind.AGENT_HANDLES_NOW: Stop.HUMAN,
    FollowUpKind.ASSIGN_AGENT_24H: Stop.HUMAN,
}
_BECAUSE = {
    Stop.REFUSED: "客户已拒绝",
    Stop.DO_NOT_CALL: "客户要求不再联系",
    Stop.COMPLAINT: "客户投诉，暂停一切跟进",
    Stop.BATCH_CANCELLED: "批次已取消",
    Stop.ACTIVATED: "客户已主动回来",
    Stop.HUMAN: "人工已接手",
}


async def sequence_tick(db: Database, now: datetime, *, limit: int = _AT_ONCE) -> int:
    """Make the steps that are due follow-ups, and say of every run when it goes on; how many runs were moved.

    Safe to run in several processes at once: each run is held with its customer and looked at again.
    """
    async with db.read() as session:
        due = await sequences.due(session, now, limit)
    moved = 0
    for run_id in due:
        async with db.write() as session:
            moved += await _step(session, run_id, now)
    return moved


async def _step(session: Session, run_id: str, now: datetime) -> bool:
    run = await sequences.hold(session, run_id)
    if run is None or run.next_touch_at is None or run.next_touch_at > now:
        return False
    sequence = from_plan(run.name, run.version, run.plan)
    batch = await session.get(Batch, run.batch_id, populate_existing=True) if run.batch_id else None
    happened = frozenset({Stop.BATCH_CANCELLED} if batch is not None and batch.state == "cancelled" else ())
    progress = Progress(started_at=run.started_at, passed=run.next_step or 0, happened=happened)
    touch = next_touch(sequence, progress, now)
    if not isinstance(touch, Over) and touch.due_at <= now:
        ended = await _make(session, run, batch, sequence.steps[touch.step], touch.step, now)
        passed = Progress(
            started_at=run.started_at, passed=touch.step + 1, happened=frozenset({ended} if ended else ())
        )
        touch = next_touch(sequence, passed, now)
    if isinstance(touch, Over):
        moved = await _end(session, run, touch.by, now)
    else:
        moved = await sequences.move(session, run.id, next_step=touch.step, next_touch_at=touch.due_at)
    await follow_ups.refresh_next_touch(session, run.customer_id, TOUCHING)
    return moved


async def _make(
    session: Session, run: SequenceRun, batch: Batch | None, step: Step, index: int, now: datetime
) -> Stop | None:
    """The follow-up of one step, once. Comes back with what ends the sequence instead, where something does."""
    if await follow_ups.made(session, run.id, index):
        return None
    customer = await session.get_one(Customer, run.customer_id, populate_existing=True)
    row = FollowUp(
        customer_id=customer.id,
        kind=TOUCH,
        owner=SYSTEM,
        due_at=now,
        run_id=run.id,
        step=index,
        detail={
            "sequence": run.name,
            "version": run.version,
            "purpose": step.purpose.value,
            "channel": customer.preferred_channel if step.channel == "preferred" else step.channel,
            "topic": step.what,
        },
        created_at=now,
    )
    if step.channel != HUMAN:
        await follow_ups.add(session, row)
        return None
    asked = await asking(session, customer, batch, purpose=step.purpose, channel=Channel.VOICE, now=now)
    verdict = judge(asked.contact, asked.policy, now, meant_for=now)
    if isinstance(verdict, Never):
        return verdict.stops
    start = verdict.until if isinstance(verdict, Later) else now
    row.kind, row.owner, row.due_at = TASK, customer.named_agent or SALES_DESK, start + AGENT_WITHIN
    row.detail = {"sequence": run.name, "version": run.version, "why": step.what}
    await follow_ups.add(session, row)
    await announce(session, row, customer, outbox.Kind.FOLLOW_UP_DUE, now)
    return None


async def _end(session: Session, run: SequenceRun, by: Stop | None, now: datetime) -> bool:
    return await sequences.move(
        session,
        run.id,
        state="stopped" if by else "finished",
        stopped_by=by.value if by else "",
        next_step=None,
        next_touch_at=None,
        ended_at=now,
    )


# What starts and what ends them


async def start(
    session: Session,
    customer: Customer,
    sequence: Sequence,
    *,
    anchor: str,
    at: datetime,
    batch_id: str | None,
    now: datetime,
) -> bool:
    """Begin a sequence for one person; False when this anchor began it before, a later one did, or all is past.

    The caller holds the customer.
    """
    touch = next_touch(sequence, Progress(started_at=at), now)
    latest = await sequences.latest_start(session, customer.id, sequence.name)
    if isinstance(touch, Over) or (latest is not None and latest >= at):
        return False
    return await sequences.start(
        session,
        SequenceRun(
            customer_id=customer.id,
            batch_id=batch_id,
            name=sequence.name,
            version=sequence.version,
            plan=as_plan(sequence),
            anchor=anchor,
            started_at=at,
            next_step=touch.step,
            next_touch_at=touch.due_at,
        ),
    )


async def stop_touches(
    session: Session,
    customer_id: str,
    by: Stop,
    now: datetime,
    *,
    because: str = "",
    but_for_attempt: str | None = None,
) -> None:
    """End the sequences that `by` ends and cancel the messages that wait. The caller holds the customer.

    A do-not-call cancels humans' tasks and promised calls as well: nothing goes past it (R170).
    """
    for run in await sequences.active(session, customer_id):
        if by in from_plan(run.name, run.version, run.plan).stops_on:
            await _end(session, run, by, now)
    hard = by is Stop.DO_NOT_CALL
    await follow_ups.stop(
        session,
        customer_id,
        kinds=_EVERYTHING if hard else _MESSAGES,
        because=because or _BECAUSE[by],
        rule=by.value,
        now=now,
        but_for_attempt=but_for_attempt,
        only_system=not hard,
    )


async def after_call(
    session: Session, customer: Customer, batch_id: str, settled: Settlement, now: datetime
) -> None:
    """What a settled call means for the sequences of its customer, in the transaction that settles it."""
    ends = {_ENDS[kind] for row in settled.follow_ups if (kind := FollowUpKind(row.kind)) in _ENDS}
    if settled.suppression is not None and settled.suppression.scope == "all":
        ends.add(Stop.DO_NOT_CALL)
    for by in sorted(ends):
        await stop_touches(session, customer.id, by, now, but_for_attempt=settled.attempt_id)
    if not ends:
        for sequence in (await touches_in_force(session, customer.industry)).sequences:
            if settled.outcome in sequence.outcomes:
                await start(
                    session,
                    customer,
                    sequence,
                    anchor=settled.attempt_id,
                    at=now,
                    batch_id=batch_id,
                    now=now,
                )
    for row in await follow_ups.for_humans(session, settled.attempt_id, without=(_ON_THE_LINE,)):
        await announce(session, row, customer, outbox.Kind.FOLLOW_UP_DUE, now)
    await follow_ups.refresh_next_touch(session, customer.id, TOUCHING)
