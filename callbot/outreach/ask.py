"""Asking the door without going through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from callbot.errors import BadInput
from callbot.outreach.budget import Budget, budget
from callbot.outreach.contacts import as_contact
from callbot.outreach.permit import Block, permit
from callbot.outreach.policy import Purpose, policy_for
from callbot.outreach.what_if import hypothesis
from callbot.store import batches, contacts
from callbot.store.database import Database
from callbot.store.overview import customer_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The door's answer for one person."""

    name: str
    policy: str
    """Version of the policy that was asked."""
    block: Block | None
    """None: the contact is allowed."""
    budget: Budget
    """What the caps leave of this person at that moment."""
    breaks: tuple[str, ...] = ()
    """Outer rules that the values asked with would break, zh-CN."""


async def may_contact(
    db: Database,
    customer: str,
    *,
    purpose: str,
    at: datetime,
    batch_id: str = "",
    changes: Mapping[str, Any] | None = None,
) -> Asked:
    """May this person be called at `at` (UTC), by this batch or by a running one? Changes nothing.

    `changes` asks "what if the policy had these values", also beyond the outer limits. Raises `BadInput`
    for a customer, batch or purpose that does not exist.
    """
    if purpose not in (Purpose.MARKETING, Purpose.SERVICE_FOLLOWUP):
        cure = "写 marketing（营销）或 service_followup（服务回访）"
        raise BadInput.one("联系目的", f"没有 {purpose!r} 这种目的", cure)
    async with db.read() as session:
        sheet = await customer_sheet(session, customer)
        if sheet is None:
            raise BadInput.one(f"客户 {customer}", "没有这位客户，或同名的不止一位", "写客户编号")
        batch = await batches.get(session, batch_id) if batch_id else None
        if batch_id and batch is None:
            raise BadInput.one(f"批次 {batch_id}", "没有这个批次", "callbot batch list 列出全部批次")
        known = await contacts.facts(session, batch_id, [sheet.customer.id], at)
    facts = known[sheet.customer.id]
    contact = as_contact(facts, Purpose(purpose))
    if batch is None:
        contact = replace(contact, batch_state="running", hold_out=False)
    policy = policy_for(sheet.customer.industry, batch.policy if batch else None)
    breaks: tuple[str, ...] = ()
    if changes:
        asked = hypothesis(policy, policy_for(sheet.customer.industry), changes)
        policy, breaks = asked.policy, asked.breaks
    decision = permit(contact, policy, at)
    return Asked(
        name=sheet.customer.name,
        policy=policy.version,
        block=decision if isinstance(decision, Block) else None,
        budget=budget(contact, policy, at),
        breaks=breaks,
    )


async def budget_of(db: Database, customer_id: str, industry: str, at: datetime) -> Budget:
    """What the caps leave of this person at `at` (UTC), over all batches and channels. Changes nothing."""
    async with db.read() as session:
        known = await contacts.facts(session, "", [customer_id], at)
    return budget(as_contact(known[customer_id], Purpose.MARKETING), policy_for(industry), at)
