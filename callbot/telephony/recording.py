"""The recording of one call: two channels on the media clock, left the callee, right the bot or the agent."""

from __future__ import annotations

import struct
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import structlog

from asr_tts.audio import LINE_RATE
from asr_tts.g711 import ULAW_SILENCE, decode_ulaw

_log = structlog.get_logger(__name__)

Channel = Literal["callee", "bot"]
SETTLE_MS = 1_000
"""How long sound may come after its time and still find its place."""
TICKS_TOGETHER = 5
FLUSH_MS = 500
"""How much is written at once."""
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


class StereoTimeline:
    """μ-law placed by time on two channels; where nothing was placed there is silence. Pure.

    Positions are samples at 8 kHz from the start of the media clock.
    """

    def __init__(self) -> None:
        self._tracks: dict[Channel, bytearray] = {"callee": bytearray(), "bot": bytearray()}
        self.taken = 0
        """Samples given out so far; sound placed before them is too late."""

    def place(self, channel: Channel, at: int, ulaw: bytes) -> None:
        """Put sound where it was played. What lies before `taken` is cut off."""
        at -= self.taken
        if at < 0:
            ulaw = ulaw[-at:]
            at = 0
        if not ulaw:
            return
        track = self._tracks[channel]
        if len(track) < at:
            track += bytes([ULAW_SILENCE]) * (at - len(track))
        track[at : at + len(ulaw)] = ulaw

    def take(self, until: int) -> tuple[bytes, bytes]:
        """Callee and bot before sample `until` that were not given out yet, of one length."""
        count = max(0, until - self.taken)
        self.taken += count
        return self._cut("callee", count), self._cut("bot", count)

    def _cut(self, channel: Channel, count: int) -> bytes:
        track = self._tracks[channel]
        cut = bytes(track[:count]).ljust(count, bytes([ULAW_SILENCE]))
        del track[:count]
        return cut


class StereoWav:
    """A WAV file of 16-bit stereo at 8 kHz that is valid after every `append`: sound first, then the header."""

    def __init__(self, path: Path) -> None:
        """Creates the file and its folders. Raises `OSError`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("wb", buffering=0)
        self._bytes = 0
        self._write(self._header(), 0)

    def append(self, callee: bytes, bot: bytes) -> None:
        """μ-law of one length."""
        data = np.stack((decode_ulaw(callee), decode_ulaw(bot)), axis=1).astype("<i2", copy=False).tobytes()
        self._write(data, _HEADER.size + self._bytes)
        self._bytes += len(data)
        self._write(self._header(), 0)

    def close(self) -> None:
        self._file.close()

    def _write(self, data: bytes, at: int) -> None:
        self._file.seek(at)
        while data:
            data = data[self._file.write(data) :]

    def _header(self) -> bytes:
        return _HEADER.pack(
            b"RIFF", _HEADER.size - 8 + self._bytes, b"WAVE", b"fmt ", 16, 1, 2, LINE_RATE,
            LINE_RATE * 4, 4, 16, b"data", self._bytes,
        )  # fmt: skip


class Scribe:
    """The one thread of a process that writes recordings. What many calls hand over in 100 ms is one job."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recording")
        self._work: list[Callable[[], None]] = []
        self._ticks = 0

    def note(self, work: Callable[[], None]) -> None:
        """To be done after all that was noted before; begins at one of the next ticks."""
        self._work.append(work)

    def tick(self) -> None:
        """Belongs to the ticker."""
        self._ticks += 1
        if self._ticks % TICKS_TOGETHER == 0:
            self._begin()

    def finish(self, work: Callable[[], None]) -> Future[None]:
        """Do what was noted, then this."""
        self._begin()
        return self._thread.submit(work)

    def close(self) -> None:
        """Blocks until all is written."""
        self._begin()
        self._thread.shutdown()

    def _begin(self) -> None:
        if self._work:
            work, self._work = self._work, []
            self._thread.submit(_do_all, work)


def _do_all(work: list[Callable[[], None]]) -> None:
    for one in work:
        one()


class Recording:
    """Records one call. Placing never waits for the disk.

    A disk that fails costs the rest of the recording, not the call; the failure is logged.
    """

    def __init__(self, path: Path, scribe: Scribe) -> None:
        """Raises `OSError` when `path` cannot be made."""
        self._timeline = StereoTimeline()
        self._wav = StereoWav(path)
        self._path = path
        self._scribe = scribe
        self._broken = False

    def place(self, channel: Channel, at_ms: float, ulaw: bytes) -> None:
        """Sound as it was spoken or heard, by the media clock."""
        self._timeline.place(channel, round(at_ms * LINE_RATE / 1000), ulaw)

    def flush(self, now_ms: float) -> None:
        """Hand over what has settled, at most every `FLUSH_MS`."""
        until = int((now_ms - SETTLE_MS) * LINE_RATE / 1000)
        if until - self._timeline.taken >= FLUSH_MS * LINE_RATE // 1000:
            self._scribe.note(partial(self._append, *self._timeline.take(until)))

    def close(self, end_ms: float) -> Future[None]:
        """The call is over: everything up to `end_ms` is written and the file closed; done when it is."""
        self._scribe.note(partial(self._append, *self._timeline.take(round(end_ms * LINE_RATE / 1000))))
        return self._scribe.finish(self._wav.close)

    def _append(self, callee: bytes, bot: bytes) -> None:
        if self._broken or not callee:
            return
        try:
            self._wav.append(callee, bot)
        except OSError as error:
            self._broken = True
            _log.error("recording-failed", path=str(self._path), error=str(error))
