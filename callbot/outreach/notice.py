"""Tells the outside that a human has something to do, or should have done it."""

from __future__ import annotations

from datetime import datetime

from callbot.store import outbox
from callbot.store.database import Session
from callbot.store.tables import Customer, FollowUp


async def announce(
    session: Session, row: FollowUp, customer: Customer, kind: outbox.Kind, now: datetime
) -> None:
    """Put `follow_up.due` or `follow_up.overdue` into the outbox, once for each due time."""
    await outbox.enqueue(
        session,
        key=f"{kind.value}:{row.id}:{row.due_at.isoformat()}",
        kind=kind,
        payload={
            "follow_up_id": row.id,
            "kind": row.kind,
            "owner": row.owner,
            "claimed_by": row.claimed_by,
            "due_at": row.due_at.isoformat(),
            "customer_id": customer.id,
            "external_id": customer.external_id,
            "why": row.detail.get("why", ""),
        },
        customer_id=customer.id,
        now=now,
    )
