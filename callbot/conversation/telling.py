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
            words = self.say(state, (self.plan.flow.line("ask_callback_time"),), act="ask_callback_time")
            return putting(words, "open")
        ask = self.plan.flow.steps[state.step].ask if state.step else None
        if ask is None:
            return ()
        if ask.again is None or not state.told.get(ask.line.name):
            return putting(self.say(state, (ask.line,), act=state.step), ask.kind, ask.choices)
        words = self.say(state, (ask.again,), act=state.step, turn=max(0, state.asked - 1))
        return putting(words, ask.kind, ask.choices)

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
    """`words` after which the question of this kind is open."""
    if not words or not kind:
        return words
    return (*words[:-1], replace(words[-1], asks=kind, choices=choices))


def putting(words: tuple[Utterance, ...], kind: str, choices: tuple[str, ...] = ()) -> tuple[Utterance, ...]:
    """`words` with the question itself in the last of them."""
    return tuple(replace(one, puts=bool(one.asks)) for one in asking(words, kind, choices))


def in_view(state: State, bot_said: str) -> str:
    """What an answer is an answer to: `bot_said`, and the question that it left open without putting it."""
    return bot_said if any(words.puts for words in state.last) else bot_said + state.question


def remembered(state: State, act: Act) -> tuple[State, Act]:
    """The state that knows what `act` asks, and what to repeat of it."""
    if not act.utterances:
        return state, act
    question = next((words for words in reversed(act.utterances) if words.asks), None)
    last = tuple(words for words in act.utterances if not words.disclosure) or act.utterances
    return replace(
        state,
        asks=question.asks if question else state.asks if state.holding else "",
        question="" if question is None else question.text if question.puts else state.question,
        choices=question.choices if question else (),
        asked=state.asked + 1 if question else state.asked,
        last=last,
    ), act
