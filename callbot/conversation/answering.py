"""From a turn of the callee to a prepared answer: read, decide, journal, word, and make the first sound."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from callbot.clock import Clock
from callbot.conversation.act import Act, State, Utterance
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.floor_events import TakeTurn, Words
from callbot.conversation.guard import Sheet
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.prompt_use import PromptUse, answered
from callbot.conversation.reading import Context, Reader, Reading
from callbot.conversation.record import Record
from callbot.conversation.result import CallLog, Turn, TurnLatency
from callbot.conversation.speaking import Speaking, Spoken
from callbot.conversation.transfer import Need
from callbot.conversation.writing import Moment, Writer

_FELT = frozenset({Emotion.ANGRY, Emotion.SAD_WORRIED})


@dataclass(slots=True, eq=False)
class Answer:
    """One answer, prepared while nothing of it is said yet."""

    turn: TakeTurn
    before: State
    bot_said: str
    unsaid: tuple[Utterance, ...]
    reading: Reading | None = None
    need: Need | None = None
    state: State | None = None
    act: Act | None = None
    speeches: tuple[Spoken, ...] = ()
    committed: bool = False
    written: Turn | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class AnswerReady:
    """It can be said."""

    answer: Answer


@dataclass(frozen=True, slots=True, eq=False)
class AnswerLate:
    """It takes so long that the callee should hear something."""

    answer: Answer


@dataclass(slots=True, eq=False)
class Answering:
    """Makes answers. Every helper has a deadline and a way on without it."""

    plan: CallPlan
    dialogue: Dialogue
    reader: Reader
    writer: Writer
    speaking: Speaking
    record: Record
    log: CallLog
    clock: Clock
    options: SessionOptions

    async def make(self, answer: Answer, now_ms: int) -> None:
        """Fill `answer`. Notes are committed before a word of the answer is made; only they outlive a
        cancellation."""
        loop = asyncio.get_running_loop()
        turn, started = answer.turn, loop.time()
        reading = await self.read(turn.text, self.context(answer), at_ms=turn.end_ms)
        read = loop.time()
        self.account(reading.prompts, turn.end_ms)
        answer.reading = reading
        answer.need = self.record.need(reading, turn.text, bot_said=answer.bot_said, asks=answer.before.asks)
        state, act = self.dialogue.respond(
            answer.before,
            reading,
            self.clock.now(),
            need=answer.need.reason if answer.need else None,
            unsaid=answer.unsaid,
        )
        for draft in act.drafts:
            await self.record.note(draft, turn.text, turn.end_ms)
        written = loop.time()
        transition = await self.transition(act, reading)
        worded = loop.time()
        words = self.speaking.guarded((*transition, *act.utterances), self.sheet(state))
        speeches = tuple(self.speaking.prepare(item) for item in words)
        if speeches:
            await self.speaking.begin(speeches[0])
            speeches[0].latency = TurnLatency(
                turn_end=max(0, min(turn.due_ms, now_ms) - turn.end_ms),
                recogniser=max(0, now_ms - turn.due_ms),
                reader=round((read - started) * 1000),
                writer=round((worded - written) * 1000),
                voice=round((loop.time() - worded) * 1000),
            )
        answer.state, answer.act, answer.speeches = state, act, speeches

    def settle(self, answer: Answer) -> None:
        """From here on the turn counts."""
        if answer.reading is None:
            return
        answer.committed = True
        reading, turn = answer.reading, answer.turn
        self.record.hear(turn.text, reading, bot_said=answer.bot_said, asks=answer.before.asks)
        answer.written = Turn(
            speaker="callee",
            text=turn.text,
            heard=turn.text,
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            intent=reading.intent,
            emotion=reading.emotion,
            confidence=reading.confidence,
            slots=dict(reading.slots),
            step=answer.before.step,
            prompts=answered(reading.prompts),
        )
        self.record.turns.append(answer.written)

    def unsettle(self, answer: Answer) -> None:
        """The callee went on: this turn was only the beginning of one."""
        self.record.said.pop()
        self.record.turns = [turn for turn in self.record.turns if turn is not answer.written]

    async def hear_out(self, left: tuple[Words, ...], state: State, bot_said: str) -> None:
        """Words of a callee who is gone: understood and journalled, answered no more."""
        text = "，".join(words.text for words in left)
        end_ms = left[-1].end_ms
        turn = TakeTurn(text=text, start_ms=left[0].start_ms, end_ms=end_ms, due_ms=end_ms, segments=left)
        answer = Answer(turn=turn, before=state, bot_said=bot_said, unsaid=())
        answer.reading = await self.read(text, self.context(answer), at_ms=end_ms)
        self.account(answer.reading.prompts, end_ms)
        for draft in self.dialogue.must_keep(answer.reading):
            await self.record.note(draft, text, end_ms)
        self.settle(answer)

    def context(self, answer: Answer) -> Context:
        state = answer.before
        return Context(
            bot_said=answer.bot_said,
            step=state.awaiting or state.step,
            asks="transfer" if state.holding else state.asks,
            choices=state.choices,
        )

    async def read(self, text: str, context: Context, *, at_ms: int) -> Reading:
        """A reading, an unclear one when there is nothing to read or the reader fails."""
        reading = unclear(text)
        if not text:
            return reading
        try:
            async with asyncio.timeout(self.options.reader_s):
                reading = await self.reader.read(text, context)
        except Exception as error:
            self.log.event("reader-failed", at_ms, error=repr(error))
        self.log.event(
            "reading",
            at_ms,
            intent=reading.intent.value,
            confidence=round(reading.confidence, 3),
            emotion=reading.emotion.value,
            others=[intent.value for intent in reading.others],
            slots=dict(reading.slots),
            because=list(reading.because),
        )
        return reading

    async def transition(self, act: Act, reading: Reading) -> Sequence[Utterance]:
        """A few words of sympathy where somebody is upset and the act has none of its own."""
        if reading.emotion not in _FELT or act.transfer or act.hang_up or not act.utterances:
            return ()
        if any(words.final for words in act.utterances):
            return ()
        moment = Moment(
            act=act.name, heard=reading.text, intent=reading.intent.value, emotion=reading.emotion.value
        )
        try:
            async with asyncio.timeout(self.options.writer_s):
                written = await self.writer.transition(moment)
        except Exception as error:
            self.log.event("writer-failed", self.speaking.now_ms(), error=repr(error))
            return ()
        self.account(written.prompts, self.speaking.now_ms())
        if not (text := written.text.strip()):
            return ()
        own = answered(written.prompts)
        return (replace(act.utterances[0], text=text, plain="", asks="", offers=(), promise="", prompts=own),)

    def account(self, uses: Sequence[PromptUse], at_ms: int) -> None:
        """Requests to models were made: they are paid for whatever becomes of the answer."""
        self.record.prompts.extend(uses)
        for use in uses:
            self.log.event(
                "llm",
                at_ms,
                prompt=use.prompt,
                version=use.version,
                server=use.server,
                model=use.model,
                failed=use.failed,
                ms=use.ms,
            )

    def sheet(self, state: State) -> Sheet:
        """All that may be said as a fact right now."""
        now: datetime = self.clock.now()
        person = self.plan.person
        return Sheet(
            offers=self.plan.offers,
            facts=(*person.facts, *self.plan.opener.cites, person.brand, person.salutation),
            slots=state.slots,
            today=now.astimezone(self.plan.zone).date(),
        )


def unclear(text: str) -> Reading:
    """Nobody knows what was meant."""
    return Reading(text=text, intent=Intent.SILENCE_FILLER_UNCLEAR, confidence=0.0)
