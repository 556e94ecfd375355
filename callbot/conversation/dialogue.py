"""The flow engine: a reading and a state in, an act and the next state out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from callbot.conversation import spoken, wording
from callbot.conversation.act import Act, Draft, State, Utterance
from callbot.conversation.facts import Offer
from callbot.conversation.flow import OPENER, Do, Line, Reaction, Step
from callbot.conversation.labels import Intent, TransferReason
from callbot.conversation.plan import CallPlan
from callbot.conversation.reading import Reading
from callbot.conversation.result import JournalKind

UNSURE = 0.35
"""Confidence under which a reading is asked about instead of acted upon."""
PATIENCE = 3
"""Turns in a row that may fail to be understood before the bot gives up politely."""

TimeParser = Callable[[str, datetime], datetime | None]
"""A spoken time and `now` (UTC) → the point in time (UTC), None when it names none."""

_AT_ANY_CONFIDENCE = frozenset(
    {Intent.DO_NOT_CALL, Intent.COMPLAINT, Intent.REQUEST_HUMAN, Intent.ANNOUNCEMENT, Intent.WRONG_PERSON}
)
_GO_ON = frozenset({Intent.GREETING_ACK, Intent.AFFIRM, Intent.SILENCE_FILLER_UNCLEAR})
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
_NO = frozenset({Intent.DENY, Intent.REFUSE, Intent.NO_LONGER_NEEDED, Intent.ALREADY_BOUGHT_ELSEWHERE})
_FOR_A_HUMAN = frozenset({Intent.COMPLAINT, Intent.REQUEST_HUMAN})
_CARE = frozenset({TransferReason.VULNERABLE_PERSON})
_GRIEVANCE = frozenset({TransferReason.COMPLAINT, TransferReason.LEGAL_THREAT})


class Dialogue:
    """One flow applied to one person. Holds no state of the call; every method takes and returns it."""

    def __init__(self, plan: CallPlan, *, now: datetime, parse_time: TimeParser) -> None:
        self.plan = plan
        self.flow = plan.flow
        self.parse_time = parse_time
        today = now.astimezone(plan.zone).date()
        self.offer: Offer | None = wording.best_offer(plan.offers, today=today, mentioned=plan.opener.offers)

    # What starts an act

    def open(self) -> tuple[State, Act]:
        """The first words: the disclosure, said to the end, then the entry step."""
        state = State(step=self.flow.entry)
        disclosure = self._say(state, (self.flow.line("disclosure"),), act="disclosure")
        state = self._told(state, (self.flow.line("disclosure"),))
        state, act = self._enter(state, self.flow.entry, None)
        first = tuple(replace(words, interruptible=False, disclosure=True) for words in disclosure)
        return self._spoken(state, replace(act, utterances=(*first, *act.utterances)))

    def respond(
        self,
        state: State,
        reading: Reading,
        now: datetime,
        *,
        need: TransferReason | None = None,
        unsaid: Sequence[Utterance] = (),
    ) -> tuple[State, Act]:
        """React to one turn of the callee.

        `need`: why a human is needed now, judged over the whole conversation. `unsaid`: what the last act
        meant to say and the callee did not hear, in order; it is said again where the callee only says
        "go on".
        """
        state = self._keep(state, reading)
        state, act = self._react(state, reading, now, need, tuple(unsaid))
        if act.name not in ("clarify", "clarify_again", "unclear_end"):
            state = replace(state, unclear=0)
        act = replace(act, drafts=_unique((*self.must_keep(reading), *act.drafts)))
        return self._spoken(state, act)

    def silence(self, state: State, level: int) -> tuple[State, Act]:
        """The callee says nothing: the rung of the ladder for `level`."""
        rungs = self.flow.silence
        rung = rungs[min(level, len(rungs) - 1)]
        lines = (rung.line,) if rung.line else ()
        match rung.do:
            case "repeat":
                words = (*self._say(state, lines, act="silence"), *self._question(state))
                return self._spoken(self._told(state, lines), Act(name="silence_repeat", utterances=words))
            case "say":
                words = self._say(state, lines, act="silence")
                words = _asking(words, state.asks, state.choices)
                return self._spoken(self._told(state, lines), Act(name="silence_say", utterances=words))
            case _:
                return self._close(state, lines, "silence_end")

    def stalled(self, state: State) -> tuple[State, Act]:
        """Our own answer did not come: apologise and ask again."""
        lines = (self.flow.line("not_understood"),)
        words = _asking(self._say(state, lines, act="stalled"), state.asks or "open", state.choices)
        return self._spoken(self._told(state, lines), Act(name="stalled", utterances=words))

    def hold(self, state: State, level: int) -> tuple[State, Act]:
        """A sign of life while the callee waits for a human."""
        line = self.flow.line("hold")
        words = self._say(state, (line,), act="hold")
        return self._told(state, (line,)), Act(name="hold", utterances=words)

    def transfer_failed(self, state: State) -> tuple[State, Act]:
        """Nobody could take the callee: say so, apologise, ask when somebody may call."""
        state = replace(state, holding=False, awaiting="callback_time", owed_human=True)
        lines = (self.flow.line("transfer_failed"),)
        words = (*self._say(state, lines, act="transfer_failed"), *self._question(state))
        state = self._told(state, (*lines, self.flow.line("ask_callback_time")))
        return self._spoken(state, Act(name="transfer_failed", utterances=words))

    def agent_gone(self, state: State) -> tuple[State, Act]:
        """The human is done and the callee still on the line."""
        return self._close(replace(state, holding=False), (self.flow.line("agent_gone"),), "agent_gone")

    def technical_end(self, state: State) -> tuple[State, Act]:
        """We cannot go on: apologise and end."""
        return self._close(state, (self.flow.line("technical_end"),), "technical_end")

    # Choosing

    def _react(
        self,
        state: State,
        reading: Reading,
        now: datetime,
        need: TransferReason | None,
        unsaid: tuple[Utterance, ...],
    ) -> tuple[State, Act]:
        intent = reading.intent
        if intent is Intent.DO_NOT_CALL and need not in _CARE:
            state, act = self._follow(state, self.flow.always[intent], reading, now, unsaid)
            return replace(state, holding=False), replace(act, cancel_transfer=state.holding)
        if state.holding:
            return self._while_holding(state, reading, now, unsaid)
        if state.owed_human and need not in _CARE and (need is not None or intent in _FOR_A_HUMAN):
            return self._human_owed(state, reading, now)
        if need is not None and intent is not Intent.ANNOUNCEMENT:
            return self._transfer(state, need)
        if state.awaiting == "callback_time" and intent not in _SERIOUS:
            return self._with_callback_time(state, reading, now)
        if unsaid and not state.closed and intent in _GO_ON:
            return state, Act(name=unsaid[0].act, utterances=unsaid)
        step = self.flow.steps[state.step]
        if state.closed:
            return self._after_goodbye(state, reading, now)
        unsure = reading.confidence < UNSURE and intent not in _AT_ANY_CONFIDENCE
        if unsure or (intent is Intent.SILENCE_FILLER_UNCLEAR and intent not in step.then):
            return self._clarify(state)
        reaction = step.then.get(intent) or self.flow.always.get(intent) or step.otherwise
        if reaction is None:
            return self._clarify(state)
        return self._follow(state, reaction, reading, now, unsaid)

    def _while_holding(
        self, state: State, reading: Reading, now: datetime, unsaid: tuple[Utterance, ...]
    ) -> tuple[State, Act]:
        if reading.intent in _NO or reading.intent is Intent.THANKS_BYE:
            state = replace(state, holding=False)
            lines = (self.flow.line("transfer_cancelled"),)
            if reading.intent is Intent.THANKS_BYE:
                state, act = self._close(state, (self.flow.line("goodbye"),), "transfer_cancelled")
                return state, replace(act, cancel_transfer=True)
            words = (*self._say(state, lines, act="transfer_cancelled"), *self._question(state))
            return self._told(state, lines), Act(
                name="transfer_cancelled", utterances=words, cancel_transfer=True
            )
        if reading.intent is Intent.ANNOUNCEMENT:
            return replace(state, holding=False), Act(name="hang_up", hang_up=True, cancel_transfer=True)
        if reading.intent in (Intent.ASK_IDENTITY, Intent.ASK_IS_ROBOT, Intent.ASK_PRICE_OFFER):
            reaction = self.flow.always.get(reading.intent)
            if reaction is not None:
                words = self._say(state, reaction.say, act=reading.intent.value)
                return self._told(state, reaction.say), Act(name=reading.intent.value, utterances=words)
        lines = (self.flow.line("hold_listening"),)
        return self._told(state, lines), Act(
            name="hold_listening", utterances=self._say(state, lines, act="hold_listening")
        )

    def _after_goodbye(self, state: State, reading: Reading, now: datetime) -> tuple[State, Act]:
        """Words after the goodbye: what is serious or asked is answered, then the goodbye comes again."""
        reaction = self.flow.always.get(reading.intent)
        if reaction is None or not (reaction.say or reaction.do) or reading.intent is Intent.THANKS_BYE:
            return self._close(state, (self.flow.line("goodbye"),), "goodbye")
        if reaction.do in (Do.REPEAT, Do.BOOK_CALLBACK) or not reaction.resume:
            return self._follow(state, reaction, reading, now, ())
        return self._close(state, (*reaction.say, self.flow.line("goodbye")), reading.intent.value)

    def _follow(
        self,
        state: State,
        reaction: Reaction,
        reading: Reading,
        now: datetime,
        unsaid: tuple[Utterance, ...],
    ) -> tuple[State, Act]:
        drafts = (Draft(kind=reaction.note, data=_note_data(reaction.note, reading)),) if reaction.note else ()
        name = reading.intent.value
        words = self._say(state, reaction.say, act=name)
        told = self._told(state, reaction.say)
        if reaction.end is not None:
            state, act = self._close(state, reaction.say, name)
            return state, replace(act, drafts=drafts)
        if reaction.goto:
            state, act = self._enter(told, reaction.goto, reading)
            return state, replace(act, utterances=(*words, *act.utterances), drafts=drafts + act.drafts)
        match reaction.do:
            case Do.TRANSFER:
                state, act = self._transfer(told, reaction.reason or TransferReason.EXPLICIT_REQUEST)
            case Do.BOOK_CALLBACK:
                state, act = self._book_callback(told, reading, now)
            case Do.REPEAT:
                state, act = told, Act(name="repeat", utterances=state.last)
            case Do.HANG_UP:
                return replace(told, closed=True), Act(name="hang_up", hang_up=True, drafts=drafts)
            case None:
                resumed = unsaid if any(not item.asks for item in unsaid) else self._question(told)
                state, act = told, Act(name=name, utterances=resumed)
            case _:
                assert_never(reaction.do)
        return state, replace(act, utterances=(*words, *act.utterances), drafts=drafts + act.drafts)

    # Kinds of acts

    def _enter(self, state: State, name: str, reading: Reading | None) -> tuple[State, Act]:
        step = self.flow.steps[name]
        state = replace(state, step=name)
        lines = self._step_lines(step, state, reading)
        if step.end is not None:
            return self._close(state, lines, name)
        words = self._say(state, lines, act=name)
        state = self._told(state, lines)
        match step.do:
            case Do.TRANSFER:
                state, act = self._transfer(state, TransferReason.EXPLICIT_REQUEST)
                return state, replace(act, utterances=(*words, *act.utterances))
            case Do.BOOK_CALLBACK:
                state = replace(state, awaiting="callback_time")
                ask = self._say(state, (self.flow.line("ask_callback_time"),), act="ask_callback_time")
                return state, Act(name=name, utterances=(*words, *_asking(ask, "open")))
            case Do.HANG_UP:
                return replace(state, closed=True), Act(name=name, hang_up=True)
            case _:
                words = (*words, *self._question(state))
                if step.ask is not None:
                    state = self._told(state, (step.ask.line,))
                return state, Act(name=name, utterances=words)

    def _step_lines(self, step: Step, state: State, reading: Reading | None) -> tuple[Line, ...]:
        if reading is None or (variation := step.when.get(reading.emotion)) is None:
            return step.say
        filled = self._values(state)
        return variation.say if all(wording.holds(rule, filled) for rule in variation.only_if) else step.say

    def _question(self, state: State) -> tuple[Utterance, ...]:
        """The open question, put differently the second time."""
        if state.awaiting == "callback_time":
            return _asking(
                self._say(state, (self.flow.line("ask_callback_time"),), act="ask_callback_time"), "open"
            )
        ask = self.flow.steps[state.step].ask if state.step else None
        if ask is None:
            return ()
        line = ask.again if ask.again is not None and state.told.get(ask.line.name) else ask.line
        return _asking(self._say(state, (line,), act=state.step), ask.kind, ask.choices)

    def _clarify(self, state: State) -> tuple[State, Act]:
        unclear = state.unclear + 1
        state = replace(state, unclear=unclear)
        if unclear >= PATIENCE:
            return self._close(state, (self.flow.line("unclear_end"),), "unclear_end")
        name = "clarify" if unclear == 1 else "clarify_again"
        lines = (self.flow.line(name),)
        words = self._say(state, lines, act=name)
        if unclear == 1:
            words = _asking(words, state.asks or "open", state.choices)
        else:
            words = (*words, *self._question(state))
        return self._told(state, lines), Act(name=name, utterances=words)

    def _transfer(self, state: State, reason: TransferReason) -> tuple[State, Act]:
        name = (
            "transfer_complaint"
            if reason in _GRIEVANCE
            else "transfer_care"
            if reason in _CARE
            else "transfer_request"
        )
        lines = (self.flow.line(name),)
        state = replace(state, holding=True, closed=False, awaiting="")
        kind = JournalKind.COMPLAINT if reason is TransferReason.COMPLAINT else JournalKind.TRANSFER_REQUEST
        return self._told(state, lines), Act(
            name="transfer",
            utterances=self._say(state, lines, act="transfer"),
            drafts=(Draft(kind=kind, data={"reason": reason.value}),),
            transfer=reason,
        )

    def _human_owed(self, state: State, reading: Reading, now: datetime) -> tuple[State, Act]:
        """They ask for the human whom nobody could give them: no second empty promise, a call-back instead.

        Once more they are heard out and asked for a time, then a call within a day is booked.
        """
        if reading.intent is Intent.ANNOUNCEMENT:
            return state, Act(name="hang_up", hang_up=True)
        line = self.flow.line("human_owed")
        if state.callback_at is not None:
            return self._close(state, (line, self.flow.line("goodbye")), line.name)
        heard = reading.slots.get("callback_time", "")
        if state.told.get(line.name) or (heard and self.parse_time(heard, now) is not None):
            return self._with_callback_time(state, reading, now)
        words = (*self._say(state, (line,), act=line.name), *self._question(state))
        told = self._told(state, (line, self.flow.line("ask_callback_time")))
        return told, Act(name=line.name, utterances=words)

    def _book_callback(self, state: State, reading: Reading, now: datetime) -> tuple[State, Act]:
        heard = reading.slots.get("callback_time", "")
        when = self.parse_time(heard, now) if heard else None
        if when is not None:
            return self._booked(state, when, heard, "callback_booked", now)
        line = self.flow.line("ask_callback_time")
        words = _asking(self._say(state, (line,), act="ask_callback_time"), "open")
        return replace(self._told(state, (line,)), awaiting="callback_time"), Act(
            name="ask_callback_time", utterances=words
        )

    def _with_callback_time(self, state: State, reading: Reading, now: datetime) -> tuple[State, Act]:
        # How long a grievance has lasted is no time to call back.
        heard = reading.slots.get("callback_time") or ("" if reading.intent in _FOR_A_HUMAN else reading.text)
        when = self.parse_time(heard, now) if heard else None
        if when is not None:
            return self._booked(state, when, heard, "callback_booked", now)
        if reading.intent in _NO and not state.owed_human:
            return self._close(
                replace(state, awaiting=""), (self.flow.line("callback_waived"),), "callback_waived"
            )
        if reading.intent in (Intent.CANNOT_HEAR_REPEAT, Intent.ASK_IDENTITY, Intent.ASK_IS_ROBOT):
            reaction = self.flow.always.get(reading.intent)
            lines = reaction.say if reaction is not None else ()
            words = (*self._say(state, lines, act=reading.intent.value), *self._question(state))
            return self._told(state, lines), Act(name=reading.intent.value, utterances=words)
        return self._booked(state, default_callback(now, self.plan), "", "callback_default", now)

    def _booked(self, state: State, when: datetime, heard: str, line: str, now: datetime) -> tuple[State, Act]:
        said = spoken.moment(when, now=now, zone=self.plan.zone)
        slots = {**state.slots, "callback_time": heard or said, "callback_said": said}
        state = replace(
            state, callback_at=when.astimezone(UTC), callback_spoken=heard or said, awaiting="", slots=slots
        )
        state, act = self._close(state, (self.flow.line(line),), line)
        data = {"when": when.astimezone(UTC).isoformat(), "spoken": heard or said, "human": state.owed_human}
        return state, replace(act, drafts=(Draft(kind=JournalKind.CALLBACK, data=data),))

    def _close(self, state: State, lines: tuple[Line, ...], name: str) -> tuple[State, Act]:
        words = self._say(state, lines, act=name)
        if not words:
            words = self._say(state, (self.flow.line("goodbye"),), act=name)
        words = (*words[:-1], replace(words[-1], final=True))
        return replace(self._told(state, lines), closed=True), Act(name=name, utterances=words)

    # Words and memory

    def _say(self, state: State, lines: Iterable[Line], *, act: str) -> tuple[Utterance, ...]:
        filled = self._values(state)
        words: list[Utterance] = []
        for line in lines:
            if line.name == OPENER:
                text, offers = self.plan.opener.text, self.plan.opener.offers
                line = self.flow.line("opener_plain")
            else:
                text, about_offer = wording.render(line, filled, turn=state.told.get(line.name, 0))
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
                        promise=line.promise,
                    )
                )
        return tuple(words)

    def _values(self, state: State) -> Mapping[str, str]:
        return wording.values(
            self.plan.person, self.offer, state.slots, callback_time=state.slots.get("callback_said", "")
        )

    def _keep(self, state: State, reading: Reading) -> State:
        step = self.flow.steps.get(state.step)
        mentioned = {
            slot: word
            for slot, words in (step.keep.items() if step else ())
            for word in words
            if word in reading.text
        }
        return replace(state, slots={**state.slots, **mentioned, **reading.slots})

    @staticmethod
    def _told(state: State, lines: Iterable[Line]) -> State:
        told = dict(state.told)
        for line in lines:
            told[line.name] = told.get(line.name, 0) + 1
        return replace(state, told=told)

    @staticmethod
    def _spoken(state: State, act: Act) -> tuple[State, Act]:
        """Remember what was asked, and what to repeat."""
        if not act.utterances:
            return state, act
        asking = next((words for words in reversed(act.utterances) if words.asks), None)
        last = tuple(words for words in act.utterances if not words.disclosure) or act.utterances
        return replace(
            state,
            asks=asking.asks if asking else state.asks if state.holding else "",
            choices=asking.choices if asking else (),
            last=last,
        ), act

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
            Draft(kind=kind, data=_note_data(kind, reading)) for intent, kind in kinds if intent in intents
        )


def default_callback(now: datetime, plan: CallPlan) -> datetime:
    """When to call back somebody who named no time: in two hours if the day still allows, after the noon
    rest, else tomorrow at ten; within 24 hours and in the callee's own time (R158, R167)."""
    local = now.astimezone(plan.zone)
    later = local + timedelta(hours=2)
    if later.date() == local.date() and (9 <= later.hour < 12 or 14 <= later.hour < 19):
        return later.astimezone(UTC)
    if later.date() == local.date() and 12 <= later.hour < 14:
        return later.replace(hour=14, minute=30, second=0, microsecond=0).astimezone(UTC)
    morning = local.replace(hour=10, minute=0, second=0, microsecond=0)
    if morning <= local:
        morning += timedelta(days=1)
    return morning.astimezone(UTC)


def _asking(words: tuple[Utterance, ...], kind: str, choices: tuple[str, ...] = ()) -> tuple[Utterance, ...]:
    if not words or not kind:
        return words
    return (*words[:-1], replace(words[-1], asks=kind, choices=choices))


def _note_data(kind: JournalKind | None, reading: Reading) -> dict[str, str]:
    if kind is JournalKind.DO_NOT_CALL:
        return {"scope": reading.slots.get("scope", "all")}
    return {}


def _unique(drafts: Iterable[Draft]) -> tuple[Draft, ...]:
    """One draft of each kind, the later data added to the earlier."""
    merged: dict[JournalKind, Draft] = {}
    for draft in drafts:
        known = merged.get(draft.kind)
        merged[draft.kind] = Draft(kind=draft.kind, data={**(known.data if known else {}), **draft.data})
    return tuple(merged.values())
