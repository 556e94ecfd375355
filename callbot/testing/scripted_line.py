"""A call without sound: the line, its callee after a script, and the recogniser that knows the script."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.recogniser import RecogniserFailed, Transcript
from callbot.conversation.line import HungUp, LineEvent, Played, SpeechEnded, SpeechStarted
from handoff.bridge import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Utter:
    """One thing a scripted callee does.

    It begins `after_ms` after `when`: the bot fell silent with nothing more to say (`silence`), the bot
    began to speak (`speech`), or the callee's own last utterance ended (`own`).
    """

    text: str
    """What the recogniser will make of it; empty is a cough. `HANG_UP` ends the call instead."""
    after_ms: int = 900
    when: Literal["silence", "speech", "own"] = "silence"
    duration_ms: int = 0
    """0: 220 ms for each character, 300 ms for a cough."""

    @property
    def length_ms(self) -> int:
        return self.duration_ms or (220 * len(self.text) if self.text else 300)


HANG_UP = "\0hang up"
"""As the text of an `Utter`: the callee puts the phone down."""


class ScriptedLine:
    """A `Line` without sound: the callee follows a script, playback advances on the loop's clock.

    The callee's next utterance waits for its moment; when the script is over the callee stays silent.
    `texts` maps the audio of each segment to its words, for `ScriptRecognizer`.
    """

    DETECT_MS = 60
    """How long after its start speech is noticed."""
    PAUSE_MS = 250
    """Silence after which a segment is closed."""

    def __init__(self, script: Sequence[Utter] = ()) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._events: asyncio.Queue[LineEvent] = asyncio.Queue()
        self._script = deque(script)
        self._timer: asyncio.TimerHandle | None = None
        self._waiting_for_silence = False
        self._over = False
        self._speech: str | None = None
        self._feed: asyncio.Task[None] | None = None
        self._start_ms = 0
        self._made_ms = 0.0
        self._complete = False
        self._heard_ms = 0.0
        self._running_since: float | None = None
        self._end_timer: asyncio.TimerHandle | None = None
        self._speaking: tuple[int, Utter] | None = None
        self.texts: dict[int, str] = {}
        self.sounding: list[tuple[int, int, str]] = []
        """Every stretch in which the callee heard the bot: start, end, speech."""
        self.pauses = 0
        self.bridged: ScriptedCallee | None = None
        self.hung_up_at: int | None = None

    @property
    def now_ms(self) -> int:
        return round((self._loop.time() - self._began) * 1000)

    async def next_event(self) -> LineEvent:
        return await self._events.get()

    # The bot's side

    def play(self, speech_id: str, audio: AsyncIterator[Audio]) -> None:
        if self._speech is not None:
            raise RuntimeError(f"{speech_id} cannot play while {self._speech} does")
        if self.bridged is not None:
            raise RuntimeError(f"{speech_id} cannot play while the callee talks to a human")
        if self._over:
            return
        self._speech, self._start_ms = speech_id, self.now_ms
        self._made_ms, self._heard_ms, self._complete = 0.0, 0.0, False
        self._running_since = self._loop.time()
        self._feed = self._loop.create_task(self._take(audio))
        if self._waiting_for_silence:
            self._disarm()
        self._arm("speech")

    def pause(self) -> None:
        if self._speech is not None and self._running_since is not None:
            self.pauses += 1
            self._settle()
            self._running_since = None
            self._cancel_end()

    def resume(self) -> None:
        if self._speech is not None and self._running_since is None:
            self._running_since = self._loop.time()
            self._schedule_end()

    def stop(self) -> None:
        if self._speech is not None:
            self._settle()
            self._finish(finished=False)

    def bridge(self) -> ScriptedCallee:
        self.stop()
        self._disarm()
        self._speaking = None
        self.bridged = ScriptedCallee()
        if self._over:
            self.bridged.leave()
        return self.bridged

    def unbridge(self) -> None:
        if self.bridged is not None:
            self.bridged.leave()
            self.bridged = None

    async def hang_up(self) -> None:
        self.end("bot", "normal")

    # The callee's side

    def end(self, by: Literal["callee", "bot", "carrier"], reason: str) -> None:
        """The line is gone; words under way are delivered first. Idempotent."""
        if self._over:
            return
        self._disarm()
        if self._speaking is not None:
            begun_ms, utter = self._speaking
            self._close_segment(begun_ms, self.now_ms, utter.text)
        self.stop()
        self._over = True
        if self.bridged is not None:
            self.bridged.leave()
        self.hung_up_at = self.now_ms
        self._events.put_nowait(HungUp(by=by, at_ms=self.now_ms, reason=reason))

    def _arm(self, moment: str) -> None:
        """The callee reacts to `moment` if that is what the script waits for."""
        if self._over or not self._script or self._speaking is not None or self._timer is not None:
            return
        if self._script[0].when == moment:
            self._waiting_for_silence = moment == "silence"
            self._timer = self._loop.call_later(self._script[0].after_ms / 1000, self._begin)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._timer = None
        self._waiting_for_silence = False
        utter = self._script.popleft()
        if utter.text == HANG_UP:
            self.end("callee", "normal")
            return
        begun_ms = self.now_ms
        self._speaking = (begun_ms, utter)
        noticed = min(self.DETECT_MS, utter.length_ms) / 1000
        self._timer = self._loop.call_later(noticed, self._noticed, begun_ms, utter)

    def _noticed(self, begun_ms: int, utter: Utter) -> None:
        self._events.put_nowait(SpeechStarted(at_ms=begun_ms))
        left = (begun_ms + utter.length_ms + self.PAUSE_MS - self.now_ms) / 1000
        self._timer = self._loop.call_later(max(0.0, left), self._ended, begun_ms, utter)

    def _ended(self, begun_ms: int, utter: Utter) -> None:
        self._timer = None
        self._close_segment(begun_ms, begun_ms + utter.length_ms, utter.text)
        self._arm("own")
        if self._speech is not None:
            self._arm("speech")

    def _close_segment(self, begun_ms: int, end_ms: int, text: str) -> None:
        self._speaking = None
        audio = Audio(np.full(max(1, end_ms - begun_ms) * 8, len(self.texts) + 1, dtype=np.int16), LINE_RATE)
        self.texts[len(self.texts) + 1] = text
        self._events.put_nowait(SpeechEnded(start_ms=begun_ms, end_ms=end_ms, audio=audio))

    # Playback

    async def _take(self, audio: AsyncIterator[Audio]) -> None:
        async for piece in audio:
            starved = self._running_since is not None and self._sounded() >= self._made_ms
            if starved:
                self._settle()
            self._made_ms += len(piece.samples) * 1000 / piece.rate
            self._schedule_end()
        self._complete = True
        self._schedule_end()

    def _sounded(self) -> float:
        running = 0.0 if self._running_since is None else (self._loop.time() - self._running_since) * 1000
        return self._heard_ms + running

    def _settle(self) -> None:
        """Count what was heard until now."""
        heard = min(self._sounded(), self._made_ms)
        if heard > self._heard_ms and self._speech is not None:
            now = self.now_ms
            self.sounding.append((round(now - (heard - self._heard_ms)), now, self._speech))
        self._heard_ms = heard
        if self._running_since is not None:
            self._running_since = self._loop.time()

    def _schedule_end(self) -> None:
        self._cancel_end()
        if self._complete and self._running_since is not None:
            left = max(0.0, self._made_ms - self._sounded()) / 1000
            self._end_timer = self._loop.call_later(left, self._played_out)

    def _cancel_end(self) -> None:
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None

    def _played_out(self) -> None:
        self._settle()
        self._heard_ms = self._made_ms
        self._finish(finished=True)
        if self._speaking is None:
            self._arm("silence")

    def _finish(self, *, finished: bool) -> None:
        speech, self._speech = self._speech, None
        self._cancel_end()
        if self._feed is not None and not self._complete:
            self._feed.cancel()
        self._running_since = None
        if speech is not None:
            self._events.put_nowait(
                Played(
                    speech_id=speech,
                    start_ms=self._start_ms,
                    end_ms=self.now_ms,
                    heard_ms=round(self._heard_ms),
                    finished=finished,
                )
            )


class ScriptedCallee:
    """The callee's end of a bridge: silent frames until it leaves."""

    def __init__(self) -> None:
        self._left = asyncio.Event()
        self.heard: list[Frame] = []

    def leave(self) -> None:
        self._left.set()

    async def receive(self) -> Frame | None:
        try:
            async with asyncio.timeout(0.02):
                await self._left.wait()
        except TimeoutError:
            return np.zeros(160, dtype=np.int16)
        return None

    async def send(self, frame: Frame) -> None:
        self.heard.append(frame)


class ScriptRecognizer:
    """Hears what a `ScriptedLine` said. `failing` segments (1 for the first) raise instead."""

    def __init__(self, line: ScriptedLine, *, delay_s: float = 0.15, failing: Sequence[int] = ()) -> None:
        self._line = line
        self._delay_s = delay_s
        self._failing = frozenset(failing)

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        await asyncio.sleep(self._delay_s)
        number = int(audio.samples[0])
        if number in self._failing:
            raise RecogniserFailed("the script says so", retryable=True)
        text = self._line.texts.get(number, "")
        return Transcript(text=text, confidence=0.95 if text else 0.0)

    async def aclose(self) -> None: ...
