"""One transfer to a human: the brief, the desk, the bridge, the wrap-up, and a typed result for every path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

from callbot.conversation import wording
from callbot.conversation.labels import TransferReason
from callbot.conversation.plan import CallPlan
from callbot.conversation.result import CallLog, TransferResult, Turn
from callbot.ids import new_id
from handoff.asked_again import Spoken, asked_again, questions
from handoff.brief import BriefTurn, make_brief
from handoff.desk import Desk, NotPlaced, Placed
from handoff.offer import Brief, Line, TransferOffer, WrapUp
from handoff.telephone import Telephone

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
    TransferReason.LEGAL_THREAT: 10,
    TransferReason.COMPLAINT: 10,
    TransferReason.EXPLICIT_REQUEST: 20,
    TransferReason.HIGH_VALUE_COMPLEX_QUERY: 20,
    TransferReason.REPEATED_MISUNDERSTANDING: 30,
}
_TIER = {"高价值": 0, "中价值": 1}
_NO_TIER = 2
SUPERVISOR = "supervisor"
"""The reason of a transfer that a supervisor made by taking the call over."""


def priority(reason: TransferReason, tier: str) -> int:
    """Lower is more urgent: the reason decides, among equals the customer's worth."""
    return _PRIORITY[reason] + _TIER.get(tier, _NO_TIER)


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
        # Where nobody knows Mr from Ms the salutation is 周您, which is no name for an agent.
        customer_name=plan.person.name if plan.person.salutation.endswith("您") else plan.person.salutation,
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


def lines(turns: Sequence[Turn]) -> tuple[Line, ...]:
    """The transcript as a screen shows it."""
    return tuple(map(line_of, sorted(turns, key=lambda turn: turn.start_ms)))


def line_of(turn: Turn) -> Line:
    return Line(speaker=turn.speaker, text=turn.heard, start_ms=turn.start_ms, end_ms=turn.end_ms)


def compared(
    result: TransferResult, turns: Sequence[Turn], *, card: Brief, since_ms: int, until_ms: int
) -> TransferResult:
    """The result with what the human asked between the two times, and what of it was known."""
    spoken = [
        Spoken(text=turn.heard, start_ms=turn.start_ms)
        for turn in turns
        if turn.speaker == "agent" and since_ms <= turn.start_ms < until_ms
    ]
    asked = [
        turn.heard
        for turn, answer in pairwise(sorted(turns, key=lambda turn: turn.start_ms))
        if turn.speaker == "bot" and answer.speaker == "callee" and turn.start_ms < since_ms
    ]
    return replace(
        result,
        questions=len(list(questions(spoken))),
        asked_again=asked_again(
            spoken,
            answered=card.answered,
            bot_asked=[question.text for question in questions(Spoken(text=one, start_ms=0) for one in asked)],
            reason_told=card.own_words_ms is not None,
        ),
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
    telephone: Telephone | None = None
    """By which agents on telephones of their own are reached; None where the carrier cannot."""
    taker: str = ""
    """The supervisor who takes the call over."""
    said: tuple[Line, ...] = ()
    """What was said so far."""
    id: str = field(default_factory=new_id)
    placed: Placed | None = None
    """Who accepted."""
    handed: bool = False
    """The customer was handed to them."""
    bridged_ms: int = 0
    handed_back: str | None = None
    """The agent's note to the bot."""
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def shown_reason(self) -> str:
        return SUPERVISOR if self.taker else self.reason.value

    async def place(self) -> Placed | NotPlaced:
        """Ask the desk. A desk that fails counts as nobody there."""
        offer = TransferOffer(
            id=self.id,
            call_id=self.plan.call_id,
            customer_id=self.plan.person.customer_id,
            reason=self.shown_reason,
            skill=SKILL[self.reason],
            priority=priority(self.reason, self.plan.person.tier),
            brief=self.brief,
            own_agent_id=self.plan.person.named_agent,
            only_agent_id=self.taker,
            said=self.said,
        )
        try:
            return await self.desk.place(offer, self.telephone)
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
            reason=self.shown_reason,
            result=result,
            agent_id=self.placed.agent_id if self.placed else None,
            wrap_up=form,
            bridged_ms=self.bridged_ms,
            handed_back=self.handed_back,
        )
