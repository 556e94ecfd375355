"""One call from the first word to its one result: line events in, floor decisions carried out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, assert_never

from asr_tts.recogniser import RecogniserFailed, Recognizer
from asr_tts.voice import Voice
from callbot.clock import Clock
from callbot.conversation import guard
from callbot.conversation.act import Act, Draft, State, Utterance
from callbot.conversation.answering import Answer, Answering, unclear
from callbot.conversation.bridge_notes import BridgeTap, transcribed
from callbot.conversation.dialogue import Dialogue, default_callback
from callbot.conversation.floor import Floor
from callbot.conversation.floor_events import (
    Answered,
    Aside,
    CalleeEnded,
    CalleeStarted,
    FloorEvent,
    HandedOver,
    HangUp,
    Hold,
    LineGone,
    Pause,
    Play,
    Prompt,
    Resume,
    Say,
    SpeechDone,
    TakeTurn,
    Tick,
    Withdraw,
    Words,
    Yield,
)
from callbot.conversation.hearing import Hearing
from callbot.conversation.labels import Intent, TransferReason
from callbot.conversation.line import Dtmf, HungUp, Line, LineEvent, Played, SpeechEnded, SpeechStarted
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.reading import Reader
from callbot.conversation.record import Record
from callbot.conversation.result import CallLog, CallResult, Journal, JournalKind, Turn
from callbot.conversation.speaking import GuardCheck, Speaking, Spoken
from callbot.conversation.transferring import Transfer, brief
from callbot.conversation.understand import spoken_time
from callbot.conversation.writing import Writer
from handoff.bridge import Bridged
from handoff.desk import Desk, NotPlaced, Placed

_SHORTEST_WAIT_S = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    answer: Answer


@dataclass(frozen=True, slots=True, eq=False)
class _Late:
    answer: Answer


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    transfer: Transfer
    placed: Placed | NotPlaced


@dataclass(frozen=True, slots=True, eq=False)
class _Bridge:
    transfer: Transfer
    bridged: Bridged


_Message: TypeAlias = LineEvent | Words | _Ready | _Late | _Desk | _Bridge


class Session:
    """One call. `run` may be called once and always returns exactly one result.

    `line` is answered already. Times are the line's media clock; timers run on the event loop's clock.
    """

    def __init__(
        self,
        plan: CallPlan,
        *,
        line: Line,
        recognizer: Recognizer,
        reader: Reader,
        writer: Writer,
        voice: Voice,
        desk: Desk,
        journal: Journal,
        log: CallLog,
        clock: Clock,
        options: SessionOptions | None = None,
        fallback_voice: Voice | None = None,
        check: GuardCheck | None = None,
    ) -> None:
        self.plan = plan
        self.line = line
        self.desk = desk
        self.log = log
        self.clock = clock
        self.options = options or SessionOptions()
        ladder = tuple(rung.after_ms for rung in plan.flow.silence)
        self.floor = Floor(replace(self.options.floor, silence_ms=ladder))
        self.dialogue = Dialogue(
            plan, now=clock.now(), parse_time=lambda text, now: spoken_time.when(text, now, plan.zone)
        )
        self.record = Record(plan=plan, journal=journal, log=log)
        self.hearing = Hearing(
            recognizer=recognizer,
            hotwords=tuple(dict.fromkeys((*plan.flow.hotwords, plan.person.brand, plan.person.name))),
            log=log,
            limit_s=self.options.recogniser_s,
        )
        self.speaking = Speaking(
            voice=voice,
            fallback=fallback_voice,
            check=check or guard.check,
            log=log,
            now_ms=lambda: line.now_ms,
            voice_s=self.options.voice_s,
        )
        self.answering = Answering(
            plan=plan,
            dialogue=self.dialogue,
            reader=reader,
            writer=writer,
            speaking=self.speaking,
            record=self.record,
            log=log,
            clock=clock,
            options=self.options,
        )
        self._inbox: asyncio.Queue[_Message] = asyncio.Queue()
        self._tasks: asyncio.TaskGroup | None = None
        self._state = State()
        self._answer: Answer | None = None
        self._act: tuple[Spoken, ...] = ()
        self._recognising: set[asyncio.Task[None]] = set()
        self._transfer: Transfer | None = None
        self._waiting_agent: _Desk | None = None
        self._agent_due = 0.0
        self._tap: BridgeTap | None = None
        self._mute_failures = 0
        self._end: HungUp | None = None
        self._crashed = ""
        self._reason = ""
        self._wrapping: asyncio.Task[None] | None = None

    async def run(self) -> CallResult:
        """Hold the conversation. Cancelling hangs up and is passed on; nothing else is raised."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                pump = tasks.create_task(self._pump())
                try:
                    await self._talk()
                    await self._close()
                finally:
                    pump.cancel()
                    self._drop_answer()
                    for task in self._recognising:
                        task.cancel()
                    if self._transfer is not None and self._transfer.task is not None:
                        self._transfer.task.cancel()
        except* Exception as group:
            self._crashed = repr(group.exceptions[0])
            self.log.event("session-failed", self.line.now_ms, error=self._crashed)
        finally:
            with contextlib.suppress(Exception):
                await asyncio.shield(self.line.hang_up())
        return self._result()

    # The loop

    async def _pump(self) -> None:
        while True:
            try:
                event = await self.line.next_event()
            except Exception as error:
                self.log.event("line-failed", self.line.now_ms, error=repr(error))
                event = HungUp(by="carrier", at_ms=self.line.now_ms, reason="socket-lost")
            self._inbox.put_nowait(event)
            if isinstance(event, HungUp):
                return

    async def _talk(self) -> None:
        self.log.event("answered", self.line.now_ms, flow=self.plan.flow.name)
        state, act = self.dialogue.open()
        await self._floor(Answered())
        self._state = state
        await self._say(act)
        while self._end is None:
            message = await self._next()
            if message is None:
                await self._floor(Tick())
            else:
                await self._take(message)

    async def _next(self) -> _Message | None:
        """The next message, None when the floor or a waiting agent wants a look at the clock."""
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        loop = asyncio.get_running_loop()
        due: float | None = None
        if self.floor.wake_at_ms is not None:
            due = loop.time() + max(_SHORTEST_WAIT_S, (self.floor.wake_at_ms - self.line.now_ms) / 1000)
        if self._waiting_agent is not None:
            due = self._agent_due if due is None else min(due, self._agent_due)
        try:
            async with asyncio.timeout_at(due):
                return await self._inbox.get()
        except TimeoutError:
            if self._waiting_agent is not None and loop.time() >= self._agent_due:
                await self._hand_over(self._waiting_agent)
            return None

    async def _take(self, message: _Message) -> None:
        match message:
            case SpeechStarted():
                self.log.event("speech-started", message.at_ms)
                await self._floor(CalleeStarted(at_ms=message.at_ms))
            case SpeechEnded():
                await self._speech_ended(message)
            case Words():
                self.log.event(
                    "heard",
                    self.line.now_ms,
                    text=message.text,
                    start_ms=message.start_ms,
                    end_ms=message.end_ms,
                    confidence=round(message.confidence, 3),
                    failed=message.failed,
                )
                await self._floor(message)
            case Played():
                await self._played(message)
            case Dtmf():
                self.log.event("dtmf", message.at_ms, digit=message.digit)
            case HungUp():
                self._end = message
                self.log.event("hung-up", message.at_ms, by=message.by, reason=message.reason)
                await self._floor(LineGone())
            case _Ready():
                await self._ready(message.answer)
            case _Late():
                if message.answer is self._answer and not message.answer.committed:
                    line = self.plan.flow.line("filler")
                    await self._say_words((Utterance(text=line.variants[0], act="filler"),))
            case _Desk():
                await self._desk_answered(message)
            case _Bridge():
                await self._bridge_ended(message)
            case _:
                assert_never(message)

    async def _floor(self, event: FloorEvent) -> None:
        """Tell the floor, and do what it decides."""
        for action in self.floor.handle(event, self.line.now_ms):
            match action:
                case Play():
                    spoken = self.speaking.speeches[action.speech_id]
                    spoken.play_ms = self.line.now_ms
                    self.log.event("play", self.line.now_ms, speech=spoken.id, text=spoken.utterance.text)
                    self.line.play(spoken.id, self.speaking.audio(spoken))
                case Pause():
                    self.log.event("pause", self.line.now_ms)
                    self.line.pause()
                case Resume():
                    self.log.event("resume", self.line.now_ms)
                    self.line.resume()
                case Yield():
                    self.log.event("yield", self.line.now_ms)
                    self.line.stop()
                case TakeTurn():
                    self._take_turn(action)
                case Withdraw():
                    self._withdraw()
                case Aside():
                    self._aside(action.words)
                case Prompt():
                    await self._prompt(action)
                case HangUp():
                    await self._hang_up(action.reason)
                case _:
                    assert_never(action)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._tasks is None:
            raise RuntimeError("the session is not running")
        return self._tasks.create_task(work)

    # Hearing

    async def _speech_ended(self, event: SpeechEnded) -> None:
        self.log.event("speech-ended", event.end_ms, start_ms=event.start_ms)
        ended = CalleeEnded(start_ms=event.start_ms, end_ms=event.end_ms)

        async def recognise() -> None:
            self._inbox.put_nowait(await self.hearing.words(event))

        task = self._start(recognise())
        self._recognising.add(task)
        task.add_done_callback(self._recognising.discard)
        await self._floor(ended)

    def _aside(self, words: Words) -> None:
        self.record.turns.append(
            Turn(
                speaker="callee",
                text=words.text,
                heard=words.text,
                start_ms=words.start_ms,
                end_ms=words.end_ms,
                confidence=words.confidence,
                act="aside",
            )
        )

    # Answering

    def _take_turn(self, turn: TakeTurn) -> None:
        self._drop_answer()
        self.log.event("turn", self.line.now_ms, text=turn.text, start_ms=turn.start_ms, end_ms=turn.end_ms)
        unsaid: tuple[Utterance, ...] = ()
        for index, spoken in enumerate(self._act):
            if not spoken.finished:
                unsaid = tuple(item.utterance for item in self._act[index:])
                break
        answer = Answer(turn=turn, before=self._state, bot_said=self._bot_said(), unsaid=unsaid)
        self._answer = answer
        now_ms = self.line.now_ms

        async def make() -> None:
            late = asyncio.get_running_loop().call_later(
                self.options.filler_s, self._inbox.put_nowait, _Late(answer)
            )
            try:
                await self.answering.make(answer, now_ms)
            except Exception as error:
                self.log.event("answer-failed", self.line.now_ms, error=repr(error))
                answer.reading = answer.reading or unclear(turn.text)
                answer.state, answer.act = self.dialogue.stalled(answer.before)
                answer.speeches = tuple(map(self.speaking.prepare, answer.act.utterances))
            finally:
                late.cancel()
            self._inbox.put_nowait(_Ready(answer))

        answer.task = self._start(make())

    async def _ready(self, answer: Answer) -> None:
        """The answer is made: from here on it counts, unless the callee goes on before its first sound."""
        if answer is not self._answer or answer.act is None or answer.state is None or answer.reading is None:
            return
        answer.committed = True
        reading, turn, act = answer.reading, answer.turn, answer.act
        self.record.hear(turn.text, reading, bot_said=answer.bot_said, asks=answer.before.asks)
        self.record.turns.append(self._callee_turn(answer))
        self._state = answer.state
        self.log.event("act", self.line.now_ms, act=act.name, step=answer.state.step)
        if act.cancel_transfer:
            await self._cancel_transfer("callee_left")
        if act.transfer is not None:
            await self._begin_transfer(act.transfer, answer)
        if act.hang_up:
            await self._hang_up("no-human" if reading.intent is Intent.ANNOUNCEMENT else "flow")
            return
        await self._say_speeches(answer.speeches)

    def _callee_turn(self, answer: Answer) -> Turn:
        reading, turn = answer.reading, answer.turn
        return Turn(
            speaker="callee",
            text=turn.text,
            heard=turn.text,
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            intent=reading.intent if reading else None,
            emotion=reading.emotion if reading else None,
            confidence=reading.confidence if reading else None,
            slots=dict(reading.slots) if reading else {},
            step=answer.before.step,
        )

    def _withdraw(self) -> None:
        """The callee went on: the answer is forgotten with everything but its notes."""
        self.log.event("withdraw", self.line.now_ms)
        answer = self._answer
        self._drop_answer()
        if answer is None or not answer.committed:
            return
        self._state = answer.before
        self.record.said.pop()
        self.record.turns = [
            turn
            for turn in self.record.turns
            if turn.speaker != "callee"
            or (turn.start_ms, turn.end_ms) != (answer.turn.start_ms, answer.turn.end_ms)
        ]
        if answer.act is not None and answer.act.transfer is not None:
            transfer, self._transfer = self._transfer, None
            if transfer is not None and transfer.task is not None:
                transfer.task.cancel()

    def _drop_answer(self) -> None:
        if self._answer is not None and self._answer.task is not None:
            self._answer.task.cancel()
        self._answer = None

    # Speaking

    async def _say(self, act: Act) -> None:
        await self._say_words(act.utterances)

    async def _say_words(self, words: tuple[Utterance, ...]) -> None:
        allowed = self.speaking.guarded(words, self.answering.sheet(self._state))
        await self._say_speeches(tuple(self.speaking.prepare(item) for item in allowed))

    async def _say_speeches(self, speeches: tuple[Spoken, ...]) -> None:
        if speeches:
            self._act = speeches
        await self._floor(Say(speeches=tuple(spoken.speech for spoken in speeches)))

    async def _played(self, event: Played) -> None:
        closed = self.speaking.played(event)
        if closed is None:
            return
        spoken, turn = closed
        self.log.event(
            "played",
            event.end_ms,
            speech=spoken.id,
            heard=turn.heard,
            heard_ms=event.heard_ms,
            finished=spoken.finished,
        )
        if turn.heard or spoken.made_ms:
            self.record.turns.append(turn)
        words = spoken.utterance
        if words.promise and spoken.finished:
            data = {"what": words.promise, "offer": words.offers[0] if words.offers else ""}
            await self.record.note(Draft(kind=JournalKind.PROMISE, data=data), words.text, event.end_ms)
        if spoken.failed:
            await self._mute(spoken)
        else:
            self._mute_failures = 0
        await self._floor(SpeechDone(speech_id=spoken.id, finished=spoken.finished or spoken.failed))
        if self._waiting_agent is not None:
            await self._hand_over(self._waiting_agent)

    async def _mute(self, spoken: Spoken) -> None:
        """The voice failed: one apology, which may be cached, then the end. A callee never hears nothing."""
        self._mute_failures += 1
        if spoken.utterance.final or self._mute_failures > 1:
            await self._hang_up("voice-failed")
            return
        self._state, act = self.dialogue.technical_end(self._state)
        self._drop_answer()
        await self._say(act)

    async def _prompt(self, prompt: Prompt) -> None:
        self.log.event("prompt", self.line.now_ms, why=prompt.why, level=prompt.level)
        match prompt.why:
            case "silence":
                self._state, act = self.dialogue.silence(self._state, prompt.level)
            case "stalled":
                self._drop_answer()
                self._state, act = self.dialogue.stalled(self._state)
            case "hold":
                self._state, act = self.dialogue.hold(self._state, prompt.level)
            case _:
                assert_never(prompt.why)
        await self._say(act)

    # The human

    async def _begin_transfer(self, reason: TransferReason, answer: Answer) -> None:
        await self._cancel_transfer("callee_left")
        turn = len(self.record.said) - 1
        card = brief(
            self.plan,
            reason,
            self.record.turns,
            slots=dict(self._state.slots),
            promised=[note.words for note in self.record.notes if note.kind is JournalKind.PROMISE],
        )
        transfer = Transfer(plan=self.plan, desk=self.desk, log=self.log, reason=reason, turn=turn, brief=card)
        self.record.dealt_with = turn + 1
        self._transfer = transfer
        self.log.event("transfer-offered", self.line.now_ms, transfer=transfer.id, reason=reason.value)

        async def place() -> None:
            self._inbox.put_nowait(_Desk(transfer, await transfer.place()))

        transfer.task = self._start(place())
        await self._floor(Hold(on=True))

    async def _cancel_transfer(self, result: str) -> None:
        transfer, self._transfer = self._transfer, None
        self._waiting_agent = None
        if transfer is None:
            return
        if transfer.task is not None:
            transfer.task.cancel()
        self.record.transferred(transfer.result(result), transfer.reason, transfer.turn)
        self.log.event("transfer-ended", self.line.now_ms, transfer=transfer.id, result=result)
        await self._floor(Hold(on=False))

    async def _desk_answered(self, message: _Desk) -> None:
        transfer, placed = message.transfer, message.placed
        if transfer is not self._transfer:
            return
        if isinstance(placed, NotPlaced):
            self._transfer = None
            self.record.transferred(transfer.result(placed.result), transfer.reason, transfer.turn)
            self.log.event("transfer-ended", self.line.now_ms, transfer=transfer.id, result=placed.result)
            await self._come_back()
            return
        transfer.placed = placed
        self.log.event("transfer-accepted", self.line.now_ms, transfer=transfer.id, agent=placed.agent_id)
        self._waiting_agent = message
        self._agent_due = asyncio.get_running_loop().time() + self.options.agent_waits_s
        if all(spoken.heard is not None for spoken in self._act):
            await self._hand_over(message)

    async def _come_back(self) -> None:
        """Nobody took the callee: the bot has the floor again and says so."""
        self._drop_answer()
        await self._floor(Hold(on=False))
        self._state, act = self.dialogue.transfer_failed(self._state)
        await self._say(act)

    async def _hand_over(self, message: _Desk) -> None:
        """Fall silent and let the human talk."""
        transfer, placed = message.transfer, message.placed
        self._waiting_agent = None
        if not isinstance(placed, Placed) or self._end is not None:
            return
        self._drop_answer()
        for task in self._recognising:
            task.cancel()
        await self._floor(Hold(on=False))
        await self._floor(HandedOver(to_human=True))
        self._tap = BridgeTap(self.line.bridge(), start_ms=self.line.now_ms)
        self.log.event("bridged", self.line.now_ms, transfer=transfer.id, agent=placed.agent_id)
        tap = self._tap

        async def bridge() -> None:
            try:
                bridged = await self.desk.bridge(placed, tap)
            except Exception as error:
                bridged = Bridged(ended_by="failed", duration_ms=0, error=repr(error))
            self._inbox.put_nowait(_Bridge(transfer, bridged))

        transfer.task = self._start(bridge())

    async def _bridge_ended(self, message: _Bridge) -> None:
        transfer, bridged = message.transfer, message.bridged
        transfer.bridged_ms = bridged.duration_ms
        self._transfer = None
        placed = transfer.placed
        self.log.event(
            "unbridged", self.line.now_ms, by=bridged.ended_by, ms=bridged.duration_ms, error=bridged.error
        )
        if bridged.ended_by == "failed" or placed is None:
            self.record.transferred(transfer.result("bridge_failed"), transfer.reason, transfer.turn)
            self.line.unbridge()
            if self._end is None:
                await self._floor(HandedOver(to_human=False))
                await self._come_back()
            return
        self.line.unbridge()
        if self._end is None and bridged.ended_by == "agent":
            await self._floor(HandedOver(to_human=False))
            self._state, act = self.dialogue.agent_gone(self._state)
            await self._say(act)

        async def wrap() -> None:
            form = await transfer.wrap_up(placed, self.options.wrap_up_s)
            result = transfer.result("connected", wrap_up=form)
            self.record.transferred(result, transfer.reason, transfer.turn)
            self.log.event("wrap-up", self.line.now_ms, transfer=transfer.id, form=dict(result.wrap_up))

        self._wrapping = self._start(wrap())

    # The end

    async def _hang_up(self, reason: str) -> None:
        """End the call; the line confirms with `HungUp`, and is taken to be gone if it does not."""
        self.log.event("hang-up", self.line.now_ms, reason=reason)
        self._reason = reason
        await self.line.hang_up()
        gone = HungUp(by="bot", at_ms=self.line.now_ms, reason="unconfirmed")
        asyncio.get_running_loop().call_later(self.options.closing_s, self._inbox.put_nowait, gone)

    async def _close(self) -> None:
        """The line is gone: hear the last words, end the transfer, collect the agent's form."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.closing_s):
                await self._last_words()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.closing_s):
                await self._last_of_transfer()
        if self._wrapping is not None:
            await asyncio.wait([self._wrapping])
        if self._tap is not None:
            with contextlib.suppress(TimeoutError, RecogniserFailed):
                async with asyncio.timeout(self.options.agent_transcript_s):
                    await transcribed(self._tap, self.hearing.recognizer, self.record.turns)

    async def _last_words(self) -> None:
        """What was said while hanging up is heard and journalled like everything else."""
        if self._recognising:
            await asyncio.wait(self._recognising)
        self._drain()
        answer = self._answer
        if answer is not None and not answer.committed and answer.task is not None:
            await asyncio.wait([answer.task])
            if answer.reading is not None:
                answer.committed = True
                self.record.hear(
                    answer.turn.text, answer.reading, bot_said=answer.bot_said, asks=answer.before.asks
                )
                self.record.turns.append(self._callee_turn(answer))
                self._state = answer.state or self._state
        left = self.floor.leftover
        if not left:
            return
        text = "，".join(words.text for words in left)
        turn = TakeTurn(
            text=text,
            start_ms=left[0].start_ms,
            end_ms=left[-1].end_ms,
            due_ms=left[-1].end_ms,
            segments=left,
        )
        last = Answer(turn=turn, before=self._state, bot_said=self._bot_said(), unsaid=())
        reading = last.reading = await self.answering.read(
            text, self.answering.context(last), at_ms=turn.end_ms
        )
        for draft in self.dialogue.must_keep(reading):
            await self.record.note(draft, text, turn.end_ms)
        self.record.hear(text, reading, bot_said=last.bot_said, asks=last.before.asks)
        self.record.turns.append(self._callee_turn(last))

    def _drain(self) -> None:
        """Take what is in the inbox as far as it still says something."""
        waiting: list[_Message] = []
        while not self._inbox.empty():
            message = self._inbox.get_nowait()
            if isinstance(message, Words):
                self.floor.handle(message, self.line.now_ms)
            elif isinstance(message, Played):
                if closed := self.speaking.played(message):
                    self.record.turns.append(closed[1])
            else:
                waiting.append(message)
        for message in waiting:
            self._inbox.put_nowait(message)

    async def _last_of_transfer(self) -> None:
        transfer = self._transfer
        if transfer is None:
            return
        if transfer.placed is None or self._tap is None:
            await self._cancel_transfer("callee_left")
            return
        while self._transfer is not None:
            message = await self._inbox.get()
            if isinstance(message, _Bridge):
                await self._bridge_ended(message)

    def _bot_said(self) -> str:
        return "".join(spoken.heard or "" for spoken in self._act)

    def _result(self) -> CallResult:
        end = self._end or HungUp(by="bot", at_ms=self.line.now_ms, reason="session-failed")
        if self._transfer is not None:
            left = "callee_left" if self._tap is None else "connected"
            self.record.transferred(self._transfer.result(left), self._transfer.reason, self._transfer.turn)
        lost = not self._state.closed and (
            bool(self._crashed) or end.by == "carrier" or self._reason == "voice-failed"
        )
        if end.by == "bot" and self._reason:
            end = HungUp(by="bot", at_ms=end.at_ms, reason=self._reason)
        now = self.clock.now()
        decision = self.record.decision(end, lost=lost)
        spoken = decision.callback_spoken
        result = self.record.result(
            self._state,
            end,
            lost=lost,
            callback_default=default_callback(now, self.plan),
            parsed=self.dialogue.parse_time(spoken, now) if spoken else None,
        )
        self.log.event("outcome", end.at_ms, outcome=result.outcome.value)
        return result
