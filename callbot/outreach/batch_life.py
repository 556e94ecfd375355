"""The life of a batch: draft → running ⇄ paused → done or cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from callbot.errors import CallbotError
from callbot.ids import new_id
from callbot.outreach.state_words import BATCHES
from callbot.store import batches, members, pace
from callbot.store.database import Database
from callbot.store.tables import Batch

_EVERYWHERE_OVER = timedelta(hours=36)
"""After the UTC midnight with which a day begins: by then it has ended in every zone."""


class BatchState(CallbotError):
    """The batch is not in a state in which this can be done."""

    code = "batch-state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What a cancellation left."""

    closed: int
    """Queued attempts that will not be made."""
    promised: int
    """Promised calls, which are kept."""
    promises_in: str
    """Id of the batch that keeps them; empty when there are none."""


async def launch(db: Database, batch_id: str, now: datetime, *, reason: str = "") -> None:
    """draft or paused → running, as `resume` does it. Raises `BatchState`."""
    cure = "只有草稿或已暂停的批次才能启动"
    await _run(db, batch_id, now, states=("draft", "paused"), cure=cure, reason=reason)


async def resume(db: Database, batch_id: str, now: datetime, *, reason: str = "") -> None:
    """paused → running. What the circuit breaker paused needs a reason, and it counts from now on.

    Every member is looked at anew. Raises `BatchState`.
    """
    await _run(db, batch_id, now, states=("paused",), cure="只有已暂停的批次才能恢复", reason=reason)


async def pause(db: Database, batch_id: str, now: datetime | None = None, *, reason: str = "") -> None:
    """running → paused: no further call of it is placed; calls under way go on. Raises `BatchState`."""
    cure = "只有进行中的批次才能暂停"
    await _move(db, batch_id, states=("running",), to="paused", cure=cure)
    if now is not None:
        async with db.write() as session:
            await batches.note(session, batch_id, what=_said("暂停", reason), at=now)


async def done(db: Database, batch_id: str, now: datetime) -> None:
    """running → done. Raises `BatchState`."""
    cure = "只有进行中的批次才能结束"
    await _move(db, batch_id, states=("running",), to="done", cure=cure, values={"ended_at": now})


async def cancel(db: Database, batch_id: str, now: datetime) -> Cancelled:
    """Any state but done → cancelled. Raises `BatchState`.

    Queued attempts are closed; calls under way go on and are settled. Calls that customers were promised are
    kept: they go to a running batch of their own, with the same flow and policy.
    """
    async with db.write() as session:
        batch = await existing(session, batch_id)
        states = ("making", "draft", "running", "paused")
        if not await batches.move(session, batch_id, states=states, to="cancelled", values={"ended_at": now}):
            raise BatchState(f"批次 {batch_id} {BATCHES[batch.state]} → 已经结束，不用再取消")
        closed = await batches.close_queued(session, batch_id)
        await batches.note(session, batch_id, what="取消", at=now)
        home = _home(batch, now)
        promised = await batches.rehome_promises(session, batch_id, home)
    return Cancelled(closed=closed, promised=promised, promises_in=home.id if promised else "")


async def finish_if_over(db: Database, batch_id: str, now: datetime) -> bool:
    """running → done when nobody is left to be called, or the last day has passed everywhere; whether it did.

    Promised calls keep a batch running until they are made.
    """
    async with db.write() as session:
        batch = await batches.get(session, batch_id)
        if batch is None or batch.state != "running":
            return False
        if _last_day_passed(batch, now):
            await batches.close_queued(session, batch_id)
            left = await batches.something_queued(session, batch_id)
        else:
            left = await batches.something_left(session, batch_id)
        if left:
            return False
        return await batches.move(session, batch_id, states=("running",), to="done", values={"ended_at": now})


async def existing(session: Any, batch_id: str) -> Batch:
    """The batch. Raises `BatchState` when there is none."""
    batch: Batch | None = await batches.get(session, batch_id)
    if batch is None:
        raise BatchState(f"没有批次 {batch_id} → callbot batch list 列出全部批次")
    return batch


def _last_day_passed(batch: Batch, now: datetime) -> bool:
    if batch.ends_on is None:
        return False
    begins = datetime.combine(batch.ends_on, datetime.min.time(), tzinfo=now.tzinfo)
    return now >= begins + _EVERYWHERE_OVER


def _home(batch: Batch, now: datetime) -> Batch:
    """The batch that keeps the promises of a cancelled one."""
    return Batch(
        id=new_id(),
        name=f"{batch.name}（已约定的回拨）",
        flow=batch.flow,
        purpose=batch.purpose,
        state="running",
        hold_out_percent=0,
        lines=batch.lines,
        priority=batch.priority,
        offers=list(batch.offers),
        policy=dict(batch.policy),
        source=f"批次 {batch.id} 取消时已约定的回拨",
        created_by=batch.created_by,
        created_at=now,
        launched_at=now,
    )


def _said(what: str, reason: str) -> str:
    return f"{what}：{reason.strip()}" if reason.strip() else what


async def _run(
    db: Database, batch_id: str, now: datetime, *, states: tuple[str, ...], cure: str, reason: str = ""
) -> None:
    async with db.write() as session:
        batch = await existing(session, batch_id)
        values: dict[str, Any] = {"paused_because": ""}
        if not batch.launched_at:
            values["launched_at"] = now
        what = "恢复" if batch.launched_at else "启动"
        if batch.state == "paused" and batch.paused_because:
            if not reason.strip():
                raise BatchState(
                    f"批次 {batch_id} 已熔断暂停：{batch.paused_because} → 排除原因后："
                    f'callbot batch resume {batch_id} --reason "…"'
                )
            values["watched_from"] = now
            await pace.watch_trunks_from(session, batch_id, now)
            what = f"熔断后恢复（{batch.paused_because}）"
        if not await batches.move(session, batch_id, states=states, to="running", values=values):
            raise BatchState(f"批次 {batch_id} {BATCHES[batch.state]} → {cure}")
        await batches.note(session, batch_id, what=_said(what, reason), at=now)
        await members.clear_blocks(session, batch_id)


async def _move(
    db: Database,
    batch_id: str,
    *,
    states: tuple[str, ...],
    to: str,
    cure: str,
    values: Mapping[str, Any] | None = None,
) -> None:
    async with db.write() as session:
        batch = await existing(session, batch_id)
        if not await batches.move(session, batch_id, states=states, to=to, values=values):
            raise BatchState(f"批次 {batch_id} {BATCHES[batch.state]} → {cure}")
