"""Is there room for one more call at this moment: on the batch's lines, at the desk, on the trunk?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from callbot.conversation.transferring import SKILL
from callbot.outreach.pacing import RECENT_CALLS, DeskSeen, Pace, Pacing, Seat, pace
from callbot.outreach.trunk import TrunkLine, next_slot
from callbot.store import pace as rows
from callbot.store.contacts import BatchTerms
from callbot.store.database import Session
from callbot.store.tables import DeskPace

_MEASURE_EVERY = timedelta(seconds=2)
_LOOK_AGAIN = timedelta(seconds=3)
SKILLS = frozenset(SKILL.values())
"""Every skill that a transfer may need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The person may be called, the call has to wait for its place."""

    until: datetime
    """When to ask again."""
    because: str
    """zh-CN."""
    slot: bool = False
    """A slot on the trunk at `until` is kept for this call: ask with it."""


async def room(
    session: Session,
    batch: BatchTerms,
    pacing: Pacing,
    line: TrunkLine,
    now: datetime,
    *,
    has_slot: bool = False,
    requested: bool = False,
) -> Wait | None:
    """None when one more call may begin now. Inside the transaction of the claim, which this serialises.

    What the customer asked for waits for a line and a slot, never for the desk's load by other calls.
    """
    held = await rows.hold(session)
    calls = await rows.under_way(session)
    if calls.get(batch.id, 0) >= batch.lines:
        return Wait(until=now + _LOOK_AGAIN, because=f"批次的 {batch.lines} 路都在通话")
    if not requested:
        allowed = await desk_pace(session, held, batch, pacing, now)
        total = sum(calls.values())
        if total >= allowed.in_flight and total - await rows.bridged(session) >= allowed.in_flight:
            return Wait(until=now + _LOOK_AGAIN, because=allowed.because)
    if line.calls_per_second is None or has_slot:
        return None
    trunk = await rows.trunk(session, line.name)
    slot = next_slot(trunk.free_at, line.calls_per_second, now)
    trunk.free_at = slot.next_free
    session.add(trunk)
    await session.flush()
    if slot.at <= now:
        return None
    return Wait(until=slot.at, because=f"线路 {line.name} 每秒最多 {line.calls_per_second:g} 通", slot=True)


async def desk_pace(session: Session, held: DeskPace, batch: BatchTerms, pacing: Pacing, now: datetime) -> Pace:
    """What the desk absorbs, measured anew when the figures are older than two seconds."""
    fresh = held.measured_at is not None and abs(now - held.measured_at) < _MEASURE_EVERY
    if not fresh or not held.figures:
        held.figures = (await measure(session)).as_json()
        held.measured_at = now
        session.add(held)
        await session.flush()
    return pace(DeskSeen.from_json(held.figures), pacing, batch.lines, SKILLS)


async def measure(session: Session) -> DeskSeen:
    """The desk as it is."""
    found = await rows.desk(session, latest_calls=RECENT_CALLS)
    return DeskSeen(
        seats=tuple(Seat(presence=presence, skills=frozenset(skills)) for presence, skills in found.agents),
        calls=found.calls,
        transfers=found.transfers,
        owed=found.owed,
    )
