"""Playing what the bot sends, as a carrier does: in order, on its own clock, marks where they belong."""

from __future__ import annotations

from collections import deque
from typing import Final

from asr_tts.g711 import ULAW_SILENCE

FRAME_BYTES: Final = 160
"""20 ms of μ-law."""
_SILENCE: Final = bytes([ULAW_SILENCE])


class Playout:
    """A queue of μ-law bytes and marks; one `tick` is 20 ms of the callee's time. No I/O."""

    def __init__(self) -> None:
        self._queue: deque[bytes | str] = deque()
        self._playing: list[str] = []
        """Marks behind audio of the frame that is being played."""

    def media(self, payload: bytes) -> None:
        """Queue audio of any length."""
        if payload:
            self._queue.append(payload)

    def mark(self, name: str) -> None:
        """Ask to be told when everything queued before has been played."""
        self._queue.append(name)

    def clear(self) -> list[str]:
        """Drop what was not played; the names of all marks that were waiting."""
        names = [*self._playing, *(item for item in self._queue if isinstance(item, str))]
        self._queue.clear()
        self._playing = []
        return names

    @property
    def queued_ms(self) -> int:
        """How much audio waits."""
        return sum(len(item) for item in self._queue if isinstance(item, bytes)) // 8

    def tick(self) -> tuple[bytes, list[str]]:
        """The next 160 bytes to play, and the marks whose audio has been played to its end by now."""
        played = self._playing
        self._playing = []
        frame = b""
        while self._queue:
            item = self._queue[0]
            if isinstance(item, str):
                self._queue.popleft()
                (self._playing if frame else played).append(item)
                continue
            if len(frame) == FRAME_BYTES:
                break
            room = FRAME_BYTES - len(frame)
            frame += item[:room]
            if len(item) > room:
                self._queue[0] = item[room:]
            else:
                self._queue.popleft()
        return frame + _SILENCE * (FRAME_BYTES - len(frame)), played
