"""The flow engine: a reading and a state in, an act and the next state out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from callbot.conversation import patterns, wording
from callbot.conversation.act import Act, Draft, State, Utterance
from callbot.conversation.appointment import FOR_A_HUMAN, Appointment, TimeParser
from callbot.conversation.clarifying import NAMES as NOT_UNDERSTOOD
from callbot.conversation.clarifying import PATIENCE, Clarifying
from callbot.conversation.digression import Digression
from callbot.conversation.flow import Do, Reaction
from callbot.conversation.holding import Holding
from callbot.conversation.labels import Emotion, Intent, TransferReason
from callbot.conversation.lookup import Found
from callbot.conversation.plan import CallPlan
from callbot.conversation.reading import COMMITS, UNSURE, Reading
from callbot.conversation.result import JournalKind
from callbot.conversation.stepping import CARE, Stepping, note_data
from callbot.conversation.telling import Telling, asking, remembered

_AT_ANY_CONFIDENCE = frozenset({Intent.DO_NOT_CALL, Intent.ANNOUNCEMENT})
_COMMITTING = frozenset(
    {
        Intent.INTERESTED,
        Intent.REFUSE,
        Intent.NO_LONGER_NEEDED,
        Intent.ALREADY_BOUGHT_ELSEWHERE,
        Intent.WRONG_PERSON,
        Intent.THANKS_BYE,
        Intent.ABUSIVE,
        Intent.COMPLAINT,
        Intent.REQUEST_HUMAN,
    }
)
"""What a flow answers with something that is hard to take back: a promise, a goodbye, a number struck out,
a human whom nothing else in the call calls for."""
_GO_ON = frozenset({Intent.GREETING_ACK, Intent.AFFIRM, Intent.SILENCE_FILLER_UNCLEAR})
_YES_NO = frozenset({"yes_no", "anything_else", "identity"})
"""Questions that a yes answers even before they were asked to the end."""
_SERIOUS = frozenset(
    {
        Intent.DO_NOT_CALL,
        Intent.COMPLAINT,
        Intent.REQUEST_HUMAN,
        Intent.WRONG_PERSON,
        Intent.ANNOUNCEMENT,
        Intent.ABUSIVE,
        Intent.PRIVACY_CONCERN,
    }
)
_STANCES = frozenset({Intent.INTERESTED, Intent.CONSIDERING, Intent.REFUSE})
"""What a callee may still decide after the goodbye."""
_UNANSWERED = frozenset({Intent.ASK_PRODUCT_DETAIL, Intent.ASK_LOCATION_TIME})
"""Questions that are handed on where nobody has written down the answer."""


class Dialogue:
    """One flow applied to one person. Holds no state of the call; every method takes and returns it."""

    def __init__(self, plan: CallPlan, *, now: datetime, parse_time: TimeParser) -> None:
        self.plan = plan
        self.flow = plan.flow
        self.parse_time = parse_time
        today = now.astimezone(plan.zone).date()
        self.offer = wording.best_offer(plan.offers, today=today, mentioned=plan.opener.offers)
        self.telling = Telling(plan, self.offer)
        self.appointment = Appointment(self.telling, parse_time)
        self.stepping = Stepping(self.telling, self.appointment)
        self.digression = Digression(self.stepping)
        self.clarifying = Clarifying(self.telling)
        self.holding = Holding(self.telling, self.appointment, self.digression)

    # What starts an act

    def open(self) -> tuple[State, Act]:
        """The first words: the disclosure, said to the end, then the entry step."""
        state = State(step=self.flow.entry)
        disclosure = self.telling.say(state, (self.flow.line("disclosure"),), act="disclosure")
        state = self.telling.told(state, (self.flow.line("disclosure"),))
        state, act = self.stepping.enter(state, self.flow.entry, None)
        first = tuple(replace(words, interruptible=False, disclosure=True) for words in disclosure)
        return remembered(state, replace(act, utterances=(*first, *act.utterances)))

    def respond(
        self,
        state: State,
        reading: Reading,
        now: datetime,
        *,
        need: TransferReason | None = None,
        known: Found | None = None,
        unsaid: Sequence[Utterance] = (),
    ) -> tuple[State, Act]:
        """React to one turn of the callee.

        `need`: why a human is needed now, judged over the whole conversation. `known`: what the knowledge base
        says to a question in it. `unsaid`: what the last act
        meant to say and the callee did not hear, in order; it is said again where the callee only says
        "go on".
        """
        before, state = state, self.stepping.keep(state, reading)
        state, act = self._react(before, state, reading, now, need, known, tuple(unsaid))
        if not patterns.asks_for_a_moment(reading):
            state = replace(state, waiting=False)
        again = bool(unsaid) and act.utterances == tuple(unsaid)
        if not again and act.name not in NOT_UNDERSTOOD:
            state = replace(state, unclear=0)
        act = replace(act, drafts=_unique((*self.must_keep(reading), *act.drafts)))
        return remembered(state, act)

    @staticmethod
    def asks(reading: Reading) -> bool:
        """Is it worth looking for an answer in the knowledge base?"""
        return patterns.may_ask(reading, unsure=_unsure(reading))

    def key(self, state: State, digit: str) -> Intent | None:
        """What a pressed key means here: 0 asks for a human, others what the open question says of them."""
        if state.holding or state.closed:
            return None
        if digit == "0":
            return Intent.REQUEST_HUMAN
        ask = self.flow.steps[state.step].ask if state.step and not state.awaiting else None
        return ask.keys.get(digit) if ask is not None else None

    def silence(self, state: State, level: int) -> tuple[State, Act]:
        """The callee says nothing: the rung of the ladder for `level`."""
        if state.waiting and level == 0:
            here = (self.flow.line("still_here"),)
            words = asking(self.telling.say(state, here, act="still_here"), state.asks, state.choices)
            state = replace(self.telling.told(state, here), waiting=False)
            return remembered(state, Act(name="still_here", utterances=words))
        rungs = self.flow.silence
        rung = rungs[min(level, len(rungs) - 1)]
        lines, via = (rung.line,) if rung.line else (), (rung.handler,)
        match rung.do:
            case "repeat":
                words = (*self.telling.say(state, lines, act="silence"), *self.telling.question(state))
                return remembered(
                    self.telling.told(state, lines), Act(name="silence_repeat", utterances=words, via=via)
                )
            case "say":
                words = self.telling.say(state, lines, act="silence")
                words = asking(words, state.asks, state.choices)
                return remembered(
                    self.telling.told(state, lines), Act(name="silence_say", utterances=words, via=via)
                )
            case _:
                state, act = self.telling.close(state, lines, "silence_end")
                return state, act.after(via=via)

    def technical_end(self, state: State) -> tuple[State, Act]:
        """We cannot go on: apologise and end."""
        return self.telling.close(state, (self.flow.line("technical_end"),), "technical_end")

    # Choosing

    def _react(
        self,
        before: State,
        state: State,
        reading: Reading,
        now: datetime,
        need: TransferReason | None,
        found: Found | None,
        unsaid: tuple[Utterance, ...],
    ) -> tuple[State, Act]:
        intent = reading.intent
        if Intent.DO_NOT_CALL in (intent, *reading.others) and need not in CARE:
            # It is written down wherever it stands among the intents, so it is obeyed there as well.
            reading = replace(reading, intent=Intent.DO_NOT_CALL)
            held, obeyed = state.holding, self.flow.always[Intent.DO_NOT_CALL]
            state, act = self.stepping.follow(state, obeyed, reading, now, unsaid)
            return replace(state, holding=False), replace(act, cancel_transfer=held)
        unsure = _unsure(reading)
        if state.holding:
            return self.holding.react(state, reading, found, now)
        if state.owed_human and need not in CARE and (need is not None or intent in FOR_A_HUMAN):
            return self.appointment.human_owed(state, reading, now)
        if (
            need is not None
            and intent is not Intent.ANNOUNCEMENT
            and not self._is_asked_for(state, reading, need)
        ):
            state, act = self.stepping.transfer(state, need)
            meant = self.flow.always.get(intent)
            return state, act.after(via=(meant.handler,) if meant and meant.do is Do.TRANSFER else ())
        if patterns.asks_for_a_moment(reading):
            return self._moment(state, reading, unsaid)
        if found is not None:
            return self.digression.answer(state, found, unsaid)
        if state.awaiting and intent not in _SERIOUS:
            asked = self.flow.always.get(intent) if self._asks_meanwhile(reading, now) else None
            if asked is not None:
                return self.stepping.follow(state, asked, reading, now, unsaid)
            if (going_on := self._goes_on(state, reading)) is not None:
                return self.stepping.follow(replace(state, awaiting=""), going_on, reading, now, unsaid)
            return self.appointment.with_time(state, reading, now)
        if not state.closed and intent not in _SERIOUS and self._corrects(before, state, reading):
            lines = (self.flow.line("corrected"),)
            words = (*self.telling.say(state, lines, act="corrected"), *self.telling.question(state))
            return self.telling.told(state, lines), Act(name="corrected", utterances=words)
        answers = intent is Intent.AFFIRM and bool(unsaid) and unsaid[0].asks in _YES_NO
        if before.waiting and not state.closed and intent in _GO_ON and state.asks not in _YES_NO:
            return state, Act(name=state.step, utterances=self.telling.question(state))
        if unsaid and not state.closed and intent in _GO_ON and not answers:
            if intent is Intent.SILENCE_FILLER_UNCLEAR:
                # noise, or the bot's own echo, must not have the same words said for ever
                if state.unclear + 1 >= PATIENCE:
                    return self.clarifying.unheard(state)
                state = replace(state, unclear=state.unclear + 1)
            return state, Act(name=unsaid[0].act, utterances=unsaid)
        step = self.flow.steps[state.step]
        if state.closed:
            return self._after_goodbye(state, reading, now, unsure=unsure)
        unclear = intent is Intent.SILENCE_FILLER_UNCLEAR and intent not in step.then
        told = patterns.is_an_account(reading.text, state.asks) or self._kept(before, state)
        if unclear and state.asks == "open" and patterns.is_hesitating(reading.text) and not state.unclear:
            return self.clarifying.listen(state)
        if (unsure or unclear) and not told:
            heard = unsure and Intent.SILENCE_FILLER_UNCLEAR not in (intent, *reading.others)
            return self.clarifying.unsure(state) if heard else self.clarifying.unheard(state)
        reaction = step.then.get(intent) or self.flow.always.get(intent) or step.otherwise
        if unsure or unclear or (state.asks == "open" and self._tells(before, state, reading)):
            reaction = step.otherwise or reaction
        if reaction is None:
            return self.clarifying.unheard(state)
        if intent in _UNANSWERED and not reaction.goto:
            state = replace(state, unanswered=(*state.unanswered, reading.text))
        state, act = self.stepping.follow(state, reaction, reading, now, unsaid)
        return state, replace(act, heard_out=need is not None)

    # Patterns

    def _moment(self, state: State, reading: Reading, unsaid: tuple[Utterance, ...]) -> tuple[State, Act]:
        """They ask for a moment: to say something themselves, or to see to something else."""
        speaks = state.closed or (bool(unsaid) and patterns.wants_to_speak(reading.text))
        line = self.flow.line("go_ahead" if speaks else "wait_for_you")
        words = asking(self.telling.say(state, (line,), act=line.name), state.asks or "open", state.choices)
        state = replace(self.telling.told(state, (line,)), waiting=not speaks)
        return state, Act(name=line.name, utterances=words)

    def _tells(self, before: State, state: State, reading: Reading) -> bool:
        """An answer to an open question that names what the step listens for is that answer, though it sounds
        like a question or a lack of time (最近太忙，忘了)."""
        busy = reading.intent is Intent.BUSY_CALLBACK and reading.confidence < COMMITS
        sounds_like = reading.intent in patterns.QUESTIONS or busy
        return sounds_like and "callback_time" not in reading.slots and self._kept(before, state)

    def _kept(self, before: State, state: State) -> bool:
        """The words named something that the step listens for, whatever their label."""
        listens = {keep.slot for keep in self.flow.steps[state.step].keep if keep.values}
        return any(state.slots.get(slot) != before.slots.get(slot) for slot in listens)

    def _is_asked_for(self, state: State, reading: Reading, need: TransferReason) -> bool:
        """A grievance is what this step has asked for: it is heard out where it was asked, unless the callee is
        beside themselves or calls it a complaint."""
        if need is not TransferReason.COMPLAINT or reading.intent is not Intent.COMPLAINT:
            return False
        step = self.flow.steps[state.step]
        hears = Intent.COMPLAINT in step.then and not (state.closed or state.awaiting)
        plainly = patterns.in_so_many_words(reading.text, Intent.COMPLAINT)
        return hears and not plainly and reading.emotion is not Emotion.ANGRY

    def _asks_meanwhile(self, reading: Reading, now: datetime) -> bool:
        """A question in answer to the question for a time, and no time: 什么事啊, and not 三点行吗."""
        if reading.intent not in patterns.MEANWHILE or reading.slots.get("callback_time"):
            return False
        return self.parse_time(reading.text, now) is None

    def _goes_on(self, state: State, reading: Reading) -> Reaction | None:
        """你说吧, asked for another time: they have a moment after all."""
        step = self.flow.steps[state.step]
        moment = step.ask is not None and step.ask.kind == "yes_no" and not state.owed_human
        sure = reading.intent is Intent.GREETING_ACK and reading.confidence >= COMMITS
        return step.then.get(Intent.AFFIRM) if moment and sure else None

    def _corrects(self, before: State, state: State, reading: Reading) -> bool:
        """不是，我是说质量, when the step that listens for it is past."""
        step = self.flow.steps.get(state.step)
        listening = step is not None and "concern" in {keep.slot for keep in step.keep}
        return not listening and patterns.takes_back(reading, before.slots, state.slots)

    def _after_goodbye(
        self, state: State, reading: Reading, now: datetime, *, unsure: bool
    ) -> tuple[State, Act]:
        """Words after the goodbye: a change of mind is followed, what is serious or asked is answered, then
        the goodbye comes again."""
        if unsure:
            return self.telling.close(state, (self.flow.line("goodbye_again"),), "goodbye")
        if (asked := self.flow.steps.get(state.asked_at)) is not None and reading.intent in _STANCES:
            changed = asked.then.get(reading.intent)
            if changed is not None and changed.goto not in ("", state.step):
                return self.stepping.follow(replace(state, closed=False), changed, reading, now, ())
        reaction = self.flow.always.get(reading.intent)
        plain = reaction is None or not (reaction.say or reaction.do) or reading.intent is Intent.THANKS_BYE
        if reaction is None or plain or _said_already(reaction, state):
            return self.telling.close(state, (self.flow.line("goodbye_again"),), "goodbye")
        if reaction.do in (Do.REPEAT, Do.BOOK_CALLBACK) or not reaction.resume:
            return self.stepping.follow(state, reaction, reading, now, ())
        state, act = self.telling.close(state, (*reaction.say, self.flow.line("goodbye")), reading.intent.value)
        return state, act.after(via=(reaction.handler,))

    # Memory

    @staticmethod
    def must_keep(reading: Reading) -> tuple[Draft, ...]:
        """What must survive a crash whatever the flow does with it."""
        intents = (reading.intent, *reading.others)
        kinds = (
            (Intent.DO_NOT_CALL, JournalKind.DO_NOT_CALL),
            (Intent.COMPLAINT, JournalKind.COMPLAINT),
            (Intent.REQUEST_HUMAN, JournalKind.TRANSFER_REQUEST),
        )
        return tuple(
            Draft(kind=kind, data=note_data(kind, reading)) for intent, kind in kinds if intent in intents
        )


def _unsure(reading: Reading) -> bool:
    enough = COMMITS if reading.intent in _COMMITTING else UNSURE
    return reading.confidence < enough and reading.intent not in _AT_ANY_CONFIDENCE


def _said_already(reaction: Reaction, state: State) -> bool:
    """This goodbye was said: nobody is told twice that they are not disturbed any more."""
    return reaction.end is not None and all(state.told.get(line.name) for line in reaction.say)


def _unique(drafts: Iterable[Draft]) -> tuple[Draft, ...]:
    """One draft of each kind, the later data added to the earlier."""
    merged: dict[JournalKind, Draft] = {}
    for draft in drafts:
        known = merged.get(draft.kind)
        merged[draft.kind] = Draft(kind=draft.kind, data={**(known.data if known else {}), **draft.data})
    return tuple(merged.values())
