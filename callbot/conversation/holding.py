"""The callee and the human, in words: while one is fetched, when none comes, and when one leaves. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from callbot.conversation.act import Act, State
from callbot.conversation.appointment import NO, Appointment
from callbot.conversation.digression import Digression
from callbot.conversation.flow import Flow
from callbot.conversation.labels import Intent
from callbot.conversation.lookup import Found
from callbot.conversation.reading import Reading
from callbot.conversation.telling import Telling, remembered

_ANSWERED = frozenset({Intent.ASK_IDENTITY, Intent.ASK_IS_ROBOT, Intent.ASK_PRICE_OFFER})
"""Questions that are answered while the callee waits; nothing is asked back."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What the bot says around a transfer, for one person."""

    telling: Telling
    appointment: Appointment
    digression: Digression

    @property
    def flow(self) -> Flow:
        return self.telling.plan.flow

    def react(self, state: State, reading: Reading, found: Found | None, now: datetime) -> tuple[State, Act]:
        """To words of somebody who waits for a human."""
        intent = reading.intent
        if intent is Intent.THANKS_BYE:
            state = replace(state, holding=False)
            state, act = self.telling.close(state, (self.flow.line("goodbye"),), "transfer_cancelled")
            return state, replace(act, cancel_transfer=True)
        if intent in NO:
            cancelled = (self.flow.line("transfer_cancelled"),)
            state = replace(state, holding=False)
            said = self.telling.say(state, cancelled, act="transfer_cancelled")
            words = (*said, *self.telling.question(state))
            return self.telling.told(state, cancelled), Act(
                name="transfer_cancelled", utterances=words, cancel_transfer=True
            )
        if intent is Intent.BUSY_CALLBACK:
            # The human is still owed to somebody who cannot wait for one.
            state, act = self.appointment.book(replace(state, holding=False, owed_human=True), reading, now)
            return state, replace(act, cancel_transfer=True)
        if intent is Intent.ANNOUNCEMENT:
            return replace(state, holding=False), Act(name="hang_up", hang_up=True, cancel_transfer=True)
        if found is not None:
            return self.digression.on_hold(state, found)
        reaction = self.flow.always.get(intent) if intent in _ANSWERED else None
        lines = reaction.say if reaction is not None else (self.flow.line("hold_listening"),)
        name = intent.value if reaction is not None else "hold_listening"
        return self.telling.told(state, lines), Act(
            name=name, utterances=self.telling.say(state, lines, act=name)
        )

    def still_fetching(self, state: State) -> tuple[State, Act]:
        """A sign of life while the callee waits."""
        lines = (self.flow.line("hold"),)
        words = self.telling.say(state, lines, act="hold")
        return self.telling.told(state, lines), Act(name="hold", utterances=words)

    def failed(self, state: State) -> tuple[State, Act]:
        """Nobody could take the callee: say so, apologise, ask when somebody may call."""
        return self._owed(state, "transfer_failed")

    def lost(self, state: State) -> tuple[State, Act]:
        """The human's connection broke: say so, apologise, ask when somebody may call."""
        return self._owed(replace(state, closed=False), "agent_lost")

    def handed_back(self, state: State) -> tuple[State, Act]:
        """The human gave the callee back: say so and go on where we were."""
        state = replace(state, holding=False, closed=False, awaiting="")
        lines = (self.flow.line("handed_back"),)
        words = (*self.telling.say(state, lines, act="handed_back"), *self.telling.question(state))
        return remembered(self.telling.told(state, lines), Act(name="handed_back", utterances=words))

    def taken_over(self, state: State) -> tuple[State, Act]:
        """A supervisor takes the call: announce them."""
        state = replace(state, holding=True, closed=False, awaiting="")
        lines = (self.flow.line("taken_over"),)
        words = self.telling.say(state, lines, act="taken_over")
        return self.telling.told(state, lines), Act(name="taken_over", utterances=words)

    def gone(self, state: State) -> tuple[State, Act]:
        """The human is done and the callee still on the line."""
        return self.telling.close(replace(state, holding=False), (self.flow.line("agent_gone"),), "agent_gone")

    def _owed(self, state: State, name: str) -> tuple[State, Act]:
        state = replace(state, holding=False, awaiting="callback_time", owed_human=True)
        lines = (self.flow.line(name),)
        words = (*self.telling.say(state, lines, act=name), *self.telling.question(state))
        state = self.telling.told(state, (*lines, self.flow.line("ask_callback_time")))
        return remembered(state, Act(name=name, utterances=words))
