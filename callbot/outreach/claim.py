"""From queued to dialing: the permit is asked again inside the transaction that claims the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from callbot.errors import BadInput
from callbot.outreach.contacts import as_contact
from callbot.outreach.follow_up_rows import SALES_DESK
from callbot.outreach.permit import Block, Permit, Rule, permit
from callbot.outreach.policy import Channel, Purpose, policy_for
from callbot.outreach.room import Wait, room
from callbot.outreach.trunk import TrunkLine
from callbot.store import batches, contacts, ledger, members
from callbot.store.database import Database
from callbot.store.tables import Attempt

_ASK_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Somebody else has the row, the batch stopped, or another call to this person is under way."""

    because: str


async def claim(
    db: Database,
    attempt: Attempt,
    *,
    worker_id: str,
    token: str,
    opener: Mapping[str, Any],
    now: datetime,
    trunk: TrunkLine | None = None,
    has_slot: bool = False,
) -> Permit | Block | Taken | Wait:
    """Claim this row for this worker. Only a `Permit` lets the caller dial, and it is committed by then.

    A blocked row moves to the end of its block; one that is blocked without end leaves the ledger, and a
    promise that it would have kept becomes a human's task. `Wait` leaves the row as it is: lines, desk or trunk
    have no room, and the caller asks again, with `has_slot` when the answer kept a slot for it.
    """
    line = trunk or TrunkLine()
    async with db.write() as session:
        found = await contacts.facts(session, attempt.batch_id, [attempt.customer_id], now, hold=True)
        facts = found[attempt.customer_id]
        batch = facts.batch
        request = str(attempt.permit.get("requested_by", ""))
        if request and not await contacts.open_request(session, request, attempt.customer_id):
            request = ""
        contact = as_contact(
            facts, Purpose(attempt.purpose), channel=Channel(attempt.channel), requested_by=request
        )
        try:
            policy = policy_for(facts.customer.industry, batch.policy if batch else None)
        except BadInput as error:
            return Taken(because=f"批次 {attempt.batch_id} 的政策不能用：{error}")
        decision = permit(contact, policy, now)
        if isinstance(decision, Block):
            if decision.rule is Rule.BATCH_RUNNING:
                return decision
            await members.block(
                session,
                attempt.batch_id,
                attempt.customer_id,
                rule=decision.rule,
                until=decision.until,
                because=decision.because,
                policy=decision.policy,
                in_ledger=decision.until is not None,
            )
            if decision.until is not None:
                await ledger.postpone(session, attempt.id, until=decision.until, because=decision.because)
            elif await ledger.withdraw(session, attempt.id) and request:
                owner = None if decision.rule is Rule.DO_NOT_CONTACT else SALES_DESK
                await batches.release_request(session, request, owner=owner, because=decision.because)
            return decision
        if batch is not None:
            wait = await room(
                session,
                batch,
                policy.pacing,
                line,
                now,
                has_slot=has_slot,
                requested=contact.purpose is Purpose.REQUESTED,
            )
            if wait is not None:
                return wait
        evidence = {
            "policy": decision.policy,
            "at": decision.at.isoformat(),
            "answered": len(facts.answered_at),
            "attempts": len(facts.attempts_at),
            "consents": [row.id for row in facts.consents if row.purpose == attempt.purpose],
            **({"requested_by": request} if request else {}),
        }
        if await ledger.claim(
            session,
            attempt.id,
            worker_id=worker_id,
            token=token,
            permit=evidence,
            opener=opener,
            now=now,
            trunk=line.name,
        ):
            return decision
        await ledger.postpone(session, attempt.id, until=now + _ASK_AGAIN, because="另一通电话正在联系该客户")
        return Taken(because="另一通电话正在联系该客户，或该任务已被领取")


async def set_aside(db: Database, attempt: Attempt, *, because: str, now: datetime) -> None:
    """The attempt cannot be prepared now: leave it for later and keep the reason with it."""
    async with db.write() as session:
        await ledger.postpone(session, attempt.id, until=now + _ASK_AGAIN, because=because)
