"""A database for a load run: the journal's lines need a customer, a batch and an attempt to belong to."""

from __future__ import annotations

from callbot.clock import Clock
from callbot.store.database import Database
from callbot.store.journal import DatabaseJournal
from callbot.store.tables import Attempt, Batch, Customer

_CUSTOMER = "load-customer"
_BATCH = "load-batch"
_ATTEMPT = "load-attempt"


async def fill(db: Database, clock: Clock) -> None:
    """Migrate, and make the rows that every call of the run shares."""
    await db.migrate()
    async with db.write() as session:
        session.add(
            Customer(
                id=_CUSTOMER,
                name="王芳",
                industry="ecommerce",
                brand="悦选商城",
                phone_cipher=b"",
                phone_hash="load",
                phone_masked="",
                updated_at=clock.now(),
                created_at=clock.now(),
            )
        )
        session.add(Batch(id=_BATCH, name="load", flow="bench/load", created_at=clock.now()))
        await session.flush()
        session.add(
            Attempt(
                id=_ATTEMPT,
                batch_id=_BATCH,
                customer_id=_CUSTOMER,
                seq=1,
                purpose="marketing",
                priority=0,
                state="in_call",
                due_at=clock.now(),
                queued_at=clock.now(),
            )
        )


def journal(db: Database, call_id: str, clock: Clock) -> DatabaseJournal:
    return DatabaseJournal(db, attempt_id=_ATTEMPT, call_id=call_id, customer_id=_CUSTOMER, clock=clock)
