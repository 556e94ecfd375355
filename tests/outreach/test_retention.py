"""Messages that need nothing more are forgotten; what can still be sent stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from outreach_world import NOW, rows

from callbot.outreach import retention
from callbot.outreach.retention import KEEP_MESSAGES, forget_messages
from callbot.store.database import Database
from callbot.store.tables import Outbox, OutboxDelivery

OLD = NOW - KEEP_MESSAGES - timedelta(days=1)


async def message(db: Database, key: str, state: str, at: datetime) -> None:
    async with db.write() as session:
        row = Outbox(idempotency_key=key, kind="attempt.settled", state=state, created_at=at)
        session.add(row)
        await session.flush()
        session.add(OutboxDelivery(outbox_id=row.id, endpoint="crm", state="delivered", next_try_at=at))


async def test_only_old_messages_that_are_done_go(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_PAGE", 2)
    for state in ("done", "unwanted", "withdrawn", "dead", "sending", "new"):
        await message(database, f"old {state}", state, OLD)
    await message(database, "young", "done", NOW - timedelta(days=1))
    assert await forget_messages(database, NOW) == 3
    kept = await rows(database, Outbox)
    assert sorted(row.idempotency_key for row in kept) == ["old dead", "old new", "old sending", "young"]
    assert {row.outbox_id for row in await rows(database, OutboxDelivery)} == {row.id for row in kept}
    assert await forget_messages(database, NOW) == 0
