"""A question in between: the answer from the knowledge base, then back to where we were. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callbot.conversation.act import Act, State, Utterance
from callbot.conversation.knowledge_file import handler
from callbot.conversation.lookup import Found
from callbot.conversation.stepping import Stepping


@dataclass(frozen=True, slots=True)
class Digression:
    """Answers from the knowledge of one flow."""

    stepping: Stepping

    def answer(self, state: State, found: Found, unsaid: tuple[Utterance, ...]) -> tuple[State, Act]:
        """Answer, then go back to the open question; after the goodbye, back to the goodbye."""
        line, state = found.answer, _using(state, found)
        telling, via = self.stepping.telling, (handler(found.name),)
        if state.closed:
            goodbye = self.stepping.flow.line("goodbye")
            state, act = telling.close(state, (line, goodbye), "knowledge")
            return state, act.after(via=via)
        words = telling.say(state, (line,), act="knowledge")
        state = telling.told(state, (line,))
        act = Act(name="knowledge", utterances=self.stepping.resumed(state, unsaid))
        return state, act.after(words, via=via)

    def on_hold(self, state: State, found: Found) -> tuple[State, Act]:
        """Answer somebody who waits for a human, and ask nothing."""
        line, state = found.answer, _using(state, found)
        telling = self.stepping.telling
        words = telling.say(state, (line,), act="knowledge")
        act = Act(name="knowledge", utterances=words, via=(handler(found.name),))
        return telling.told(state, (line,)), act

    def vouched(self, state: State) -> tuple[str, ...]:
        """The knowledge that was used: facts for the guard."""
        return tuple(
            words
            for entry in self.stepping.flow.knowledge
            if entry.name in state.used and entry.answer is not None
            for words in entry.answer.variants
        )


def _using(state: State, found: Found) -> State:
    return replace(state, used=tuple(dict.fromkeys((*state.used, found.name))))
