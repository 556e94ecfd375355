"""Agreeing on a time to call back: asking for it, booking it, and what is owed when no human could come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from callbot.conversation import spoken
from callbot.conversation.act import Act, Draft, State
from callbot.conversation.labels import Intent
from callbot.conversation.plan import CallPlan
from callbot.conversation.reading import Reading
from callbot.conversation.result import JournalKind
from callbot.conversation.telling import Telling, putting

TimeParser = Callable[[str, datetime], datetime | None]
"""A spoken time and `now` (UTC) → the point in time (UTC), None when it names none."""

NO = frozenset({Intent.DENY, Intent.REFUSE, Intent.NO_LONGER_NEEDED, Intent.ALREADY_BOUGHT_ELSEWHERE})
FOR_A_HUMAN = frozenset({Intent.COMPLAINT, Intent.REQUEST_HUMAN})


@dataclass(frozen=True, slots=True)
class Appointment:
    """The call-back part of one person's dialogue."""

    telling: Telling
    parse_time: TimeParser

    @property
    def plan(self) -> CallPlan:
        return self.telling.plan

    def human_owed(self, state: State, reading: Reading, now: datetime) -> tuple[State, Act]:
        """They ask for the human whom nobody could give them: no second empty promise, a call-back instead.

        Once more they are heard out and asked for a time, then a call within a day is booked.
        """
        if reading.intent is Intent.ANNOUNCEMENT:
            return state, Act(name="hang_up", hang_up=True)
        line = self.plan.flow.line("human_owed")
        if state.callback_at is not None:
            return self.telling.close(state, (line, self.plan.flow.line("goodbye")), line.name)
        heard = reading.slots.get("callback_time", "")
        if state.told.get(line.name) or (heard and self.parse_time(heard, now) is not None):
            return self.with_time(state, reading, now)
        words = (*self.telling.say(state, (line,), act=line.name), *self.telling.question(state))
        told = self.telling.told(state, (line, self.plan.flow.line("ask_callback_time")))
        return told, Act(name=line.name, utterances=words)

    def book(self, state: State, reading: Reading, now: datetime) -> tuple[State, Act]:
        """Book the time they named, or ask for one."""
        heard = reading.slots.get("callback_time", "")
        when = self.parse_time(heard, now) if heard else None
        if state.closed and state.callback_at is not None and when in (None, state.callback_at):
            return self.telling.close(state, (self.plan.flow.line("goodbye_again"),), "goodbye")
        if when is not None:
            return self._booked(state, when, heard, "callback_booked", now)
        line = self.plan.flow.line("ask_callback_time")
        words = putting(self.telling.say(state, (line,), act="ask_callback_time"), "open")
        return replace(self.telling.told(state, (line,)), awaiting="callback_time"), Act(
            name="ask_callback_time", utterances=words
        )

    def with_time(self, state: State, reading: Reading, now: datetime) -> tuple[State, Act]:
        """Their answer to the question for a time: it is booked, waived, or set by default."""
        # How long a grievance has lasted is no time to call back.
        heard = reading.slots.get("callback_time") or ("" if reading.intent in FOR_A_HUMAN else reading.text)
        when = self.parse_time(heard, now) if heard else None
        if when is not None:
            return self._booked(state, when, heard, "callback_booked", now)
        if reading.intent in NO and not state.owed_human:
            return self.telling.close(
                replace(state, awaiting=""), (self.plan.flow.line("callback_waived"),), "callback_waived"
            )
        line = self.plan.flow.line("ask_callback_time")
        unclear = reading.intent is Intent.SILENCE_FILLER_UNCLEAR
        if unclear and state.told.get(line.name, 0) < 2:
            words = self.telling.question(state)
            return self.telling.told(state, (line,)), Act(name=line.name, utterances=words)
        return self._booked(state, default_callback(now, self.plan), "", "callback_default", now)

    def _booked(self, state: State, when: datetime, heard: str, line: str, now: datetime) -> tuple[State, Act]:
        said = spoken.moment(when, now=now, zone=self.plan.zone)
        slots = {**state.slots, "callback_time": heard or said, "callback_said": said}
        state = replace(
            state, callback_at=when.astimezone(UTC), callback_spoken=heard or said, awaiting="", slots=slots
        )
        state, act = self.telling.close(state, (self.plan.flow.line(line),), line)
        data = {"when": when.astimezone(UTC).isoformat(), "spoken": heard or said, "human": state.owed_human}
        return state, replace(act, drafts=(Draft(kind=JournalKind.CALLBACK, data=data),))


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
