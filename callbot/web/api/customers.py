"""Customers: search, one with all that is known, the permit, the budget, the whole number."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter

from callbot.outreach.ask import budget_of, may_contact
from callbot.store import lists, overview
from callbot.store.audit import Deed
from callbot.store.phones import NotAPhoneNumber, parse
from callbot.store.scope import may_see_customer
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.access.rates import REVEAL
from callbot.web.api.parts import Listed, Several, Word
from callbot.web.refusal import Refused, Why, missing
from callbot.web.shapes.base import Page
from callbot.web.shapes.customers import (
    BudgetOut,
    CustomerLine,
    CustomerSheetOut,
    PermitIn,
    PermitOut,
    RevealedOut,
    RevealIn,
)
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api/customers", tags=["customers"])
Reader = Annotated[Principal, needs(Permission.CUSTOMER_READ)]
_LAST_DIGITS = re.compile(r"[0-9]{4}")


@router.get("")
async def list_customers(
    site: Here,
    who: Reader,
    part: Listed,
    q: Word = "",
    industry: Word = "",
    stage: Several = [],  # noqa: B006
    reason: Several = [],  # noqa: B006
    segment: Several = [],  # noqa: B006
    strategy: Several = [],  # noqa: B006
    tag: Several = [],  # noqa: B006
) -> Page[CustomerLine]:
    """Customers by priority. `q`: the start of a name, an external id, a number or its last four digits."""
    words = q.strip()
    wanted = lists.CustomersWanted(
        words=words,
        phone_hash=_phone_hash(site, words),
        last_digits=words if _LAST_DIGITS.fullmatch(words) else "",
        industry=industry,
        stages=stage,
        reasons=reason,
        segments=segment,
        strategies=strategy,
        tags=tag,
    )
    async with site.db.read() as session:
        rows, total = await lists.customers(
            session, wanted, agent=who.rows(Permission.CUSTOMER_READ), part=part
        )
    items = [CustomerLine.model_validate(row) for row in rows]
    return Page(items=items, total=total, limit=part.limit, offset=part.offset)


@router.get("/{customer_id}")
async def one_customer(site: Here, who: Reader, customer_id: str) -> CustomerSheetOut:
    """Everything about one customer."""
    return CustomerSheetOut.model_validate(
        await customer_sheet(site, who, customer_id, Permission.CUSTOMER_READ)
    )


@router.get("/{customer_id}/budget")
async def budget(site: Here, who: Reader, customer_id: str) -> BudgetOut:
    """What the caps leave of this person."""
    sheet = await customer_sheet(site, who, customer_id, Permission.CUSTOMER_READ)
    person = sheet.customer
    return BudgetOut.of(await budget_of(site.db, person.id, person.industry, site.clock.now()))


@router.post("/{customer_id}/permit")
async def ask_permit(
    site: Here, who: Annotated[Principal, needs(Permission.PERMIT_ASK)], customer_id: str, question: PermitIn
) -> PermitOut:
    """May this person be called, now or then, and what if the policy were another one? Changes nothing."""
    at = question.at or site.clock.now()
    await customer_sheet(site, who, customer_id, Permission.PERMIT_ASK)
    asked = await may_contact(
        site.db,
        customer_id,
        purpose=question.purpose,
        at=at,
        batch_id=question.batch_id,
        changes=question.changes or None,
    )
    return PermitOut.of(asked, at)


@router.post("/{customer_id}/reveal")
async def reveal(
    site: Here, who: Annotated[Principal, needs(Permission.CUSTOMER_REVEAL)], customer_id: str, why: RevealIn
) -> RevealedOut:
    """The whole phone number, for a reason. The audit log has it before the answer does (R165)."""
    reason = why.reason.strip()
    if not reason:
        raise Refused(Why.REASON_NEEDED, where="reason")
    now = site.clock.now()
    sheet = await customer_sheet(site, who, customer_id, Permission.CUSTOMER_REVEAL)
    if wait := site.rates.wait(f"reveal:{who.id}", REVEAL, now):
        raise Refused(Why.TOO_MANY, wait=wait)
    person = sheet.customer
    deed = Deed(
        action="customer.reveal",
        about_kind="customer",
        about_id=person.id,
        detail={"reason": reason, "phone": person.phone_masked},
    )
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, deed, now)
    return RevealedOut(customer_id=person.id, phone=site.vault.reveal(person.phone_cipher))


async def customer_sheet(
    site: Site, who: Principal, key: str, permission: Permission
) -> overview.CustomerSheet:
    """A customer whom this person may see. Raises `Refused`: to others they do not exist."""
    async with site.db.read() as session:
        sheet = await overview.customer_sheet(session, key)
        if sheet is None or not await may_see_customer(session, who.rows(permission), sheet.customer.id):
            raise missing("customer")
    return sheet


def _phone_hash(site: Site, words: str) -> str:
    try:
        return site.vault.hash(parse(words)) if words else ""
    except NotAPhoneNumber:
        return ""
