"""What was not understood: asked again in the terms of the open question, then put differently, then let go.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from callbot.conversation.act import Act, State
from callbot.conversation.flow import Flow
from callbot.conversation.labels import Intent
from callbot.conversation.reading import Reading
from callbot.conversation.telling import Telling, asking, remembered

PATIENCE = 3
"""Turns in a row that may fail to be understood before the bot gives up politely."""
NAMES = frozenset({"clarify", "unsure", "clarify_again", "unclear_end", "go_ahead"})
"""Acts after which the callee is still not understood."""


_KEPT = frozenset({Intent.DO_NOT_CALL, Intent.COMPLAINT, Intent.REQUEST_HUMAN})


def as_taken(reading: Reading, act: Act) -> Reading:
    """The reading as it counts for what comes of the call: what was asked about is no stance yet."""
    if act.name not in NAMES:
        return reading
    return replace(
        reading,
        intent=Intent.SILENCE_FILLER_UNCLEAR,
        others=tuple(intent for intent in (reading.intent, *reading.others) if intent in _KEPT),
    )


@dataclass(frozen=True, slots=True)
class Clarifying:
    """Asking back, for one person."""

    telling: Telling

    @property
    def flow(self) -> Flow:
        return self.telling.plan.flow

    def unheard(self, state: State) -> tuple[State, Act]:
        """Nobody knows what they said: say it again, please; then the question once more; then goodbye."""
        state = replace(state, unclear=state.unclear + 1)
        if state.unclear >= PATIENCE:
            return self.telling.close(state, (self.flow.line("unclear_end"),), "unclear_end")
        name = "clarify" if state.unclear == 1 else "clarify_again"
        lines = (self.flow.line(name),)
        words = self.telling.say(state, lines, act=name)
        if state.unclear == 1:
            words = asking(words, state.asks or "open", state.choices)
        else:
            words = (*words, *self.telling.question(state))
        return self.telling.told(state, lines), Act(name=name, utterances=words)

    def unsure(self, state: State) -> tuple[State, Act]:
        """The words are there, their meaning is not sure: the open question once more, in other words, before
        anything is done that is hard to take back."""
        question = self.telling.question(state)
        if state.unclear or not question:
            return self.unheard(state)
        lines = (self.flow.line("unsure"),)
        words = (*self.telling.say(state, lines, act="unsure"), *question)
        return replace(self.telling.told(state, lines), unclear=1), Act(name="unsure", utterances=words)

    def listen(self, state: State) -> tuple[State, Act]:
        """怎么说呢: they are looking for words, and are given time."""
        lines = (self.flow.line("go_ahead"),)
        words = asking(self.telling.say(state, lines, act="go_ahead"), state.asks, state.choices)
        return replace(self.telling.told(state, lines), unclear=1), Act(name="go_ahead", utterances=words)

    def stalled(self, state: State) -> tuple[State, Act]:
        """Our own answer did not come: apologise and ask again."""
        lines = (self.flow.line("not_understood"),)
        words = asking(self.telling.say(state, lines, act="stalled"), state.asks or "open", state.choices)
        return remembered(self.telling.told(state, lines), Act(name="stalled", utterances=words))
