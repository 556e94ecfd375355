"""One scripted callee of a load run, and what they notice: late answers, how fast the bot gives way.

Times are seconds on one monotonic clock. A frame of 20 ms is sent when its sound is over.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

FRAME_S = 0.020
ANSWER_WITHIN_S = 5.0
"""After that a turn counts as unanswered."""
NEW_RUN_S = 1.0
"""A gap in the bot's sound that is a pause between two things said, not a late frame."""
SETTLED_S = 0.3
"""The bot's turn is over when it has been silent for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Frames of one utterance, ready to be sent; the first and the last carry speech."""

    frames: tuple[bytes, ...]
    """Base64 of μ-law."""


@dataclass(slots=True)
class Noticed:
    """Everything measured, in ms."""

    overhead: list[float] = field(default_factory=list)
    """Last speech frame sent → first frame of the answer, less the end-of-turn silence."""
    opener: list[float] = field(default_factory=list)
    """`start` sent → first frame of the bot."""
    barge_in: list[float] = field(default_factory=list)
    """First speech frame sent → the bot is silent."""
    resumed: list[float] = field(default_factory=list)
    """A cough silenced the bot → it goes on."""
    late: list[float] = field(default_factory=list)
    """Each message of sound: how long after it should have begun to play it came."""
    turns: int = 0
    unanswered: int = 0
    coughs: int = 0
    coughs_that_paused: int = 0
    false_pauses: int = 0
    """The bot fell silent in mid-reply although the callee had made no sound."""

    def add(self, other: Noticed) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Doing(Enum):
    LISTENING = auto()
    """Until the bot's turn is over."""
    SPEAKING = auto()
    WAITING = auto()
    """The turn was spoken, the answer has not begun."""


class Callee:
    """Answers every turn of the bot, cuts in on every third reply and coughs into every fifth."""

    def __init__(
        self,
        clips: tuple[Clip, ...],
        coughs: tuple[Clip, ...],
        *,
        silence_s: float,
        chance: random.Random,
        give_mark: Callable[[str], None],
        cut_in_every: int = 3,
        cough_every: int = 5,
    ) -> None:
        """`silence_s` is the bot's end-of-turn silence; `give_mark` sends a mark back to the bot."""
        self.noticed = Noticed()
        self.measuring = False
        self._clips = clips
        self._coughs = coughs
        self._silence_s = silence_s
        self._chance = chance
        self._give_mark = give_mark
        self._cut_in_every = cut_in_every
        self._cough_every = cough_every
        self._doing = Doing.LISTENING
        self._say: tuple[bytes, ...] = ()
        self._said = 0
        self._cutting_in = False
        self._began = 0.0
        self._ended = 0.0
        self._started = 0.0
        self._replies = -1
        self._pause_s = 0.0
        self._act_at: float | None = None
        self._act_is_cough = False
        self._plays_until = 0.0
        self._run_began = 0.0
        self._run_s = 0.0
        self._marks: list[tuple[float, int, str]] = []
        self._marks_given = 0
        self._silenced_at: float | None = None
        self._cough_ended = -10.0
        self._gave_way = False

    def start(self, now: float) -> None:
        """The stream was opened."""
        self._started = now

    # What the callee says

    def frame(self, now: float) -> bytes | None:
        """The sound of the last 20 ms as base64; None for the noise of a quiet room."""
        while self._marks and self._marks[0][0] <= now:
            self._give_mark(heapq.heappop(self._marks)[2])
        if self._say:
            return self._next_frame(now)
        if self._act_at is not None and now >= self._act_at:
            self._act_at = None
            if now < self._plays_until:
                self._begin(now, self._coughs if self._act_is_cough else self._clips, cough=self._act_is_cough)
                return self._next_frame(now)
        match self._doing:
            case Doing.LISTENING:
                quiet_s = now - self._plays_until
                if self._replies >= 0 and quiet_s >= self._pause_s and now - self._cough_ended > 1.5:
                    self._begin(now, self._clips, cough=False)
                    return self._next_frame(now)
            case Doing.WAITING:
                if now - self._ended > ANSWER_WITHIN_S:
                    self._count("unanswered")
                    self._listen()
            case Doing.SPEAKING:
                pass
        return None

    def _begin(self, now: float, clips: tuple[Clip, ...], *, cough: bool) -> None:
        self._say = self._chance.choice(clips).frames
        self._said = 0
        self._began = now
        self._act_at = None
        self._gave_way = False
        self._cutting_in = not cough and now < self._plays_until
        if cough:
            self._count("coughs")
        else:
            self._doing = Doing.SPEAKING
            self._silenced_at = None

    def _next_frame(self, now: float) -> bytes:
        frame = self._say[self._said]
        self._said += 1
        if self._said == len(self._say):
            self._say = ()
            if self._doing is Doing.SPEAKING:
                if self._cutting_in and not self._gave_way:
                    self._note("barge_in", (max(self._plays_until, self._began) - self._began) * 1000)
                self._doing = Doing.WAITING
                self._ended = now
                self._count("turns")
            else:
                self._cough_ended = now
        return frame

    # What the callee hears

    def sound(self, ms: float, now: float) -> None:
        """A message with so much sound of the bot came."""
        self._time(ms / 1000, now)
        if self._replies < 0:
            self._replies = 0
            self.noticed.opener.append((now - self._started) * 1000)
            self._listen()
        elif self._doing is Doing.WAITING:
            self._note("overhead", (now - self._ended - self._silence_s) * 1000)
            self._replies += 1
            self._listen()
            self._plan(now)
        elif self._silenced_at is not None:
            self._note("resumed", (now - self._silenced_at) * 1000)
            self._silenced_at = None

    def mark(self, name: str) -> None:
        """The bot wants to know when this has played."""
        self._marks_given += 1
        heapq.heappush(self._marks, (self._plays_until, self._marks_given, name))

    def cleared(self, now: float) -> None:
        """The bot takes back what has not played."""
        was_sounding = self._plays_until > now
        self._plays_until = min(self._plays_until, now)
        self._run_began = 0.0
        while self._marks:
            self._give_mark(heapq.heappop(self._marks)[2])
        if self._doing is Doing.SPEAKING:
            if self._cutting_in and not self._gave_way:
                self._gave_way = True
                self._note("barge_in", (now - self._began) * 1000)
        elif self._say or now - self._cough_ended < 1.0:
            if self._silenced_at is None:
                self._count("coughs_that_paused")
                self._silenced_at = now
        elif was_sounding and self._doing is Doing.LISTENING:
            self._count("false_pauses")

    def _time(self, length_s: float, now: float) -> None:
        """How late this sound is against a playout that began with the first of its run."""
        due = self._run_began + self._run_s
        if not self._run_began or now - due > NEW_RUN_S:
            self._run_began, self._run_s = max(now, self._plays_until), 0.0
        else:
            self._note("late", max(0.0, now - due) * 1000)
            if now > due + SETTLED_S:
                self._run_began += now - due
        self._run_s += length_s
        self._plays_until = max(self._plays_until, now) + length_s

    def _plan(self, now: float) -> None:
        """The answer begins to sound: what happens to it."""
        if self._replies % self._cut_in_every == 0:
            self._act_at, self._act_is_cough = now + self._chance.uniform(0.5, 1.0), False
        elif self._coughs and self._cough_every and self._replies % self._cough_every == 0:
            self._act_at, self._act_is_cough = now + self._chance.uniform(0.4, 0.8), True

    def _listen(self) -> None:
        self._doing = Doing.LISTENING
        self._pause_s = self._chance.uniform(SETTLED_S, 1.0)

    def _count(self, name: str) -> None:
        if self.measuring:
            setattr(self.noticed, name, getattr(self.noticed, name) + 1)

    def _note(self, name: str, ms: float) -> None:
        if self.measuring:
            getattr(self.noticed, name).append(ms)
