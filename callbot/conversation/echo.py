"""The bot's own speech that comes back over the line is not the callee. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from difflib import SequenceMatcher

from callbot.conversation.floor_events import Words
from callbot.conversation.playback import MS_PER_CHARACTER
from callbot.conversation.sounds import sounds_of
from callbot.conversation.turn_cues import is_back_channel

DELAY_MS = 600
"""Sound that comes back does so within this; what begins later after the bot fell silent is the callee."""
DEAD_MS = DELAY_MS + 400
"""After the bot fell silent no echo is under way any more: its delay, and until its end is noticed."""
_SLACK_MS = 500
_SLACK_SHARE = 0.3
"""Voices are slower or faster than `MS_PER_CHARACTER` says."""
_SHORT = 3
"""Syllables up to which words over a question may be its answer."""
_OWN_RUN = 3
"""So many syllables in a row that the bot did not say are the callee's, whatever stands around them."""
_AS_LOUD_DB = 3.0
_REMEMBERED = 4
_PATIENCE_GROWS = 3


@dataclass(slots=True)
class _Sound:
    """One speech as it went out."""

    syllables: tuple[str, ...]
    asks: bool
    start_ms: int
    end_ms: int | None = None
    paused_ms: int = 0
    paused_since: int | None = None


class EchoGuard:
    """What the bot said when, how loud the callee is, and how often the line gave the bot back.

    Times are ms on the media clock, levels dB relative to full scale.
    """

    def __init__(self) -> None:
        self._sounds: deque[_Sound] = deque(maxlen=_REMEMBERED)
        self._callee_db: float | None = None
        self.echoes = 0
        """Echoes since the callee last took the floor over the bot."""

    def began(self, text: str, *, asks: bool, now_ms: int) -> None:
        """A speech is heard from now on."""
        self._sounds.append(_Sound(syllables=_syllables(text), asks=asks, start_ms=now_ms))

    def paused(self, now_ms: int) -> None:
        if self._sounds and self._sounds[-1].paused_since is None:
            self._sounds[-1].paused_since = now_ms

    def resumed(self, now_ms: int) -> None:
        sound = self._sounds[-1] if self._sounds else None
        if sound is not None and sound.paused_since is not None:
            sound.paused_ms += now_ms - sound.paused_since
            sound.paused_since = None

    def ended(self, now_ms: int) -> None:
        """The bot is silent."""
        if self._sounds and self._sounds[-1].end_ms is None:
            sound = self._sounds[-1]
            sound.end_ms = now_ms if sound.paused_since is None else sound.paused_since

    def patience_ms(self, barge_in_ms: int, longest_ms: int) -> int:
        """Sound that pauses the bot: longer on a line that gives it back again and again."""
        patience_ms: int = barge_in_ms * _PATIENCE_GROWS ** min(self.echoes, 8)
        return max(barge_in_ms, min(longest_ms, patience_ms))

    def took_floor(self) -> None:
        """Real words came over the bot."""
        self.echoes = 0

    def is_echo(self, words: Words) -> bool:
        """Whether these words are the bot's own, come back; counts them.

        They began while the bot was heard or just after, repeat nearly all and nothing but what it said at
        that time, and are quieter than the callee. On a line without echo so far, one syllable and short
        words over a question are the callee's.
        """
        over = [sound for sound in self._sounds if self._in_the_air(sound, words)]
        if not over:
            if words.text and words.level_db is not None:
                known = self._callee_db
                self._callee_db = words.level_db if known is None else 0.5 * known + 0.5 * words.level_db
            return False
        heard = _syllables(words.text)
        if not heard or words.digit or (len(heard) == 1 and not self._tail_of_echo(words.text, over)):
            return False
        if self._as_loud_as_the_callee(words):
            return False
        if len(heard) <= _SHORT and not self.echoes and any(sound.asks for sound in over):
            return False
        said = [name for sound in over for name in self._said_meanwhile(sound, words)]
        if not _repeats(heard, said):
            return False
        self.echoes += 1
        return True

    def _tail_of_echo(self, text: str, over: list[_Sound]) -> bool:
        """One syllable says little: it is the end of an echo only where there were others, and if it is no
        word that answers or the very last that the bot said."""
        last = _syllables(text)[-1:] == over[-1].syllables[-1:] and over[-1].end_ms is not None
        return self.echoes > 0 and (last or not is_back_channel(text))

    def _as_loud_as_the_callee(self, words: Words) -> bool:
        if words.level_db is None or self._callee_db is None:
            return False
        return words.level_db > self._callee_db - _AS_LOUD_DB

    @staticmethod
    def _in_the_air(sound: _Sound, words: Words) -> bool:
        return sound.start_ms <= words.end_ms and (
            sound.end_ms is None or words.start_ms <= sound.end_ms + DELAY_MS
        )

    @staticmethod
    def _said_meanwhile(sound: _Sound, words: Words) -> tuple[str, ...]:
        """The syllables whose sound can have come back as these words."""

        def at(ms: int) -> float:
            return max(0.0, (ms - sound.start_ms - sound.paused_ms) / MS_PER_CHARACTER)

        first = at(words.start_ms - DELAY_MS - _SLACK_MS) * (1 - _SLACK_SHARE)
        last = at(words.end_ms + _SLACK_MS) * (1 + _SLACK_SHARE)
        return sound.syllables[int(first) : int(last) + 1]


def _repeats(heard: tuple[str, ...], said: list[str]) -> bool:
    """Nearly all of `heard` in runs of `said`, and no run of its own."""
    blocks = SequenceMatcher(None, heard, said, autojunk=False).get_matching_blocks()
    shared = [False] * len(heard)
    for block in blocks:
        if block.size >= min(2, len(heard)):
            shared[block.a : block.a + block.size] = [True] * block.size
    own = max((len(run) for run in "".join("x" if hit else "." for hit in shared).split("x")), default=0)
    if own >= _OWN_RUN:
        return False
    needed = 1.0 if len(heard) < 5 else 0.75 if len(heard) < 8 else 0.6
    return sum(shared) >= needed * len(heard)


def _syllables(text: str) -> tuple[str, ...]:
    return tuple(name for name in sounds_of(text).split("|") if name)
