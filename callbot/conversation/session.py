"""One call from the first word to its one result: line events in, floor decisions carried out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeAlias, assert_never

from asr_tts.recogniser import Recognizer
from asr_tts.voice import Voice
from callbot.clock import Clock
from callbot.conversation import floor_events as on
from callbot.conversation.act import Act, State, Utterance
from callbot.conversation.answering import Answer, AnswerLate, AnswerReady
from callbot.conversation.appointment import default_callback
from callbot.conversation.briefing import BriefWriter, NoBriefWriter
from callbot.conversation.handing_over import (
    BridgeEnded,
    DeskAnswered,
    DeskMessage,
    Dismissed,
    HandingOver,
    TakenOver,
)
from callbot.conversation.inbox import Inbox
from callbot.conversation.labels import Intent
from callbot.conversation.last_words import LastWords
from callbot.conversation.line import Dtmf, HungUp, Line, LineEvent, Played, SpeechEnded, SpeechStarted
from callbot.conversation.lookup import Lookup, PieceLookup
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.reading import Reader
from callbot.conversation.replying import Replying
from callbot.conversation.result import CallLog, CallResult, Journal
from callbot.conversation.session_parts import Ports, put_together
from callbot.conversation.speaking import GuardCheck, Spoken
from callbot.conversation.writing import Writer
from handoff.desk import Desk
from handoff.telephone import Telephone

_Message: TypeAlias = LineEvent | on.Words | on.Sounding | AnswerReady | AnswerLate | DeskMessage


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
        briefs: BriefWriter | None = None,
        lookup: Lookup | None = None,
        telephone: Telephone | None = None,
    ) -> None:
        self.plan = plan
        self.line = line
        self.desk = desk
        self.log = log
        self.clock = clock
        self.options = options or SessionOptions()
        self._inbox: Inbox[_Message] = Inbox()
        parts = put_together(
            plan,
            Ports(
                line=line,
                recognizer=recognizer,
                reader=reader,
                writer=writer,
                voice=voice,
                fallback_voice=fallback_voice,
                journal=journal,
                log=log,
                clock=clock,
                lookup=lookup or PieceLookup(),
            ),
            self.options,
            check=check,
            on_sound=lambda speech_id: self._inbox.post(on.Sounding(speech_id=speech_id)),
            start=self.start,
        )
        self.floor, self.dialogue, self.record = parts.floor, parts.dialogue, parts.record
        self.hearing, self.speaking = parts.hearing, parts.speaking
        self.performing, self.answering = parts.performing, parts.answering
        self.replying = Replying(
            self,
            answering=self.answering,
            log=log,
            now_ms=lambda: line.now_ms,
            filler_s=self.options.filler_s,
        )
        self.handing = HandingOver(
            self,
            plan=plan,
            line=line,
            desk=desk,
            dialogue=self.dialogue,
            record=self.record,
            log=log,
            options=self.options,
            recognizer=self.hearing.recognizer,
            briefs=briefs or NoBriefWriter(),
            telephone=telephone,
        )
        self._last_words = LastWords(line=line, inbox=self._inbox, parts=parts, replying=self.replying)
        self._tasks: asyncio.TaskGroup | None = None
        self.state = State()
        self._recognising: set[asyncio.Task[None]] = set()
        self._end: HungUp | None = None
        self._crashed = ""
        self._reason = ""

    async def run(self) -> CallResult:
        """Hold the conversation. Cancelling hangs up and is passed on; nothing else is raised."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                pump = tasks.create_task(self._inbox.pump(self.line, self.log))
                try:
                    await self._talk()
                    await self._close()
                finally:
                    pump.cancel()
                    for task in self._recognising:
                        task.cancel()
                    self.replying.abort()
                    self.handing.abort()
        except* Exception as group:
            self._crashed = repr(group.exceptions[0])
            self.log.event("session-failed", self.line.now_ms, error=self._crashed)
        finally:
            with contextlib.suppress(Exception):
                await asyncio.shield(self.line.hang_up())
        return self._result()

    # The loop

    async def _talk(self) -> None:
        self.log.event("answered", self.line.now_ms, flow=self.plan.flow.name)
        state, act = self.dialogue.open()
        await self.tell_floor(on.Answered())
        self.state = state
        await self.say(act)
        while self._end is None:
            message = await self._next()
            if message is None:
                await self.tell_floor(on.Tick())
            else:
                await self._take(message)

    async def _next(self) -> _Message | None:
        """The next message, None when it is time for the floor or a waiting human."""
        due = [] if self.handing.due is None else [self.handing.due]
        if self.floor.wake_at_ms is not None:
            due.append(self._inbox.in_ms(self.floor.wake_at_ms - self.line.now_ms))
        message = await self._inbox.next(min(due, default=None))
        if message is None:
            await self.handing.look()
        return message

    async def _take(self, message: _Message) -> None:
        match message:
            case SpeechStarted():
                self.log.event("speech-started", message.at_ms)
                await self.tell_floor(on.CalleeStarted(at_ms=message.at_ms))
            case SpeechEnded():
                await self._speech_ended(message)
            case on.Words():
                self.log.event(
                    "heard",
                    self.line.now_ms,
                    text=message.text,
                    start_ms=message.start_ms,
                    end_ms=message.end_ms,
                    confidence=round(message.confidence, 3),
                    failed=message.failed,
                )
                await self.tell_floor(message)
            case on.Sounding():
                await self.tell_floor(message)
            case Played():
                await self._played(message)
            case Dtmf():
                await self._pressed(message)
            case HungUp():
                self._end = message
                self.log.event("hung-up", message.at_ms, by=message.by, reason=message.reason)
                await self.tell_floor(on.LineGone())
            case AnswerReady():
                await self._ready(message.answer)
            case AnswerLate():
                if message.answer is self.replying.answer and not message.answer.committed:
                    line = self.plan.flow.line("filler")
                    await self._say_words((Utterance(text=line.variants[0], act="filler"),))
            case DeskAnswered():
                await self.handing.desk_answered(message)
            case BridgeEnded():
                await self.handing.bridge_ended(message)
            case TakenOver():
                await self.handing.take_over(message.supervisor)
            case Dismissed():
                await self._dismissed()
            case _:
                assert_never(message)

    async def tell_floor(self, event: on.FloorEvent) -> None:
        """Tell the floor, and do what it decides."""
        for action in self.floor.handle(event, self.line.now_ms):
            match action:
                case on.Play():
                    self.performing.play(action.speech_id)
                case on.Pause():
                    self.log.event("pause", self.line.now_ms)
                    self.line.pause()
                case on.Resume():
                    self.log.event("resume", self.line.now_ms)
                    self.line.resume()
                case on.Yield():
                    self.log.event("yield", self.line.now_ms)
                    self.line.stop()
                case on.Prepare():
                    self.replying.prepare(action.turn)
                case on.Discard():
                    self.replying.discard()
                case on.TakeTurn():
                    self.replying.take(action)
                case on.Withdraw():
                    self._withdraw()
                case on.Echo():
                    self.log.event("echo", self.line.now_ms, text=action.words.text)
                case on.Aside():
                    self.record.aside(action.words)
                case on.Prompt():
                    await self._prompt(action)
                case on.HangUp():
                    await self._hang_up(action.reason)
                case _:
                    assert_never(action)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._tasks is None:
            raise RuntimeError("the session is not running")
        return self._tasks.create_task(work)

    def post(self, message: DeskMessage | AnswerReady | AnswerLate) -> None:
        self._inbox.post(message)

    @property
    def over(self) -> bool:
        """The line is gone."""
        return self._end is not None

    @property
    def silent(self) -> bool:
        """All that was to be said has been played."""
        return self.performing.silent

    # Hearing

    async def _speech_ended(self, event: SpeechEnded) -> None:
        self.log.event("speech-ended", event.end_ms, start_ms=event.start_ms)
        ended = on.CalleeEnded(start_ms=event.start_ms, end_ms=event.end_ms)

        async def recognise() -> None:
            self._inbox.post(await self.hearing.words(event))

        task = self.start(recognise())
        self._recognising.add(task)
        task.add_done_callback(self._recognising.discard)
        await self.tell_floor(ended)

    async def _pressed(self, key: Dtmf) -> None:
        """A key that means something here is a whole answer; any other is only written down."""
        self.log.event("dtmf", key.at_ms, digit=key.digit)
        if self.dialogue.key(self.state, key.digit) is not None:
            at_ms = self.line.now_ms
            text = f"按键{key.digit}"
            await self.tell_floor(on.Words(text=text, start_ms=at_ms, end_ms=at_ms, digit=key.digit))

    # Answering

    def new_answer(self, turn: on.TakeTurn) -> Answer:
        """An empty answer to `turn` as the conversation stands now."""
        return Answer(
            turn=turn,
            before=self.state,
            bot_said=self.performing.bot_said,
            unsaid=self.performing.unsaid,
            said_before=len(self.record.said),
        )

    async def _ready(self, answer: Answer) -> None:
        """The answer is made: from here on it counts, unless the callee goes on before its first sound."""
        if answer.act is None or answer.state is None or answer.reading is None:
            return
        if answer is not self.replying.answer:
            await self._ready_too_late(answer)
            return
        reading, act = answer.reading, answer.act
        self.answering.settle(answer)
        self.state = answer.state
        self.log.event("act", self.line.now_ms, act=act.name, step=answer.state.step)
        if act.cancel_transfer:
            await self.handing.cancel()
        if act.transfer is not None:
            await self.handing.begin(act.transfer, len(self.record.said) - 1)
        if act.hang_up:
            await self._hang_up("no-human" if reading.intent is Intent.ANNOUNCEMENT else "flow")
            return
        await self._say_speeches(answer.speeches)

    async def _ready_too_late(self, answer: Answer) -> None:
        """The bot has gone on meanwhile: the words count all the same, and a do-not-call is obeyed."""
        if answer not in self.replying.orphans:
            return
        self.replying.orphans.remove(answer)
        self.answering.settle(answer)
        if answer.state is not None and answer.reading and answer.reading.intent is Intent.DO_NOT_CALL:
            self.state = answer.state
            await self._say_speeches(answer.speeches)

    def _withdraw(self) -> None:
        """The callee went on: the answer is forgotten with everything but its notes."""
        self.log.event("withdraw", self.line.now_ms)
        answer = self.replying.withdraw()
        if answer is None or not answer.committed:
            return
        self.state = answer.before
        self.answering.unsettle(answer)
        if answer.act is not None and answer.act.transfer is not None:
            self.handing.withdraw()

    def drop_answer(self) -> None:
        """Answer no more what is being answered; its words are still read and journalled."""
        self.replying.drop()

    # Speaking

    async def say(self, act: Act) -> None:
        await self._say_words(act.utterances)

    async def _say_words(self, words: tuple[Utterance, ...], *, instead: bool = False) -> None:
        allowed = self.speaking.guarded(words, self.answering.sheet(self.state))
        await self._say_speeches(tuple(map(self.speaking.prepare, allowed)), instead=instead)

    async def _say_speeches(self, speeches: tuple[Spoken, ...], *, instead: bool = False) -> None:
        if speeches:
            self.performing.act = speeches
        await self.tell_floor(on.Say(speeches=tuple(spoken.speech for spoken in speeches), instead=instead))

    async def _played(self, event: Played) -> None:
        spoken = await self.performing.played(event)
        if spoken is None:
            return
        if spoken.failed:
            await self._mute(spoken)
        await self.tell_floor(on.SpeechDone(speech_id=spoken.id, finished=spoken.finished or spoken.failed))
        await self.handing.look()

    async def _mute(self, spoken: Spoken) -> None:
        """The voice failed: one apology, which may be cached, then the end. A callee never hears nothing."""
        if spoken.utterance.final or self.performing.hopeless:
            await self._hang_up("voice-failed")
            return
        self.state, act = self.dialogue.technical_end(self.state)
        self.drop_answer()
        await self._say_words(act.utterances, instead=True)

    async def _prompt(self, prompt: on.Prompt) -> None:
        self.log.event("prompt", self.line.now_ms, why=prompt.why, level=prompt.level)
        match prompt.why:
            case "silence":
                self.state, act = self.dialogue.silence(self.state, prompt.level)
            case "stalled":
                self.drop_answer()
                self.state, act = self.dialogue.clarifying.stalled(self.state)
            case "hold":
                self.state, act = self.dialogue.holding.still_fetching(self.state)
            case _:
                assert_never(prompt.why)
        await self.say(act)

    # The end

    async def _hang_up(self, reason: str) -> None:
        """End the call; the line confirms with `HungUp`, and is taken to be gone if it does not."""
        self.log.event("hang-up", self.line.now_ms, reason=reason)
        self._reason = reason
        await self.line.hang_up()
        gone = HungUp(by="bot", at_ms=self.line.now_ms, reason="unconfirmed")
        asyncio.get_running_loop().call_later(self.options.closing_s, self._inbox.post, gone)

    async def _dismissed(self) -> None:
        """A supervisor ends the call: an apology where the bot talks, at once where a human does."""
        self._reason = "supervisor"
        if self.handing.with_human or self.state.closed:
            await self._hang_up("supervisor")
            return
        await self.handing.cancel()
        self.drop_answer()
        self.state, act = self.dialogue.technical_end(self.state)
        await self._say_words(act.utterances, instead=True)

    async def _close(self) -> None:
        """The line is gone: hear the last words, end the transfer, collect the agent's form."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.closing_s):
                self.state = await self._last_words.hear(self.state, self._recognising)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.closing_s):
                await self.handing.finish(lambda: self._inbox.next(None))
        await self.speaking.drop_unsaid()
        await self.handing.written_up(self.options.agent_transcript_s)

    def _result(self) -> CallResult:
        end = self._end or HungUp(by="bot", at_ms=self.line.now_ms, reason="session-failed")
        broken = bool(self._crashed) or self._reason == "voice-failed"
        lost = broken or (end.by == "carrier" and not self.state.closed)
        if end.by == "bot" and self._reason:
            end = HungUp(by="bot", at_ms=end.at_ms, reason=self._reason)
        now = self.clock.now()
        decision = self.record.decision(self.state, end, lost=lost)
        spoken = decision.callback_spoken
        result = self.record.result(
            self.state,
            end,
            lost=lost,
            callback_default=default_callback(now, self.plan),
            parsed=self.dialogue.parse_time(spoken, now) if spoken else None,
        )
        self.log.event("outcome", end.at_ms, outcome=result.outcome.value)
        return result
