"""A callee on the line: hears 20 ms, says 20 ms, by its persona and a seed. No clock but the frames, no I/O."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

import numpy as np

from asr_tts.audio import FRAME_MS, LINE_RATE, Pcm
from callbot.telephony.simulator.listening import Heard, Listener
from callbot.telephony.simulator.persona import (
    AfterTurn,
    AtAnswer,
    BargeIn,
    Otherwise,
    Persona,
    Phrasing,
    Reply,
    Then,
)

FRAME_SAMPLES: Final = LINE_RATE * FRAME_MS // 1000
_STILL_TALKING_MS: Final = 200
"""A pause up to this long is inside speech: a barge-in comes while the other side talks, not into a pause."""
_LEAVING_SILENCE_MS: Final = 6_000
"""Having said goodbye, a callee waits this long for the other side's goodbye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeTurn:
    """One turn on the callee's clock, 0 being the first frame; of the other side's only the times are known."""

    who: str
    """callee or other."""
    start_ms: int
    end_ms: int
    turn: int
    """Number of the other side's turn, or of the one that is answered."""
    reply: str = ""
    text: str = ""
    wav: str = ""
    over_speech: bool = False
    """The callee began while the other side was talking."""


@dataclass(slots=True, kw_only=True)
class _Speaking:
    reply: Reply
    phrasing: Phrasing
    sound: Pcm
    start_ms: int
    over_speech: bool
    position: int = 0


class Callee:
    """Feed it `tick` every 20 ms of line time until `hung_up`.

    What it says depends on the seed, the persona, the number of this call to it, and on what it hears.
    """

    def __init__(self, persona: Persona, *, seed: int, call: int) -> None:
        self.persona = persona
        self.hung_up = False
        self.turns: list[CalleeTurn] = []
        self._key = f"{seed}:{persona.name}:{call}"
        self._noise = np.random.default_rng(list(self._key.encode()))
        self._noise_rms = 32_768 * 10 ** (persona.line.noise_dbov / 20)
        self._listener = Listener()
        self._given: dict[str, int] = {}
        """Reply → how often it was given."""
        self._speaking: _Speaking | None = None
        self._pending: tuple[Reply, int] | None = None
        """A reply and when to begin it."""
        self._leaving_ms: int | None = None
        """Since when the callee waits for a goodbye."""
        self._hang_up_ms: int | None = None
        self._spoke_ms = 0
        """End of its last own words."""
        first = next((reply for reply in persona.replies if isinstance(reply.when, AtAnswer)), None)
        if first is not None:
            self._pending = (first, self._thinks_ms(first))

    @property
    def now_ms(self) -> int:
        return self._listener.now_ms

    def tick(self, heard: Pcm) -> Pcm:
        """Hear the next 20 ms (160 samples) and give back what the callee's microphone picks up meanwhile."""
        event = self._listener.hear(heard)
        if event is Heard.TURN_ENDED:
            self._note_other_turn()
        if self._speaking is None:
            self._decide(event)
        frame = self._own_sound() + self._noise.normal(0.0, self._noise_rms, FRAME_SAMPLES)
        self._lose_patience()
        return np.clip(np.rint(frame), -32_768, 32_767).astype(np.int16)

    def _decide(self, event: Heard | None) -> None:
        now = self.now_ms
        if event is Heard.TURN_BEGAN and self._pending is not None and not self._opens(self._pending[0]):
            # the other side was only pausing: its turn goes on, the answer waits
            self._pending = None
            self._listener.continue_last()
        barge = self._barge_in()
        if barge is not None:
            self._say(barge, over_speech=True)
        elif event is Heard.TURN_ENDED:
            self._answer_turn()
        elif self._pending is not None and now - FRAME_MS >= self._pending[1]:
            self._say(self._pending[0], over_speech=self._listener.in_turn)

    def _answer_turn(self) -> None:
        turn = self._listener.turn
        if self._leaving_ms is not None or turn >= self.persona.manner.max_bot_turns:
            self._hang_up_ms = self.now_ms + 200
            return
        if self._pending is None:
            reply = self._reply_to(turn)
            if reply is not None:
                self._pending = (reply, self.now_ms + self._thinks_ms(reply))

    def _reply_to(self, turn: int) -> Reply | None:
        """The first reply from the top that fits."""
        for reply in self.persona.replies:
            when = reply.when
            if isinstance(when, Otherwise):
                return reply
            if not isinstance(when, AfterTurn) or reply.name in self._given:
                continue
            if when.turn in (None, turn) and (not when.after or when.after in self._given):
                return reply
        return None

    def _barge_in(self) -> Reply | None:
        hears = self._listener
        if not hears.in_turn or hears.silent_ms > _STILL_TALKING_MS:
            return None
        for reply in self.persona.replies:
            when = reply.when
            if not isinstance(when, BargeIn) or reply.name in self._given:
                continue
            if when.turn == hears.turn and hears.now_ms - FRAME_MS - hears.began_ms >= when.after_ms:
                return reply
        return None

    def _say(self, reply: Reply, *, over_speech: bool) -> None:
        nth = self._given.get(reply.name, 0)
        phrasing = self._rng(reply, nth, "phrasing").choice(reply.say)
        if phrasing.audio is None:
            raise ValueError(f"{self.persona.folder / phrasing.wav} was not loaded")
        sound = phrasing.audio.samples
        if reply.then is Then.BEEP:
            sound = np.concatenate((sound, np.zeros(LINE_RATE // 4, dtype=np.int16), beep()))
        self._pending = None
        self._given[reply.name] = nth + 1
        self._speaking = _Speaking(
            reply=reply,
            phrasing=phrasing,
            sound=sound,
            start_ms=self.now_ms - FRAME_MS,
            over_speech=over_speech,
        )

    def _own_sound(self) -> Pcm:
        frame = np.zeros(FRAME_SAMPLES, dtype=np.int16)
        speaking = self._speaking
        if speaking is not None:
            piece = speaking.sound[speaking.position : speaking.position + FRAME_SAMPLES]
            frame[: len(piece)] = piece
            speaking.position += FRAME_SAMPLES
            if speaking.position >= len(speaking.sound):
                self._finish(speaking)
        return frame

    def _finish(self, speaking: _Speaking) -> None:
        now = self.now_ms
        self._speaking = None
        self._spoke_ms = now
        self.turns.append(
            CalleeTurn(
                who="callee",
                start_ms=speaking.start_ms,
                end_ms=now,
                turn=self._listener.turn,
                reply=speaking.reply.name,
                text=speaking.phrasing.text,
                wav=speaking.phrasing.wav,
                over_speech=speaking.over_speech,
            )
        )
        hears = self._listener
        if hears.in_turn and hears.silent_ms > 0 and hears.began_ms < speaking.start_ms:
            # the other side gave way: what was cut off needs no answer
            self._note_other_turn()
            hears.forget()
        if speaking.reply.then is Then.HANG_UP:
            self._hang_up_ms = now + 300
        elif speaking.reply.then is Then.HANG_UP_AFTER_BOT:
            self._leaving_ms = now

    def _lose_patience(self) -> None:
        now = self.now_ms
        quiet_ms = now - max(self._listener.sounded_ms, self._spoke_ms)
        leaving = self._leaving_ms is not None and quiet_ms >= _LEAVING_SILENCE_MS
        busy = self._speaking is not None or self._pending is not None
        if (self._hang_up_ms is not None and now >= self._hang_up_ms) or (
            not busy and (leaving or quiet_ms >= self.persona.manner.max_silence_s * 1000)
        ):
            self.hung_up = True

    def _note_other_turn(self) -> None:
        hears = self._listener
        self.turns.append(
            CalleeTurn(who="other", start_ms=hears.began_ms, end_ms=hears.sounded_ms, turn=hears.turn)
        )

    def _opens(self, reply: Reply) -> bool:
        return isinstance(reply.when, AtAnswer)

    def _thinks_ms(self, reply: Reply) -> int:
        return self._rng(reply, self._given.get(reply.name, 0), "thinks").randint(
            *self.persona.manner.thinks_ms
        )

    def _rng(self, reply: Reply, nth: int, what: str) -> random.Random:
        """A generator of its own for each choice, so that the timing of one cannot change another."""
        return random.Random(f"{self._key}:{reply.name}:{nth}:{what}")


def beep() -> Pcm:
    """A voicemail's tone: 1,000 Hz for 400 ms at −12 dBFS, with soft edges."""
    count = LINE_RATE * 4 // 10
    edge = np.minimum(np.arange(count), np.arange(count)[::-1]) / (LINE_RATE / 100)
    wave = np.sin(2 * np.pi * 1_000 * np.arange(count) / LINE_RATE) * 8_231 * np.minimum(edge, 1.0)
    tone: Pcm = np.rint(wave).astype(np.int16)
    return tone
