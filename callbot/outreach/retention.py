"""What is not needed any more is forgotten: messages that every receiver has."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from callbot.store import outbox
from callbot.store.database import Database

KEEP_MESSAGES: Final = timedelta(days=90)
"""How long a message that needs nothing more stays in the outbox; longer than any cap looks back."""
_PAGE = 500
"""Removed in one transaction, so that nobody waits long."""


async def forget_messages(db: Database, now: datetime) -> int:
    """Remove messages that were delivered, withdrawn or wanted by nobody and are old enough; how many.

    Dead letters stay: they can be sent again.
    """
    gone = 0
    while True:
        async with db.write() as session:
            removed = await outbox.forget(session, before=now - KEEP_MESSAGES, limit=_PAGE)
        gone += removed
        if removed < _PAGE:
            return gone
