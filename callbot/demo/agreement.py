"""Does the record say what the callee meant? Pure comparison of true intentions with recorded outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.markup import escape

from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.demo.persona_list import external_id
from callbot.insight import words
from callbot.store.overview import MemberLine
from callbot.telephony.simulator.persona import Persona


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One attempt beside what its callee meant."""

    persona: str
    customer: str
    meant: Outcome
    meant_follow_up: FollowUpKind
    outcome: Outcome | None
    """None when the attempt ended without one."""
    follow_ups: tuple[FollowUpKind, ...]

    @property
    def agrees(self) -> bool:
        return self.outcome is self.meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """All attempts of one demo."""

    calls: tuple[Compared, ...]

    @property
    def differing(self) -> tuple[Compared, ...]:
        return tuple(call for call in self.calls if not call.agrees)

    @property
    def missed_do_not_call(self) -> tuple[Compared, ...]:
        """Somebody who said stop and is not on the list: whatever else was recorded."""
        return tuple(
            call
            for call in self.calls
            if call.meant is Outcome.DO_NOT_CALL and FollowUpKind.BLACKLIST not in call.follow_ups
        )

    @property
    def missed_complaint(self) -> tuple[Compared, ...]:
        """A grievance that led to no pause and no answer."""
        return tuple(
            call
            for call in self.calls
            if call.meant_follow_up is FollowUpKind.COMPLAINT_PAUSE_30D
            and FollowUpKind.COMPLAINT_PAUSE_30D not in call.follow_ups
        )

    @property
    def without_outcome(self) -> tuple[Compared, ...]:
        return tuple(call for call in self.calls if call.outcome is None)

    def failed(self, *, every_outcome: bool) -> bool:
        """Whether the demo failed. `every_outcome` under the demo's own seed: then any difference counts."""
        grave: Sequence[Compared] = (*self.missed_do_not_call, *self.missed_complaint, *self.without_outcome)
        return bool(grave) or (every_outcome and bool(self.differing))


def agreement_of(members: Sequence[MemberLine], personas: Sequence[Persona]) -> Agreement:
    """The attempts of a batch at customers whom a persona plays."""
    meant = {external_id(persona): persona for persona in personas}
    compared = []
    for line in members:
        persona = meant.get(line.customer.external_id or "")
        if persona is None or line.attempt is None:
            continue
        outcome = line.attempt.outcome
        compared.append(
            Compared(
                persona=persona.name,
                customer=line.customer.name,
                meant=persona.true_intention.outcome,
                meant_follow_up=persona.true_intention.follow_up,
                outcome=Outcome(outcome) if outcome else None,
                follow_ups=tuple(FollowUpKind(item.kind) for item in line.follow_ups),
            )
        )
    return Agreement(calls=tuple(compared))


def agreement_lines(agreement: Agreement) -> list[str]:
    """How the record compares with what the callees meant."""
    total = len(agreement.calls)
    lines = [f"模拟客户的真实意图与记录一致：{total - len(agreement.differing)}/{total}"]
    for call in agreement.differing:
        meant = words.word(words.OUTCOMES, call.meant)
        outcome = words.word(words.OUTCOMES, call.outcome)
        lines.append(f"  [red]✗[/] {escape(call.customer)}（{call.persona}）：本意 {meant}，记录 {outcome}")
    for title, missed in (
        ("漏掉的勿扰要求", agreement.missed_do_not_call),
        ("漏掉的投诉", agreement.missed_complaint),
        ("没有结果的通话", agreement.without_outcome),
    ):
        if missed:
            lines.append(f"  [bold red]{title}：{'、'.join(escape(call.customer) for call in missed)}[/]")
    return lines
