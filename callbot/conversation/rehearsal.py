"""A conversation in writing: the flow, the words and the guard of a call, without line, sound or carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asr_tts.audio import Audio
from callbot.clock import Clock
from callbot.conversation import guard
from callbot.conversation.act import Act, Draft, State, Utterance
from callbot.conversation.answering import Answering, standing
from callbot.conversation.appointment import default_callback
from callbot.conversation.clarifying import as_taken
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.flow_steps import key_handler
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.line import HungUp
from callbot.conversation.lookup import Lookup, MeaningLookup
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.reading import Context, Reader, Reading
from callbot.conversation.record import Record
from callbot.conversation.result import CallResult, JournalKind, Note, TransferResult, Turn
from callbot.conversation.speaking import Speaking
from callbot.conversation.understand import spoken_time
from callbot.conversation.understand.normal import plain
from callbot.conversation.understand.slots import slots
from callbot.conversation.writing import Writer

_SECOND = 1000
_CHARACTER_MS = 220
"""How long a spoken character takes, for the times of the transcript."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a line of the callee means, where its writer says so; else the reader is asked."""

    intent: Intent
    emotion: Emotion = Emotion.NEUTRAL
    also: tuple[Intent, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One thing the callee did, and what the bot said to it."""

    heard: str
    """The callee's words; empty at the beginning and where they said nothing."""
    reading: Reading | None
    act: Act
    said: tuple[Utterance, ...]
    """What passed the guard."""
    blocked: tuple[str, ...] = ()
    """What the guard stopped."""


class Rehearsal:
    """One conversation. What is said counts as heard; the silences are the callee's own."""

    def __init__(
        self,
        plan: CallPlan,
        *,
        clock: Clock,
        reader: Reader,
        writer: Writer,
        lookup: Lookup | None = None,
        agent: bool = True,
    ) -> None:
        """`agent`: whether a human takes the call when one is needed."""
        self.plan = plan
        self.clock = clock
        self.agent = agent
        self._reader = reader
        nothing = _Nothing()
        self.dialogue = Dialogue(
            plan, now=clock.now(), parse_time=lambda text, at: spoken_time.when(text, at, plan.zone)
        )
        self._record = Record(plan=plan, journal=nothing, log=nothing)
        self._speaking = Speaking(
            voice=nothing, fallback=None, check=guard.check, log=nothing, now_ms=lambda: self._ms, voice_s=1.0
        )
        self._answering = Answering(
            plan=plan,
            dialogue=self.dialogue,
            reader=reader,
            writer=writer,
            speaking=self._speaking,
            record=self._record,
            log=nothing,
            clock=clock,
            options=SessionOptions(),
            lookup=lookup or MeaningLookup(),
        )
        self.state = State()
        self.over = False
        self.via: list[str] = []
        """Every handler that was gone through."""
        self._ended_by_bot = True
        self._ms = 0
        self._level = 0

    async def open(self) -> Exchange:
        """The first words."""
        self.state, act = self.dialogue.open()
        return await self._perform("", None, act, self._said(act.utterances))

    async def hear(self, text: str, meant: Meant | None = None) -> Exchange:
        """The callee says something."""
        bot_said = "".join(words.text for words in self.state.last)
        context = standing(self.state, bot_said)
        reading = _pinned(text, meant, context) if meant else await self._reader.read(text, context)
        return await self._answer(text, reading, bot_said)

    async def press(self, digit: str) -> Exchange | None:
        """The callee presses a key; None when it means nothing here."""
        meant = self.dialogue.key(self.state, digit)
        if meant is None:
            return None
        self.via.append(key_handler(self.state.step, digit))
        text = f"按键{digit}"
        reading = Reading(text=text, intent=meant, confidence=1.0, because=(text,))
        return await self._answer(text, reading, "".join(words.text for words in self.state.last))

    async def silence(self) -> Exchange:
        """The callee says nothing for so long that the bot must."""
        self._ms += self.plan.flow.silence[min(self._level, len(self.plan.flow.silence) - 1)].after_ms
        self.state, act = self.dialogue.silence(self.state, self._level)
        self._level += 1
        return await self._perform("", None, act, self._said(act.utterances))

    def leave(self) -> None:
        """The callee puts the phone down."""
        self.over, self._ended_by_bot = True, False

    def result(self) -> CallResult:
        """What the conversation leaves behind, as a call would."""
        now = self.clock.now()
        end = HungUp(by="bot" if self._ended_by_bot else "callee", at_ms=self._ms, reason="goodbye")
        spoken = self._record.decision(self.state, end, lost=False).callback_spoken
        return self._record.result(
            self.state,
            end,
            lost=False,
            callback_default=default_callback(now, self.plan),
            parsed=self.dialogue.parse_time(spoken, now) if spoken else None,
        )

    async def _answer(self, text: str, reading: Reading, bot_said: str) -> Exchange:
        before, self._level, self.over = self.state, 0, False
        reading, found = await self._answering.looked_up(reading, before)
        need = self._record.need(reading, text, bot_said=bot_said, asks=before.asks)
        self.state, act = self.dialogue.respond(
            before,
            reading,
            self.clock.now(),
            need=need.reason if need else None,
            known=found,
        )
        self._record.hear(text, as_taken(reading, act), bot_said=bot_said, asks=before.asks)
        if act.heard_out:
            self._record.dealt_with = len(self._record.said)
        self._record.turns.append(self._turn("callee", text, reading=reading, step=before.step))
        transition = await self._answering.transition(act, reading)
        return await self._perform(text, reading, act, self._said((*transition, *act.utterances)))

    def _said(self, words: Sequence[Utterance]) -> tuple[tuple[Utterance, ...], tuple[str, ...]]:
        allowed, blocks = self._speaking.sift(words, self._answering.sheet(self.state))
        return allowed, tuple(block.text for block in blocks)

    async def _perform(
        self,
        heard: str,
        reading: Reading | None,
        act: Act,
        said: tuple[tuple[Utterance, ...], tuple[str, ...]],
    ) -> Exchange:
        """Say it and note it: everything is heard to its end here."""
        words, blocked = said
        self.via.extend(act.via)
        for draft in act.drafts:
            await self._record.note(draft, heard, self._ms)
        for one in words:
            self._record.turns.append(self._turn("bot", one.text, act=one.act, step=one.step))
            if one.promise:
                data = {"what": one.promise, "offer": one.offers[0] if one.offers else ""}
                await self._record.note(Draft(kind=JournalKind.PROMISE, data=data), one.text, self._ms)
        if act.hang_up or any(one.final for one in words):
            self.over = True
        if act.transfer is not None:
            turn = len(self._record.said) - 1
            self._record.transferred(
                TransferResult(
                    transfer_id="rehearsal",
                    reason=act.transfer.value,
                    result="connected" if self.agent else "no_agent",
                    agent_id="agent" if self.agent else None,
                ),
                act.transfer,
                turn,
            )
            self._record.dealt_with = len(self._record.said)
            if self.agent:
                self.over = True
            else:
                self.state, failed = self.dialogue.holding.failed(self.state)
                more, blocked_too = self._said(failed.utterances)
                after = await self._perform("", None, failed, (more, blocked_too))
                words, blocked = (*words, *after.said), (*blocked, *after.blocked)
        return Exchange(heard=heard, reading=reading, act=act, said=words, blocked=blocked)

    def _turn(
        self, speaker: Any, text: str, *, reading: Reading | None = None, act: str = "", step: str = ""
    ) -> Turn:
        start = self._ms
        self._ms += _SECOND + _CHARACTER_MS * len(text)
        return Turn(
            speaker=speaker,
            text=text,
            heard=text,
            start_ms=start,
            end_ms=self._ms,
            intent=reading.intent if reading else None,
            emotion=reading.emotion if reading else None,
            confidence=reading.confidence if reading else None,
            slots=dict(reading.slots) if reading else {},
            step=step,
            act=act,
        )


def _pinned(text: str, meant: Meant, context: Context) -> Reading:
    """The reading that the writer of a test has in mind, with the values that any reader hears."""
    heard = slots(plain(text), context.choices)
    if Intent.BUSY_CALLBACK not in (meant.intent, *meant.also) and context.step != "callback_time":
        heard.pop("callback_time", None)
    if meant.intent is not Intent.DO_NOT_CALL:
        heard.pop("scope", None)
    return Reading(
        text=text,
        intent=meant.intent,
        confidence=0.95,
        emotion=meant.emotion,
        emotion_confidence=0.95,
        others=meant.also,
        slots={**heard, **meant.slots},
        because=(text,),
    )


class _Nothing:
    """Keeps no journal, writes no log and makes no sound."""

    async def write(self, note: Note) -> None:
        """Every note stands in the record."""

    def event(self, name: str, at_ms: int, **data: Any) -> None:
        """Nobody reads the log of a rehearsal."""

    @property
    def identity(self) -> str:
        return "silent/1"

    async def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        nothing: tuple[Audio, ...] = ()
        for sound in nothing:
            yield sound

    async def aclose(self) -> None:
        """Nothing was opened."""


@dataclass(frozen=True, slots=True)
class FixedTime:
    """A clock that stands still, so that a rehearsal is the same on every day."""

    at: datetime

    def now(self) -> datetime:
        return self.at
