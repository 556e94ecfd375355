"""Ends an attempt: everything that follows from it in one transaction, exactly once."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from pathlib import Path

from callbot.clock import Clock
from callbot.conversation.plan import SHANGHAI
from callbot.errors import BadInput
from callbot.outreach.case import Ended
from callbot.outreach.consequences import consequences
from callbot.outreach.contacts import as_contact
from callbot.outreach.cut_short import guard_blocks
from callbot.outreach.policy import DEFAULT, Purpose, policy_for
from callbot.outreach.touches import after_call
from callbot.store import contacts, desk_sheet, ledger, settlement
from callbot.store.database import Database
from callbot.store.settlement import Settlement
from callbot.store.unsettled import unsettled


class Settler:
    """The only one that ends attempts. A second settling of the same attempt changes nothing."""

    def __init__(self, db: Database, clock: Clock, *, data: Path | None = None) -> None:
        """`data` is the data directory, where the event logs of calls lie."""
        self._db = db
        self._clock = clock
        self._data = data

    async def settle(self, ended: Ended) -> Settlement | None:
        """Write all that follows from `ended`; None when the attempt was settled before."""
        ended = await self._with_blocks(ended)
        now = self._clock.now()
        async with self._db.write() as session:
            before = await unsettled(session, ended.attempt_id, now=now, today=now.astimezone(SHANGHAI).date())
            if before is None:
                return None
            customer = before.customer
            facts = await contacts.facts(session, before.batch.id, [customer.id], now)
            requested = as_contact(
                facts[customer.id], Purpose.REQUESTED, requested_by=before.attempt.id, batch_state="running"
            )
            try:
                policy = policy_for(customer.industry, before.batch.policy)
            except BadInput:  # it forbids further calls; what was said in this one is kept all the same
                policy = DEFAULT
            written = consequences(ended, before, requested, policy, now)
            if not await settlement.apply(session, written):
                return None
            await after_call(session, customer, before.batch.id, written, now)
            for transfer in ended.result.transfers if ended.result else ():
                if transfer.questions:
                    await desk_sheet.note_asked_again(
                        session,
                        transfer.transfer_id,
                        questions=transfer.questions,
                        again=[asdict(one) for one in transfer.asked_again],
                    )
            return written

    async def _with_blocks(self, ended: Ended) -> Ended:
        """A call that left no result is settled with what its event log holds of the guard."""
        if ended.result is not None or not ended.interrupted or self._data is None:
            return ended
        async with self._db.read() as session:
            log = await ledger.event_log(session, ended.attempt_id)
        if not log:
            return ended
        return replace(ended, blocks=await asyncio.to_thread(guard_blocks, self._data / log))
