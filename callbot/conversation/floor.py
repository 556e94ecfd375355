"""The floor machine: it alone decides who speaks. No I/O and no clock; `now_ms` is the media clock."""

from __future__ import annotations

from collections import deque
from typing import assert_never

from callbot.conversation.floor_events import (
    Answered,
    Aside,
    CalleeEnded,
    CalleeStarted,
    FloorAction,
    FloorEvent,
    FloorOptions,
    HandedOver,
    HangUp,
    Hold,
    LineGone,
    Pause,
    Play,
    Prompt,
    Resume,
    Say,
    Speech,
    SpeechDone,
    TakeTurn,
    Tick,
    Withdraw,
    Words,
    Yield,
)
from callbot.conversation.turn_cues import (
    end_of_turn_ms,
    is_back_channel,
    is_farewell,
    is_greeting,
    is_urgent,
)

_QUESTIONS = frozenset({"yes_no", "identity", "anything_else"})


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
        self._paused = False
        self._yielded_ms: int | None = None
        self._asked = ""
        self._callee_since: int | None = None
        self._pending: list[CalleeEnded] = []
        self._segments: list[Words] = []
        self._answering: tuple[Words, ...] = ()
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
        return self._wake

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
        self._note(event, now_ms, actions)
        self._wake = None
        if self._begun and not self._ended and not self._human:
            while self._settle(now_ms, actions):
                pass
        if self._wake is not None:
            self._wake = max(self._wake, now_ms + 1)
        return tuple(actions)

    # What is known

    def _note(self, event: FloorEvent, now_ms: int, actions: list[FloorAction]) -> None:
        match event:
            case Answered():
                self._begun = True
                self._active_ms = now_ms
                self._thinking_ms = now_ms
            case CalleeStarted():
                if self._callee_since is None:
                    self._callee_since = event.at_ms
            case CalleeEnded():
                self._callee_since = None
                self._pending.append(event)
                self._active_ms = max(self._active_ms, event.end_ms)
            case Words():
                self._note_words(event)
            case Say():
                self._thinking_ms = None
                self._queue.extend(event.speeches)
                if not event.speeches:
                    self._answering = ()
                    self._active_ms = now_ms
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

    def _note_words(self, words: Words) -> None:
        self._pending = [
            ended for ended in self._pending if (ended.start_ms, ended.end_ms) != (words.start_ms, words.end_ms)
        ]
        if words.text or words.failed or words.end_ms - words.start_ms >= self.options.unintelligible_ms:
            self._segments.append(words)
            self._segments.sort(key=lambda segment: segment.start_ms)

    def _note_done(self, event: SpeechDone, now_ms: int) -> None:
        done = self._playing
        if done is None or done.id != event.speech_id:
            return
        self._playing = None
        self._paused = False
        self._yielded_ms = None
        self._active_ms = now_ms
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
            self._note_words(Words(text="", start_ms=lost.start_ms, end_ms=lost.end_ms, failed=True))
            return True
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
        if any(self._takes_floor(words, speech) for words in self._segments):
            return self._yield_floor(speech, now_ms, actions)
        if self._callee_since is not None:
            if not self._paused and self._due(self._callee_since + options.barge_in_ms, now_ms):
                self._paused = True
                actions.append(Pause())
                return True
            if self._paused and self._due(
                max(self._callee_since, self._play_ms) + options.long_speech_ms, now_ms
            ):
                return self._yield_floor(speech, now_ms, actions)
            return False
        if self._pending:
            last = self._pending[-1]
            short = last.end_ms - last.start_ms <= options.short_sound_ms
            late_ms = options.resume_without_words_ms * (1 if short else 3)
            if self._paused and self._due(last.end_ms + late_ms, now_ms):
                return self._resume(actions)
            return False
        self._set_aside(actions)
        return self._resume(actions) if self._paused else False

    def _after_words(self, now_ms: int, actions: list[FloorAction]) -> bool:
        """Nothing plays, the callee is quiet and every word is in: whose floor is it?"""
        answer_is_due = bool(self._queue) or self._thinking_ms is not None
        if answer_is_due and all(self._is_aside(words) for words in self._segments):
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
        text = _joined(self._segments)
        last_ms = max(words.end_ms for words in self._segments)
        silence_ms = end_of_turn_ms(
            text, silence_ms=self.options.end_of_turn_ms, answers_yes_no=self._asked in _QUESTIONS
        )
        if not self._due(last_ms + silence_ms, now_ms):
            return False
        if self._goodbye_heard and not self._reopen():
            return self._hang_up("goodbye", actions)
        segments = tuple(self._segments)
        self._segments.clear()
        self._queue.clear()
        self._answering = segments
        self._thinking_ms = now_ms
        self._callee_since = None
        if text:
            self._level = 0
        actions.append(
            TakeTurn(
                text=text,
                start_ms=segments[0].start_ms,
                end_ms=last_ms,
                due_ms=last_ms + silence_ms,
                segments=segments,
            )
        )
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
        self._paused = False
        self._answering = ()
        if self._playing.final:
            self._goodbye_ms = now_ms
        actions.append(Play(speech_id=self._playing.id))
        return True

    def _prompt(self, why: str, now_ms: int, actions: list[FloorAction]) -> bool:
        if why != "hold" and self._level > len(self.options.silence_ms) - 1:
            return self._hang_up("silence", actions)
        self._answering = ()
        self._thinking_ms = now_ms
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
        self._paused = False
        self._queue.clear()
        actions.append(Yield())
        return True

    def _resume(self, actions: list[FloorAction]) -> bool:
        self._paused = False
        actions.append(Resume())
        return True

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

    def _is_aside(self, words: Words) -> bool:
        return not words.text or is_back_channel(words.text) or is_greeting(words.text)

    def _takes_floor(self, words: Words, speech: Speech) -> bool:
        """Do these words, said while `speech` plays, end it?"""
        if is_urgent(words.text):
            return True
        if not words.text:
            return words.failed and words.end_ms - words.start_ms > self.options.short_sound_ms
        if speech.final:
            return not is_farewell(words.text) and not is_back_channel(words.text)
        if is_back_channel(words.text):
            return speech.asks in _QUESTIONS
        return True


def _joined(segments: list[Words]) -> str:
    """Segments of one turn as one text; a comma where the callee paused."""
    return "，".join(words.text.strip().rstrip("，。,.") for words in segments if words.text.strip())
