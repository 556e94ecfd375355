"""Lines become utterances, and the state remembers that they were said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from callbot.conversation import wording
from callbot.conversation.act import Act, State, Utterance
from callbot.conversation.facts import Offer
from callbot.conversation.flow import OPENER, Line
from callbot.conversation.plan import CallPlan
from callbot.conversation.prompt_use import PromptUse, answered


@dataclass(frozen=True, slots=True)
class Telling:
    """The lines of one flow, filled for one person."""

    plan: CallPlan
    offer: Offer | None
    """The one that is spoken of."""

    def say(
        self, state: State, lines: Iterable[Line], *, act: str, turn: int | None = None
    ) -> tuple[Utterance, ...]:
        """`lines` in final words, each in a wording not said yet; a line without any is left out.

        `turn`: how often they were said, where `told` does not know.
        """
        filled = self.values(state)
        words: list[Utterance] = []
        for line in lines:
            prompts: tuple[PromptUse, ...] = ()
            if line.name == OPENER:
                opener = self.plan.opener
                text, offers, prompts = opener.text, opener.offers, opener.prompts
                line = self.plan.flow.line("opener_plain")
            else:
                text, about_offer = wording.render(
                    line, filled, turn=state.told.get(line.name, 0) if turn is None else turn
                )
                offers = (self.offer.code,) if about_offer and self.offer else ()
            plain, _ = wording.render(line, wording.values(self.plan.person, None, {}))
            if text or plain:
                words.append(
                    Utterance(
                        text=text or plain,
                        plain=plain,
                        step=state.step,
                        act=act,
                        offers=offers if text else (),
                        promise=wording.promised(line, text or plain, filled),
                        prompts=answered(prompts) if text else (),
                    )
                )
        return tuple(words)

    def question(self, state: State) -> tuple[Utterance, ...]:
        """The open question, put differently the second time."""
        if state.awaiting == "callback_time":
            return asking(
                self.say(state, (self.plan.flow.line("ask_callback_time"),), act="ask_callback_time"), "open"
            )
        ask = self.plan.flow.steps[state.step].ask if state.step else None
        if ask is None:
            return ()
        if ask.again is None or not state.told.get(ask.line.name):
            return asking(self.say(state, (ask.line,), act=state.step), ask.kind, ask.choices)
        words = self.say(state, (ask.again,), act=state.step, turn=max(0, state.asked - 1))
        return asking(words, ask.kind, ask.choices)

    def close(self, state: State, lines: tuple[Line, ...], name: str) -> tuple[State, Act]:
        """Say goodbye with `lines`."""
        words = self.say(state, lines, act=name)
        if not words:
            words = self.say(state, (self.plan.flow.line("goodbye"),), act=name)
        words = (*words[:-1], replace(words[-1], final=True))
        return replace(self.told(state, lines), closed=True), Act(name=name, utterances=words)

    def values(self, state: State) -> Mapping[str, str]:
        """What the placeholders of a line stand for."""
        return wording.values(
            self.plan.person,
            self.offer,
            state.slots,
            callback_time=state.slots.get("callback_said", ""),
            feels=state.feels,
        )

    @staticmethod
    def told(state: State, lines: Iterable[Line]) -> State:
        """The state after `lines` were said once more."""
        told = dict(state.told)
        for line in lines:
            told[line.name] = told.get(line.name, 0) + 1
        return replace(state, told=told)


def asking(words: tuple[Utterance, ...], kind: str, choices: tuple[str, ...] = ()) -> tuple[Utterance, ...]:
    """`words` with the question in the last of them."""
    if not words or not kind:
        return words
    return (*words[:-1], replace(words[-1], asks=kind, choices=choices))
