"""Moving through a flow: entering steps, following reactions, into sub-flows and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from callbot.conversation import wording
from callbot.conversation.act import Act, Calling, Draft, State, Utterance
from callbot.conversation.appointment import Appointment
from callbot.conversation.condition import all_hold
from callbot.conversation.flow import Do, Flow, Line, Reaction, Step
from callbot.conversation.labels import Intent, TransferReason
from callbot.conversation.reading import COMMITS, Reading
from callbot.conversation.result import JournalKind
from callbot.conversation.telling import Telling, putting

CARE = frozenset({TransferReason.VULNERABLE_PERSON})
_GRIEVANCE = frozenset({TransferReason.COMPLAINT, TransferReason.LEGAL_THREAT})
_SAYS_NOTHING = frozenset(
    {
        Intent.REFUSE,
        Intent.THANKS_BYE,
        Intent.DO_NOT_CALL,
        Intent.WRONG_PERSON,
        Intent.CANNOT_HEAR_REPEAT,
        Intent.ASK_IDENTITY,
        Intent.ASK_IS_ROBOT,
        Intent.ANNOUNCEMENT,
    }
)
"""Answers to an open question that tell nothing of what was asked."""
_FARTHEST = 30
"""Steps without a question in a row: more are a flow that goes round over its sub-flows' results."""


@dataclass(frozen=True, slots=True)
class Stepping:
    """The steps of one flow, taken for one person."""

    telling: Telling
    appointment: Appointment

    @property
    def flow(self) -> Flow:
        return self.telling.plan.flow

    def enter(self, state: State, name: str, reading: Reading | None, *, hops: int = 0) -> tuple[State, Act]:
        """Say what a step says, then do what it does: ask, end, choose, go into a sub-flow or out of it."""
        if hops > _FARTHEST:
            return self.telling.close(state, (self.flow.line("technical_end"),), "technical_end")
        step = self.flow.steps[name]
        state = replace(state, step=name)
        lines, via = self._lines(step, state, reading)
        if step.end is not None:
            state, act = self.telling.close(state, lines, name)
            return state, act.after(via=via)
        words = self.telling.say(state, lines, act=name)
        state = self.telling.told(state, lines)
        if step.fork:
            filled = self.telling.values(state)
            branch = next(one for one in step.fork if all_hold(one.only_if, filled))
            state, act = self.enter(state, branch.goto, reading, hops=hops + 1)
            return state, act.after(words, via=(*via, branch.handler))
        if step.call:
            state = replace(state, calls=(*state.calls, Calling(step=name)))
            state, act = self.enter(state, self.flow.parts[step.call].entry, reading, hops=hops + 1)
            return state, act.after(words, via=via)
        if step.back:
            state, act = self._back(state, step.back, reading, hops)
            return state, act.after(words, via=via)
        match step.do:
            case Do.TRANSFER:
                state, act = self.transfer(state, TransferReason.EXPLICIT_REQUEST)
            case Do.BOOK_CALLBACK:
                state = replace(state, awaiting="callback_time")
                ask = self.telling.say(state, (self.flow.line("ask_callback_time"),), act="ask_callback_time")
                act = Act(name=name, utterances=putting(ask, "open"))
            case Do.HANG_UP:
                return replace(state, closed=True), Act(name=name, hang_up=True, via=via)
            case _:
                state = replace(state, asked=0)
                act = Act(name=name, utterances=self.telling.question(state))
                if step.ask is not None:
                    state = replace(self.telling.told(state, (step.ask.line,)), asked_at=name)
        return state, act.after(words, via=via)

    def follow(
        self,
        state: State,
        reaction: Reaction,
        reading: Reading,
        now: datetime,
        unsaid: tuple[Utterance, ...],
    ) -> tuple[State, Act]:
        """Do what a reaction says. `unsaid`: what the callee has not heard of the last act."""
        drafts = (Draft(kind=reaction.note, data=note_data(reaction.note, reading)),) if reaction.note else ()
        name, via = reading.intent.value, (reaction.handler,)
        if reaction.keep:
            state = replace(state, slots={**state.slots, **reaction.keep})
        words = self.telling.say(state, reaction.say, act=name)
        told = self.telling.told(state, reaction.say)
        if reaction.end is not None:
            state, act = self.telling.close(state, reaction.say, name)
            return state, act.after(drafts=drafts, via=via)
        if reaction.goto:
            state, act = self.enter(told, reaction.goto, reading)
            return state, act.after(words, drafts, via)
        if reaction.back:
            state, act = self._back(told, reaction.back, reading, 0)
            return state, act.after(words, drafts, via)
        if reaction.call:
            told = replace(told, calls=(*told.calls, Calling(step=told.step, resume=True)))
            state, act = self.enter(told, self.flow.parts[reaction.call].entry, reading)
            return state, act.after(words, drafts, via)
        match reaction.do:
            case Do.TRANSFER:
                state, act = self.transfer(told, reaction.reason or TransferReason.EXPLICIT_REQUEST)
            case Do.BOOK_CALLBACK:
                state, act = self.appointment.book(told, reading, now)
            case Do.REPEAT:
                state, act = told, Act(name="repeat", utterances=state.last)
            case Do.HANG_UP:
                return replace(told, closed=True), Act(name="hang_up", hang_up=True, drafts=drafts, via=via)
            case None:
                state, act = told, Act(name=name, utterances=self.resumed(told, unsaid))
            case _:
                assert_never(reaction.do)
        return state, act.after(words, drafts, via)

    def resumed(self, state: State, unsaid: tuple[Utterance, ...]) -> tuple[Utterance, ...]:
        """Back to where we were: what was not heard yet, else the question that is open."""
        return unsaid if any(not item.asks for item in unsaid) else self.telling.question(state)

    def _back(self, state: State, result: str, reading: Reading | None, hops: int) -> tuple[State, Act]:
        """Out of the innermost sub-flow."""
        *outer, call = state.calls
        state = replace(state, calls=tuple(outer), step=call.step)
        if call.resume:
            return state, Act(name=call.step, utterances=self.telling.question(state))
        return self.enter(state, self.flow.steps[call.step].returns[result], reading, hops=hops + 1)

    def _lines(
        self, step: Step, state: State, reading: Reading | None
    ) -> tuple[tuple[Line, ...], tuple[str, ...]]:
        """What a step says to somebody who sounds like this, and the handler that chose it."""
        if reading is None or (variation := step.when.get(reading.emotion)) is None:
            return step.say, ()
        if not all_hold(variation.only_if, self.telling.values(state)):
            return step.say, ()
        return variation.say, (variation.handler,)

    def transfer(self, state: State, reason: TransferReason) -> tuple[State, Act]:
        """Announce a human."""
        name = (
            "transfer_complaint"
            if reason in _GRIEVANCE
            else "transfer_care"
            if reason in CARE
            else "transfer_request"
        )
        lines = (self.flow.line(name),)
        state = replace(state, holding=True, closed=False, awaiting="")
        kind = JournalKind.COMPLAINT if reason is TransferReason.COMPLAINT else JournalKind.TRANSFER_REQUEST
        return self.telling.told(state, lines), Act(
            name="transfer",
            utterances=self.telling.say(state, lines, act="transfer"),
            drafts=(Draft(kind=kind, data={"reason": reason.value}),),
            transfer=reason,
        )

    def keep(self, state: State, reading: Reading) -> State:
        """Remember what the callee said: what the step listens for, and what the reader heard."""
        step = self.flow.steps.get(state.step)
        mentioned: dict[str, str] = {}
        for keep in step.keep if step else ():
            if not keep.values:
                if reading.text and not state.closed and not _says_nothing(reading):
                    mentioned[keep.slot] = reading.text
                continue
            for value, words in keep.values.items():
                if any(wording.mentions(reading.text, word) for word in words):
                    mentioned[keep.slot] = value
        slots = {**state.slots, **mentioned, **reading.slots}
        return replace(state, slots=slots, feels=reading.emotion.value)


def _says_nothing(reading: Reading) -> bool:
    return reading.intent in _SAYS_NOTHING and reading.confidence >= COMMITS


def note_data(kind: JournalKind | None, reading: Reading) -> Mapping[str, str]:
    """What a journal line says besides the words."""
    if kind is JournalKind.DO_NOT_CALL:
        return {"scope": reading.slots.get("scope", "all")}
    return {}
