"""What the floor hears of and what it decides: small values, times in ms on the media clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One thing the bot wants to say."""

    id: str
    interruptible: bool = True
    """False for the legal disclosure: it is said to the end while the callee is still listened to."""
    asks: str = ""
    """What it asks: `yes_no`, `choice`, `open`, `anything_else`, `identity` or empty."""
    final: bool = False
    """The goodbye: once it was heard, the call is over."""
    text: str = ""
    """Its words, so that their echo is known; empty: no echo is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The callee is on the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeStarted:
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeEnded:
    """A stretch of the callee's sound is over; exactly one `Words` with the same times follows."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the recogniser made of one stretch."""

    text: str
    """Empty: nothing intelligible."""
    start_ms: int
    end_ms: int
    confidence: float = 1.0
    failed: bool = False
    """The recogniser did not answer, so that there may have been words."""
    level_db: float | None = None
    """How loud, dB relative to full scale; None: nobody measured."""
    digit: str = ""
    """A key was pressed: a whole answer that needs no silence after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The bot's answer to a `Turn` or a `Prompt`, in order. Nothing at all means: go on listening."""

    speeches: tuple[Speech, ...]
    instead: bool = False
    """What still waits to be said is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounding:
    """The first sound of a speech that was told to `Play` exists."""

    speech_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechDone:
    """Playback ended, heard to the end or cut."""

    speech_id: str
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The callee is waiting for a human (`on`), or no longer is. While on, prompts are signs of life."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """A human has the floor (`to_human`), or the bot has it again."""

    to_human: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has passed; due no later than `Floor.wake_at_ms`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGone:
    """The line is gone; nothing is decided after it."""


FloorEvent: TypeAlias = (
    Answered
    | CalleeStarted
    | CalleeEnded
    | Words
    | Say
    | Sounding
    | SpeechDone
    | Hold
    | HandedOver
    | Tick
    | LineGone
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    speech_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Fall silent at once and keep what was not heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """It was nothing: go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """Fall silent at once and drop what was not heard: the callee has the floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeTurn:
    """The callee is done: answer this."""

    text: str
    """All segments joined; empty when they spoke and nothing was intelligible."""
    start_ms: int
    end_ms: int
    due_ms: int
    """When the silence would have been long enough; words that came later than that delayed the turn."""
    segments: tuple[Words, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """The callee may be done: get an answer to this ready without any effect. `TakeTurn` with the same turn
    or `Discard` follows."""

    turn: TakeTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """The callee goes on: what was prepared is for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The callee went on before the answer began: forget it, a longer `TakeTurn` follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Words that did not take the floor: a back-channel."""

    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """Words that were the bot's own, come back over the line."""

    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Somebody must say something: `silence` of the callee, a stalled answer, or a sign of life on hold."""

    why: Literal["silence", "stalled", "hold"]
    level: int
    """0 for the first in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """End the call; decided exactly once."""

    reason: str
    """`goodbye`, `silence`, `playback-lost`, `nobody` or `time-limit`."""


FloorAction: TypeAlias = (
    Play | Pause | Resume | Yield | Prepare | Discard | TakeTurn | Withdraw | Aside | Echo | Prompt | HangUp
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorOptions:
    """Named limits of the floor, all in ms."""

    end_of_turn_ms: int = 700
    barge_in_ms: int = 200
    """Sound of the callee that pauses the bot; shorter sounds are judged by their words alone."""
    resume_without_words_ms: int = 900
    """A short sound whose words are late lets the bot go on after this silence."""
    words_cap_ms: int = 9_000
    """Words that are later than this after their sound are taken not to come."""
    short_sound_ms: int = 600
    long_speech_ms: int = 2_000
    """Sound over the bot's pause that is no back-channel whatever the words will be."""
    echoing_barge_in_ms: int = 2_500
    """On a line that gives the bot back, sound up to this long may be needed to pause it."""
    longest_turn_ms: int = 45_000
    silence_ms: tuple[int, ...] = (6_000, 6_000, 5_000)
    """The silence ladder: how long before the first, second, ... prompt. After the last: hang up."""
    after_last_prompt_ms: int = 6_000
    hold_ms: int = 8_000
    """On hold the callee hears a sign of life at least this often."""
    stall_ms: int = 10_000
    """An answer that takes longer is replaced by a prompt."""
    nobody_ms: int = 10_000
    """Longest time in which neither bot nor callee nor human is heard; the watchdog ends it."""
    watchdogs: int = 2
    """How often in a row it may speak up before it hangs up."""
    unintelligible_ms: int = 800
    """Sound of this length without words is worth asking about."""
    speech_cap_ms: int = 60_000
    stop_cap_ms: int = 3_000
    goodbye_grace_ms: int = 300
    goodbye_cap_ms: int = 20_000
    reopenings: int = 2
    """How often words can undo a goodbye."""
    longest_call_ms: int = 900_000
