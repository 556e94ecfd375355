"""One transfer to a human: the brief, the desk, the bridge, the wrap-up, and a typed result for every path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from callbot.conversation import wording
from callbot.conversation.labels import TransferReason
from callbot.conversation.plan import CallPlan
from callbot.conversation.result import CallLog, TransferResult, Turn
from callbot.ids import new_id
from handoff.brief import BriefTurn, make_brief
from handoff.desk import Desk, NotPlaced, Placed
from handoff.offer import Brief, TransferOffer, WrapUp

SKILL = {
    TransferReason.COMPLAINT: "complaint",
    TransferReason.LEGAL_THREAT: "complaint",
    TransferReason.VULNERABLE_PERSON: "care",
    TransferReason.HIGH_VALUE_COMPLEX_QUERY: "sales",
    TransferReason.EXPLICIT_REQUEST: "general",
    TransferReason.REPEATED_MISUNDERSTANDING: "general",
}
_SHOWN = {
    "concern": "在意",
    "callback_time": "方便时间",
    "scope": "退订范围",
    "product": "产品",
    "amount": "金额",
}
_PRIORITY = {
    TransferReason.VULNERABLE_PERSON: 0,
    TransferReason.LEGAL_THREAT: 1,
    TransferReason.COMPLAINT: 1,
    TransferReason.EXPLICIT_REQUEST: 2,
    TransferReason.HIGH_VALUE_COMPLEX_QUERY: 2,
    TransferReason.REPEATED_MISUNDERSTANDING: 3,
}


def brief(
    plan: CallPlan,
    reason: TransferReason,
    turns: Sequence[Turn],
    *,
    slots: dict[str, str],
    promised: Sequence[str],
) -> Brief:
    """The card an agent reads in 15 seconds."""
    grievance = reason in (
        TransferReason.COMPLAINT,
        TransferReason.LEGAL_THREAT,
        TransferReason.VULNERABLE_PERSON,
    )
    return make_brief(
        reason=reason.value,
        customer_name=plan.person.salutation,
        turns=[
            BriefTurn(
                speaker=turn.speaker,
                text=turn.heard,
                start_ms=turn.start_ms,
                end_ms=turn.end_ms,
                emotion=turn.emotion.value if turn.emotion else "",
            )
            for turn in turns
        ],
        slots={_SHOWN.get(name, name): value for name, value in slots.items() if name != "callback_said"},
        promises=promised,
        # What is sold has no place in a grievance; compensation is the agent's own to give (R169).
        offers_allowed=()
        if grievance
        else [f"{offer.title}：{wording.benefit(offer)}" for offer in plan.offers],
    )


@dataclass(slots=True, eq=False)
class Transfer:
    """One attempt to bring in a human."""

    plan: CallPlan
    desk: Desk
    log: CallLog
    reason: TransferReason
    turn: int
    """The callee turn that made it necessary."""
    brief: Brief
    id: str = field(default_factory=new_id)
    placed: Placed | None = None
    """Who accepted."""
    handed: bool = False
    """The customer was handed to them."""
    bridged_ms: int = 0
    done: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    async def place(self) -> Placed | NotPlaced:
        """Ask the desk. A desk that fails counts as nobody there."""
        offer = TransferOffer(
            id=self.id,
            call_id=self.plan.call_id,
            customer_id=self.plan.person.customer_id,
            reason=self.reason.value,
            skill=SKILL[self.reason],
            priority=_PRIORITY[self.reason],
            brief=self.brief,
        )
        try:
            return await self.desk.place(offer)
        except Exception as error:
            return NotPlaced(offer_id=self.id, result="bridge_failed", detail=repr(error))

    async def wrap_up(self, placed: Placed, timeout_s: float) -> WrapUp:
        """The agent's form, empty when it does not come in time."""
        try:
            async with asyncio.timeout(timeout_s + 1):
                return await self.desk.wrap_up(placed, timeout_s)
        except Exception as error:
            self.log.event("wrap-up-failed", 0, transfer=self.id, error=repr(error))
            return WrapUp()

    def result(self, result: Any, *, wrap_up: WrapUp | None = None) -> TransferResult:
        """Close this transfer as a typed value."""
        form = asdict(wrap_up) if wrap_up is not None else {}
        form.update(form.pop("extra", {}))
        return TransferResult(
            transfer_id=self.id,
            reason=self.reason.value,
            result=result,
            agent_id=self.placed.agent_id if self.placed else None,
            wrap_up=form,
            bridged_ms=self.bridged_ms,
        )
