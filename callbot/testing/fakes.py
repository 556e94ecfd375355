"""Clock, reader, writer, journal and event log of a call, each as simple as its port allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Context, Reading
from callbot.conversation.result import Note
from callbot.conversation.writing import Moment, Transition


class FixedClock:
    """Stands at `start` and moves with the event loop's time."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._loop_start: float | None = None

    def now(self) -> datetime:
        try:
            passed = asyncio.get_running_loop().time()
        except RuntimeError:
            return self._start
        if self._loop_start is None:
            self._loop_start = passed
        return self._start + timedelta(seconds=passed - self._loop_start)


class FakeReader:
    """Understands what it was told: text → intent or whole reading; anything else is unclear."""

    def __init__(
        self,
        readings: Mapping[str, Intent | Reading],
        *,
        delay_s: float = 0.02,
        failing: bool = False,
    ) -> None:
        self._readings = dict(readings)
        self._delay_s = delay_s
        self._failing = failing
        self.asked: list[tuple[str, Context]] = []

    async def read(self, text: str, context: Context) -> Reading:
        self.asked.append((text, context))
        await asyncio.sleep(self._delay_s)
        if self._failing:
            raise RuntimeError("the reader is broken")
        known = self._readings.get(text, Intent.SILENCE_FILLER_UNCLEAR)
        if isinstance(known, Reading):
            return known
        return Reading(text=text, intent=known, confidence=0.9, emotion=Emotion.NEUTRAL, emotion_confidence=0.9)

    async def aclose(self) -> None: ...


class FakeWriter:
    """Writes the same opener for everybody and the transition it is given."""

    def __init__(self, transition: str = "", *, delay_s: float = 0.0) -> None:
        self._transition = transition
        self._delay_s = delay_s

    async def opener(self, person: Person, offers: tuple[Offer, ...], today: date) -> Opener:
        return Opener(text=f"{person.salutation}您好，想跟您做个回访。", writer="fake/1")

    async def transition(self, moment: Moment) -> Transition:
        await asyncio.sleep(self._delay_s)
        return Transition(text=self._transition)

    async def aclose(self) -> None: ...


@dataclass(slots=True)
class MemoryJournal:
    """Keeps notes in a list; `failing` loses them loudly."""

    notes: list[Note] = field(default_factory=list)
    failing: bool = False

    async def write(self, note: Note) -> None:
        await asyncio.sleep(0)
        if self.failing:
            raise OSError("disk full")
        self.notes.append(note)


@dataclass(slots=True)
class MemoryLog:
    """Keeps the event log as tuples of name, media time and data."""

    events: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    on_event: Callable[[str, int], None] | None = None

    def event(self, name: str, at_ms: int, **data: Any) -> None:
        self.events.append((name, at_ms, data))
        if self.on_event is not None:
            self.on_event(name, at_ms)

    def names(self) -> list[str]:
        return [name for name, _, _ in self.events]
