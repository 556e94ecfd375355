"""The floor machine: it alone decides who speaks. No I/O and no clock; `now_ms` is the media clock."""

from __future__ import annotations

import itertools
from collections import deque
from typing import assert_never

from callbot.conversation.echo import DEAD_MS, EchoGuard
from callbot.conversation.floor_events import (
    Answered,
    Aside,
    CalleeEnded,
    CalleeStarted,
    Discard,
    Echo,
    FloorAction,
    FloorEvent,
    FloorOptions,
    HandedOver,
    HangUp,
    Hold,
    LineGone,
    Pause,
    Play,
    Prepare,
    Prompt,
    Resume,
    Say,
    Sounding,
    Speech,
    SpeechDone,
    Tick,
    Withdraw,
    Words,
    Yield,
)
from callbot.conversation.floor_words import QUESTIONS, is_aside, takes_floor, turn_so_far
from callbot.conversation.pauses import Pauses
from callbot.conversation.turn_cues import is_farewell, is_hesitating


class Floor:
    """Who may speak. `handle` takes facts in and gives decisions out; `wake_at_ms` says when to tick.

    An event first changes what is known, then `_settle` decides from what is known alone, so that the
    order of events that arrive together does not matter.
    """

    def __init__(self, options: FloorOptions | None = None) -> None:
        self.options = options or FloorOptions()
        self._queue: deque[Speech] = deque()
        self._playing: Speech | None = None
        self._play_ms = 0
        self._sounding = False
        self._paused_ms: int | None = None
        self._yielded_ms: int | None = None
        self._asked = ""
        self._callee_since: int | None = None
        self._pending: list[CalleeEnded] = []
        self._segments: list[Words] = []
        self._prepared: tuple[Words, ...] = ()
        self._answering: tuple[Words, ...] = ()
        self._echo = EchoGuard()
        self._pauses = Pauses(self.options.end_of_turn_ms)
        self._turn_end_ms: int | None = None
        self._heard_ms = 0
        self._watchdogs = 0
        self._thinking_ms: int | None = None
        self._active_ms = 0
        self._level = 0
        self._holding = False
        self._human = False
        self._goodbye_ms: int | None = None
        self._goodbye_heard = False
        self._reopened = 0
        self._begun = False
        self._ended = False
        self._wake: int | None = None

    @property
    def wake_at_ms(self) -> int | None:
        """When the next `Tick` is due if nothing happens before, None for never."""
        return None if self._ended else self._wake

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def leftover(self) -> tuple[Words, ...]:
        """Words heard that never became a turn: what a callee said while hanging up."""
        return tuple(words for words in self._segments if words.text)

    def handle(self, event: FloorEvent, now_ms: int) -> tuple[FloorAction, ...]:
        """Take one event in; return what follows from it, in order."""
        if self._ended and not isinstance(event, Words):
            return ()
        actions: list[FloorAction] = []
        if self._somebody_is_heard:
            self._heard_ms = now_ms
        self._note(event, now_ms, actions)
        self._wake = None
        if self._begun and not self._ended and not self._human:
            while self._settle(now_ms, actions):
                pass
        if self._prepared and (self._prepared != tuple(self._segments) or self._callee_since is not None):
            self._prepared = ()
            actions.append(Discard())
        if self._wake is not None:
            self._wake = max(self._wake, now_ms + 1)
        return tuple(actions)

    # What is known

    def _note(self, event: FloorEvent, now_ms: int, actions: list[FloorAction]) -> None:
        match event:
            case Answered():
                self._begun = True
                self._active_ms = self._heard_ms = now_ms
                self._thinking_ms = now_ms
            case CalleeStarted():
                if self._callee_since is None:
                    self._callee_since = event.at_ms
            case CalleeEnded():
                self._callee_since = None
                self._pending.append(event)
                self._active_ms = max(self._active_ms, event.end_ms)
            case Words():
                self._note_words(event, actions)
            case Say():
                self._thinking_ms = None
                if event.instead:
                    self._queue.clear()
                self._queue.extend(event.speeches)
                if not event.speeches:
                    self._answering = ()
                    self._active_ms = now_ms
            case Sounding():
                if self._playing is not None and self._playing.id == event.speech_id and not self._sounding:
                    self._sounding = True
                    self._echo.began(self._playing.text, asks=bool(self._playing.asks), now_ms=now_ms)
            case SpeechDone():
                self._note_done(event, now_ms)
            case Hold():
                self._holding = event.on
                self._level = 0
                self._active_ms = now_ms
            case HandedOver():
                self._note_handed_over(event, now_ms, actions)
            case Tick():
                pass
            case LineGone():
                self._ended = True
                self._queue.clear()
            case _:
                assert_never(event)

    def _note_words(self, words: Words, actions: list[FloorAction]) -> None:
        self._pending = [
            ended for ended in self._pending if (ended.start_ms, ended.end_ms) != (words.start_ms, words.end_ms)
        ]
        if self._echo.is_echo(words):
            actions.append(Echo(words=words))
        elif words.text or words.failed or words.end_ms - words.start_ms >= self.options.unintelligible_ms:
            if words.text and self._turn_end_ms is not None and not self._answering:
                self._pauses.cut_in(words.start_ms - self._turn_end_ms)
                self._turn_end_ms = None
            self._segments.append(words)
            self._segments.sort(key=lambda segment: segment.start_ms)

    def _note_done(self, event: SpeechDone, now_ms: int) -> None:
        done = self._playing
        if done is None or done.id != event.speech_id:
            return
        self._playing = None
        self._sounding = False
        self._paused_ms = None
        self._yielded_ms = None
        self._active_ms = now_ms
        self._echo.ended(now_ms)
        if event.finished:
            self._asked = done.asks
            self._goodbye_heard = done.final
        elif done.asks:
            self._asked = done.asks

    def _note_handed_over(self, event: HandedOver, now_ms: int, actions: list[FloorAction]) -> None:
        self._human = event.to_human
        self._active_ms = now_ms
        self._level = 0
        if event.to_human:
            self._queue.clear()
            self._segments.clear()
            self._pending.clear()
            self._answering = ()
            self._callee_since = None
            self._thinking_ms = None
            if self._playing is not None and self._yielded_ms is None:
                self._yielded_ms = now_ms
                actions.append(Yield())
        else:
            self._thinking_ms = now_ms

    # What follows

    def _settle(self, now_ms: int, actions: list[FloorAction]) -> bool:
        """Decide at most one thing; True when there may be more to decide."""
        if self._due(self.options.longest_call_ms, now_ms):
            return self._hang_up("time-limit", actions)
        if self._pending and self._due(self._pending[0].end_ms + self.options.words_cap_ms, now_ms):
            lost = self._pending[0]
            self._note_words(Words(text="", start_ms=lost.start_ms, end_ms=lost.end_ms, failed=True), actions)
            return True
        if not self._somebody_is_heard and self._due(self._heard_ms + self.options.nobody_ms, now_ms):
            return self._break_silence(now_ms, actions)
        if self._playing is not None:
            return self._while_playing(self._playing, now_ms, actions)
        if self._callee_since is not None and not self._due(
            self._callee_since + self.options.longest_turn_ms, now_ms
        ):
            return False
        self._callee_since = None
        if self._pending:
            return False
        if self._segments:
            return self._after_words(now_ms, actions)
        if self._queue:
            return self._play_next(now_ms, actions)
        if self._thinking_ms is not None:
            if self._due(self._thinking_ms + self.options.stall_ms, now_ms):
                return self._prompt("stalled", now_ms, actions)
            return False
        if self._goodbye_heard:
            if self._due(self._active_ms + self.options.goodbye_grace_ms, now_ms):
                return self._hang_up("goodbye", actions)
            return False
        return self._while_waiting(now_ms, actions)

    def _while_playing(self, speech: Speech, now_ms: int, actions: list[FloorAction]) -> bool:
        options = self.options
        if self._yielded_ms is not None:
            if self._due(self._yielded_ms + options.stop_cap_ms, now_ms):
                return self._hang_up("playback-lost", actions)
            return False
        begun_ms = self._goodbye_ms if speech.final else None
        if begun_ms is not None and self._due(begun_ms + options.goodbye_cap_ms, now_ms):
            return self._hang_up("goodbye", actions)
        if self._due(self._play_ms + options.speech_cap_ms, now_ms):
            return self._yield_floor(speech, now_ms, actions)
        if not self._may_interrupt(speech):
            return False
        if any(takes_floor(words, speech, short_sound_ms=options.short_sound_ms) for words in self._segments):
            self._echo.took_floor()
            return self._yield_floor(speech, now_ms, actions)
        if self._callee_since is not None:
            patience_ms = self._echo.patience_ms(options.barge_in_ms, options.echoing_barge_in_ms)
            if self._paused_ms is None:
                if self._due(self._callee_since + patience_ms, now_ms):
                    self._paused_ms = now_ms
                    self._echo.paused(now_ms)
                    actions.append(Pause())
                    return True
                return False
            # An echo dies soon after the bot fell silent; what goes on is the callee.
            long_ms = max(self._callee_since, self._play_ms) + options.long_speech_ms
            if self._due(max(long_ms, self._paused_ms + DEAD_MS), now_ms):
                return self._yield_floor(speech, now_ms, actions)
            return False
        if self._pending:
            last = self._pending[-1]
            short = last.end_ms - last.start_ms <= options.short_sound_ms
            late_ms = options.resume_without_words_ms * (1 if short else 3)
            if self._paused_ms is not None and self._due(last.end_ms + late_ms, now_ms):
                return self._resume(now_ms, actions)
            return False
        self._set_aside(actions)
        return self._resume(now_ms, actions) if self._paused_ms is not None else False

    def _after_words(self, now_ms: int, actions: list[FloorAction]) -> bool:
        """Nothing plays, the callee is quiet and every word is in: whose floor is it?"""
        answer_is_due = bool(self._queue) or self._thinking_ms is not None
        if answer_is_due and all(is_aside(words) for words in self._segments):
            self._set_aside(actions)
            return True
        if self._goodbye_heard and all(is_farewell(words.text) for words in self._segments if words.text):
            self._set_aside(actions)
            return True
        if self._answering:
            actions.append(Withdraw())
            self._segments = [*self._answering, *self._segments]
            self._answering = ()
            self._thinking_ms = None
            self._queue.clear()
        turn = turn_so_far(
            self._segments, silence_ms=self._pauses.silence_ms, answers_yes_no=self._asked in QUESTIONS
        )
        if not self._due(turn.due_ms, now_ms):
            likely = bool(turn.text) and not is_hesitating(turn.text) and not self._goodbye_heard
            if likely and self._prepared != turn.segments:
                if self._prepared:
                    actions.append(Discard())
                self._prepared = turn.segments
                actions.append(Prepare(turn=turn))
            return False
        if self._goodbye_heard and not self._reopen():
            return self._hang_up("goodbye", actions)
        self._pauses.learn(
            later.start_ms - earlier.end_ms for earlier, later in itertools.pairwise(turn.segments)
        )
        self._segments.clear()
        self._queue.clear()
        self._prepared = ()
        self._answering = turn.segments
        self._turn_end_ms = turn.end_ms
        self._thinking_ms = now_ms
        self._callee_since = None
        if turn.text:
            self._level = self._watchdogs = 0
        actions.append(turn)
        return True

    def _while_waiting(self, now_ms: int, actions: list[FloorAction]) -> bool:
        options = self.options
        if self._holding:
            if self._due(self._active_ms + options.hold_ms, now_ms):
                return self._prompt("hold", now_ms, actions)
            return False
        patience = (*options.silence_ms, options.after_last_prompt_ms)[
            min(self._level, len(options.silence_ms))
        ]
        if self._due(self._active_ms + patience, now_ms):
            return self._prompt("silence", now_ms, actions)
        return False

    # Steps of a decision

    def _due(self, at_ms: int, now_ms: int) -> bool:
        if now_ms >= at_ms:
            return True
        self._wake = at_ms if self._wake is None else min(self._wake, at_ms)
        return False

    def _play_next(self, now_ms: int, actions: list[FloorAction]) -> bool:
        self._playing = self._queue.popleft()
        self._play_ms = now_ms
        self._sounding = False
        self._paused_ms = None
        self._answering = ()
        if self._playing.final:
            self._goodbye_ms = now_ms
        actions.append(Play(speech_id=self._playing.id))
        return True

    def _prompt(self, why: str, now_ms: int, actions: list[FloorAction]) -> bool:
        if why != "hold" and self._level > len(self.options.silence_ms) - 1:
            return self._hang_up("silence", actions)
        self._answering = ()
        self._thinking_ms = self._heard_ms = now_ms
        match why:
            case "hold":
                actions.append(Prompt(why="hold", level=self._level))
            case "stalled":
                actions.append(Prompt(why="stalled", level=self._level))
            case _:
                actions.append(Prompt(why="silence", level=self._level))
        self._level += 1
        return True

    def _yield_floor(self, speech: Speech, now_ms: int, actions: list[FloorAction]) -> bool:
        if speech.final:
            self._reopen()
        self._yielded_ms = now_ms
        self._paused_ms = None
        self._echo.ended(now_ms)
        self._queue.clear()
        actions.append(Yield())
        return True

    def _resume(self, now_ms: int, actions: list[FloorAction]) -> bool:
        self._paused_ms = None
        self._echo.resumed(now_ms)
        actions.append(Resume())
        return True

    def _break_silence(self, now_ms: int, actions: list[FloorAction]) -> bool:
        """The watchdog: nobody has been heard for too long, whatever the reason."""
        self._watchdogs += 1
        self._heard_ms = now_ms
        if self._watchdogs > self.options.watchdogs:
            return self._hang_up("nobody", actions)
        if self._playing is not None and self._yielded_ms is None:
            waiting = tuple(self._queue)
            self._yield_floor(self._playing, now_ms, actions)
            if waiting:
                self._queue.extend(waiting)
                return True
        return self._prompt("stalled", now_ms, actions)

    def _hang_up(self, reason: str, actions: list[FloorAction]) -> bool:
        self._ended = True
        self._queue.clear()
        actions.append(HangUp(reason=reason))
        return False

    def _reopen(self) -> bool:
        """Words undo a goodbye, but not for ever."""
        if self._reopened >= self.options.reopenings:
            return False
        self._reopened += 1
        self._goodbye_heard = False
        self._goodbye_ms = None
        return True

    def _set_aside(self, actions: list[FloorAction]) -> None:
        actions.extend(Aside(words=words) for words in self._segments if words.text)
        self._segments.clear()

    def _may_interrupt(self, speech: Speech) -> bool:
        if not speech.interruptible:
            return False
        return not speech.final or self._reopened < self.options.reopenings

    @property
    def _somebody_is_heard(self) -> bool:
        bot = self._sounding and self._paused_ms is None and self._yielded_ms is None
        return bot or self._callee_since is not None or self._human
