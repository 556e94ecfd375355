"""Hearing for all calls of a process: windows of every call are scored in one batch and become events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.g711 import decode_ulaw
from asr_tts.segmenter import SpeechBegan, SpeechSegmenter
from asr_tts.voice_activity import WINDOW, VoiceActivity, VoiceState
from callbot.conversation.line import SpeechEnded, SpeechStarted

SpeechEvent: TypeAlias = SpeechStarted | SpeechEnded

MARGIN_MS = 200
"""Kept before and after a segment: recognisers lose clipped first and last syllables."""
LONGEST_SEGMENT_MS = 30_000
"""Recognisers take no more; longer speech is given out in pieces."""
_REST_MS = 1_500
"""Kept while nobody speaks: the margin and the longest delay of the segmenter."""
_SAMPLES_PER_MS = LINE_RATE // 1000
_WINDOW_MS = WINDOW // _SAMPLES_PER_MS
_BACKLOG_WINDOWS = 157
"""Five seconds: a carrier that sends faster than real time is not followed further."""


class Tape:
    """The last windows of one call, as μ-law, with their place in the stream."""

    def __init__(self) -> None:
        self._windows: deque[bytes] = deque()
        self._end = 0

    def add(self, window: bytes) -> None:
        self._windows.append(window)
        self._end += len(window)

    def keep(self, length_ms: int) -> None:
        """Forget what is older than `length_ms`."""
        most = -(-length_ms // _WINDOW_MS)
        while len(self._windows) > most:
            self._windows.popleft()

    @property
    def first_ms(self) -> int:
        """Where what is kept begins."""
        return self._first // _SAMPLES_PER_MS

    @property
    def _first(self) -> int:
        return self._end - len(self._windows) * WINDOW

    def cut(self, start_ms: int, end_ms: int) -> Audio:
        """What is kept of the stretch."""
        first = self._first
        start = max(first, start_ms * _SAMPLES_PER_MS)
        end = max(start, min(self._end, end_ms * _SAMPLES_PER_MS))
        windows = list(self._windows)[(start - first) // WINDOW : -(-(end - first) // WINDOW)]
        offset = (start - first) % WINDOW
        return Audio(decode_ulaw(b"".join(windows)[offset : offset + end - start]), LINE_RATE)


class Hearing:
    """One call's ear. Takes μ-law in any pieces; its clock is the number of samples heard."""

    def __init__(self, activity: VoiceActivity, emit: Callable[[SpeechEvent], None]) -> None:
        self._activity = activity
        self._emit = emit
        self._rest = bytearray()
        self._windows: deque[bytes] = deque()
        self._tape = Tape()
        self._scored_ms = 0
        self._deaf = False
        self._speech_ms = 0
        self._segmenter = SpeechSegmenter()
        self.state: VoiceState = activity.start()

    def hear(self, ulaw: bytes) -> None:
        """More of the callee's sound."""
        rest = self._rest
        rest += ulaw
        if len(rest) < WINDOW:
            return
        whole = len(rest) // WINDOW * WINDOW
        for at in range(0, whole, WINDOW):
            self._windows.append(bytes(rest[at : at + WINDOW]))
        del rest[:whole]

    def deafen(self) -> None:
        """Nobody listens for turns while a human talks; the clock goes on."""
        self._deaf = True

    def listen(self) -> None:
        """Listen for turns again, with no memory of what was said meanwhile."""
        self._deaf = False
        self._segmenter = SpeechSegmenter()
        self.state = self._activity.start()

    def next_window(self) -> bytes | None:
        """A window to be scored."""
        while self._deaf and self._windows:
            self._pass(self._windows.popleft())
            self._tape.keep(_REST_MS)
        while len(self._windows) > _BACKLOG_WINDOWS:
            self._pass(self._windows.popleft())
        return self._windows.popleft() if self._windows else None

    def scored(self, window: bytes, probability: float) -> None:
        """The score of the window that `next_window` gave."""
        self._pass(window)
        found = self._segmenter.feed(probability, self._scored_ms)
        if found is not None:
            if isinstance(found, SpeechBegan):
                self._speech_ms = found.start_ms
                self._emit(SpeechStarted(at_ms=found.start_ms))
            else:
                self._end(found.end_ms, found.end_ms + MARGIN_MS)
        elif self._segmenter.speaking and self._scored_ms - self._speech_ms >= LONGEST_SEGMENT_MS - MARGIN_MS:
            self._end(self._scored_ms, self._scored_ms)
            self._segmenter = SpeechSegmenter()
        self._tape.keep(LONGEST_SEGMENT_MS + _REST_MS if self._segmenter.speaking else _REST_MS)

    def finish(self) -> None:
        """No more sound will come; speech without a pause after it ends here."""
        if self._segmenter.speaking and not self._deaf:
            self._end(self._scored_ms, self._scored_ms)
            self._segmenter = SpeechSegmenter()

    def _end(self, end_ms: int, until_ms: int) -> None:
        from_ms = min(self._speech_ms, max(self._tape.first_ms, self._speech_ms - MARGIN_MS))
        audio = self._tape.cut(from_ms, until_ms)
        before_ms = self._speech_ms - from_ms
        self._emit(SpeechEnded(start_ms=self._speech_ms, end_ms=end_ms, audio=audio, before_ms=before_ms))

    def _pass(self, window: bytes) -> None:
        self._tape.add(window)
        self._scored_ms += _WINDOW_MS


class Ear:
    """The shared voice activity of a process; `tick` belongs to its ticker."""

    def __init__(self, activity: VoiceActivity) -> None:
        self._activity = activity
        self._calls: dict[Hearing, None] = {}

    def join(self, emit: Callable[[SpeechEvent], None]) -> Hearing:
        """A new call's ear; `emit` gets its speech events during `tick`."""
        hearing = Hearing(self._activity, emit)
        self._calls[hearing] = None
        return hearing

    def leave(self, hearing: Hearing) -> None:
        """The call is over: what was being said when it ended is given out as a last segment."""
        if hearing not in self._calls:
            return
        del self._calls[hearing]
        self._catch_up([hearing])
        hearing.finish()

    def tick(self) -> None:
        """Score what has come, one window of each call in a batch, until every call has caught up."""
        self._catch_up(list(self._calls))

    def _catch_up(self, waiting: list[Hearing]) -> None:
        while waiting:
            batch = [(call, window) for call in waiting if (window := call.next_window()) is not None]
            if batch:
                sound = decode_ulaw(b"".join(window for _, window in batch)).reshape(-1, WINDOW)
                scores = self._activity.score([call.state for call, _ in batch], list(sound))
                for (call, window), score in zip(batch, scores, strict=True):
                    call.scored(window, score)
            waiting = [call for call, _ in batch]
