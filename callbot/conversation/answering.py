"""From a turn of the callee to a prepared answer: read, decide, journal, word, and make the first sound."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from callbot.clock import Clock
from callbot.conversation.act import Act, State, Utterance
from callbot.conversation.clarifying import NAMES as NOT_UNDERSTOOD
from callbot.conversation.clarifying import as_taken
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.floor_events import TakeTurn, Words
from callbot.conversation.guard import Sheet
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.lookup import Found, Lookup, PieceLookup
from callbot.conversation.patterns import as_question
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.prompt_use import PromptUse, answered
from callbot.conversation.reading import Context, Reader, Reading
from callbot.conversation.record import Record
from callbot.conversation.result import CallLog, GuardBlock, Turn, TurnLatency
from callbot.conversation.short_answers import calm, in_terms
from callbot.conversation.speaking import Speaking, Spoken
from callbot.conversation.telling import in_view
from callbot.conversation.transfer import Need
from callbot.conversation.writing import Moment, Writer

_WITHOUT_SYMPATHY = NOT_UNDERSTOOD | {"wait_for_you", "corrected"}
"""Sympathy with what was not understood, or before somebody has spoken, is none."""
_ITS_OWN = re.compile(r"对不起|抱歉|对不住|不好意思|别着急|别担心|慢慢说|急不来|您的顾虑|您小心|添麻烦|不方便")
"""Words of the bot that are sympathy already."""
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
    said_before: int = 0
    """Turns of the callee that were counted when it was begun."""
    confirmed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    """The callee is done: from here on it may have effects."""
    confirmed_ms: int = 0
    confirmed_s: float = 0.0
    task: asyncio.Task[None] | None = field(default=None, repr=False)
    late: asyncio.TimerHandle | None = field(default=None, repr=False)

    def confirm(self, now_ms: int) -> None:
        """The turn counts since `now_ms` on the media clock."""
        self.confirmed_ms = now_ms
        self.confirmed_s = asyncio.get_running_loop().time()
        self.confirmed.set()

    def fits(self, fresh: Answer) -> bool:
        """Whether it was prepared for the same words at the same point of the conversation."""
        return (
            self.turn.segments == fresh.turn.segments
            and self.before is fresh.before
            and self.bot_said == fresh.bot_said
            and self.unsaid == fresh.unsaid
            and self.said_before == fresh.said_before
        )


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
    lookup: Lookup = field(default_factory=PieceLookup)

    async def make(self, answer: Answer) -> None:
        """Fill `answer`. It is understood and worded at once; its notes are committed as soon as the turn is
        confirmed and before the answer is ready, and only they outlive a cancellation."""
        turn, clock = answer.turn, asyncio.get_running_loop().time
        started = clock()
        reading, found = await self.looked_up(await self._understand(answer), answer.before)
        read = clock()
        answer.reading = reading
        answer.need = self.record.need(reading, turn.text, bot_said=answer.bot_said, asks=answer.before.asks)
        state, act = self.dialogue.respond(
            answer.before,
            reading,
            self.clock.now(),
            known=found,
            need=answer.need.reason if answer.need else None,
            unsaid=answer.unsaid,
        )
        wording = asyncio.create_task(self._word(answer, reading, act, state))
        try:
            await answer.confirmed.wait()
            self._log_reading(reading, turn.end_ms)
            for draft in act.drafts:
                await self.record.note(draft, turn.text, turn.end_ms)
            worded, voiced, blocks = await wording
        finally:
            wording.cancel()
        self.speaking.blocked(blocks)

        def waited_ms(begun: float, done: float) -> int:
            return round(max(0.0, done - max(begun, answer.confirmed_s)) * 1000)

        if answer.speeches:
            answer.speeches[0].latency = TurnLatency(
                turn_end=max(0, min(turn.due_ms, answer.confirmed_ms) - turn.end_ms),
                recogniser=max(0, answer.confirmed_ms - turn.due_ms),
                reader=waited_ms(started, read),
                writer=waited_ms(read, worded),
                voice=waited_ms(worded, voiced),
            )
        answer.state, answer.act = state, act

    async def _word(
        self, answer: Answer, reading: Reading, act: Act, state: State
    ) -> tuple[float, float, tuple[GuardBlock, ...]]:
        """Words and first sound; when each of them was there, on the loop's clock, and what the guard
        stopped."""
        clock = asyncio.get_running_loop().time
        transition = await self.transition(act, reading)
        worded = clock()
        words, blocks = self.speaking.sift((*transition, *act.utterances), self.sheet(state))
        answer.speeches = tuple(self.speaking.prepare(item) for item in words)
        if answer.speeches:
            await self.speaking.begin(answer.speeches[0])
        return worded, clock(), blocks

    def apologise(self, answer: Answer, reading: Reading) -> None:
        """Nothing came of it: say so and ask again."""
        answer.reading = answer.reading or reading
        answer.state, answer.act = self.dialogue.clarifying.stalled(answer.before)
        answer.speeches = tuple(map(self.speaking.prepare, answer.act.utterances))

    async def forget(self, answer: Answer) -> None:
        """It will not be said: let go of the sound that was made for it."""
        if answer.task is not None:
            await asyncio.wait([answer.task])
        await self.speaking.drop(answer.speeches)

    def settle(self, answer: Answer) -> None:
        """From here on the turn counts."""
        if answer.reading is None:
            return
        answer.committed = True
        reading, turn = answer.reading, answer.turn
        taken = as_taken(reading, answer.act) if answer.act is not None else reading
        self.record.hear(turn.text, taken, bot_said=answer.bot_said, asks=answer.before.asks)
        if answer.act is not None and answer.act.heard_out:
            self.record.dealt_with = len(self.record.said)
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
        self.record.dealt_with = min(self.record.dealt_with, len(self.record.said))
        self.record.turns = [turn for turn in self.record.turns if turn is not answer.written]

    async def hear_out(self, left: tuple[Words, ...], state: State, bot_said: str) -> None:
        """Words of a callee who is gone: understood and journalled, answered no more."""
        text = "，".join(words.text for words in left)
        end_ms = left[-1].end_ms
        turn = TakeTurn(text=text, start_ms=left[0].start_ms, end_ms=end_ms, due_ms=end_ms, segments=left)
        answer = Answer(turn=turn, before=state, bot_said=bot_said, unsaid=())
        answer.reading = await self.read(text, self.context(answer), at_ms=end_ms)
        self._log_reading(answer.reading, end_ms)
        self.account(answer.reading.prompts, end_ms)
        for draft in self.dialogue.must_keep(answer.reading):
            await self.record.note(draft, text, end_ms)
        self.settle(answer)

    def context(self, answer: Answer) -> Context:
        return standing(answer.before, answer.bot_said)

    async def _understand(self, answer: Answer) -> Reading:
        """A key means what the flow says, words what the reader says."""
        turn = answer.turn
        digit = turn.segments[-1].digit if turn.segments else ""
        meant = self.dialogue.key(answer.before, digit) if digit else None
        if meant is not None:
            return Reading(text=turn.text, intent=meant, confidence=1.0, because=(turn.text,))
        reading = await self.read(turn.text, self.context(answer), at_ms=turn.end_ms)
        self.account(reading.prompts, turn.end_ms)
        return reading

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
        return reading

    async def looked_up(self, reading: Reading, state: State) -> tuple[Reading, Found | None]:
        """The reading in the terms of the open question, with what the knowledge base says to it: what has an
        answer there is a question."""
        if not (state.holding or state.closed):
            reading = in_terms(reading, state.awaiting or state.asks, state.choices)
        reading = calm(reading)
        found = await self._known(reading)
        return (as_question(reading), found) if found is not None else (reading, None)

    async def _known(self, reading: Reading) -> Found | None:
        """Nothing when it is not asked or does not answer in time."""
        if not self.plan.flow.knowledge or not self.dialogue.asks(reading):
            return None
        try:
            async with asyncio.timeout(self.options.reader_s):
                return await self.lookup.find(self.plan.flow, reading.text)
        except Exception as error:
            self.log.event("lookup-failed", self.speaking.now_ms(), error=repr(error))
            return None

    def _log_reading(self, reading: Reading, at_ms: int) -> None:
        if not reading.text:
            return
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

    async def transition(self, act: Act, reading: Reading) -> Sequence[Utterance]:
        """A few words of sympathy where somebody is upset and the act has none of its own."""
        if reading.emotion not in _FELT or act.transfer or act.hang_up or not act.utterances:
            return ()
        if any(words.final for words in act.utterances) or act.name in _WITHOUT_SYMPATHY:
            return ()
        if _ITS_OWN.search(act.utterances[0].text):
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
            facts=(
                *person.facts,
                *self.plan.opener.cites,
                person.brand,
                person.salutation,
                *self.dialogue.digression.vouched(state),
            ),
            slots=state.slots,
            today=now.astimezone(self.plan.zone).date(),
        )


def standing(state: State, bot_said: str) -> Context:
    """Where the conversation stands for the reader of the next words."""
    return Context(
        bot_said=in_view(state, bot_said),
        step=state.awaiting or state.step,
        asks="transfer" if state.holding else state.asks,
        choices=state.choices,
    )


def unclear(text: str) -> Reading:
    """Nobody knows what was meant."""
    return Reading(text=text, intent=Intent.SILENCE_FILLER_UNCLEAR, confidence=0.0)
