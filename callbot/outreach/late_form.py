"""An agent's form that came after its call was settled: what waited for it has its consequences then."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from callbot.clock import Clock
from callbot.conversation.promises import PromiseKind
from callbot.outreach.promised import wrap_up_due
from callbot.store import desk_sheet, follow_ups, promises
from callbot.store.database import Database
from callbot.store.tables import Promise
from handoff.offer import WrapUp

_WAITING = ("open", "claimed")


async def settle_late_form(db: Database, clock: Clock, transfer_id: str, agent_id: str, form: WrapUp) -> bool:
    """Give a late form its consequences, once; False where nothing waited for it.

    The task that was left with the agent is done, or carries what they promised with its own due time, and the
    promise is registered. Source: docs/outcomes.md.
    """
    now = clock.now()
    said: dict[str, Any] = {**asdict(form), **form.extra}
    said.pop("extra", None)
    async with db.write() as session:
        transfer = await desk_sheet.transfer(session, transfer_id)
        waiting = await desk_sheet.waits_for_form(session, transfer_id) if transfer is not None else None
        held = await follow_ups.hold(session, waiting) if waiting is not None else None
        if held is None or held.row.state not in _WAITING:
            return False
        row = held.row
        promised = [str(said[name]).strip() for name in ("promise", "follow_up") if str(said[name]).strip()]
        told = [
            {**one, "wrap_up": said} if one.get("transfer_id") == transfer_id else one
            for one in row.detail.get("transfers", ())
        ]
        detail = {**row.detail, "transfers": told, "why": "；".join(promised) or "坐席已补小结"}
        if not promised:
            return await follow_ups.move(
                session,
                row.id,
                states=_WAITING,
                state="done",
                note=form.note or form.outcome,
                closed_by=agent_id,
                closed_at=now,
                detail=detail,
            )
        due = wrap_up_due(said, now)
        moved = await follow_ups.move(
            session, row.id, states=_WAITING, due_at=due, owner=agent_id, detail=detail
        )
        if moved and form.promise.strip() and row.attempt_id is not None and transfer is not None:
            await promises.add(
                session,
                Promise(
                    customer_id=row.customer_id,
                    attempt_id=row.attempt_id,
                    call_id=transfer.call_id,
                    kind=PromiseKind.WRAP_UP,
                    words=form.promise.strip(),
                    due_at=due,
                    owner=agent_id,
                    follow_up_id=row.id,
                    made_at=now,
                ),
            )
        return moved
