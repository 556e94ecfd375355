"""Both sides of a call for whoever listens in: a few frames of each, the oldest dropped, nobody waited for."""

from __future__ import annotations

from collections.abc import Callable

from asr_tts.g711 import decode_ulaw
from callbot.telephony.codec import BYTES_PER_MS, QUIET
from callbot.telephony.pacing import FRAME_MS
from handoff.live_calls import Hear

_FRAME = FRAME_MS * BYTES_PER_MS
_MOST = 5 * _FRAME
"""100 ms of each side."""


class ListeningPost:
    """Costs nothing while nobody listens."""

    def __init__(self) -> None:
        self._ears: list[Hear] = []
        self._callee = bytearray()
        self._other = bytearray()

    @property
    def manned(self) -> bool:
        """Somebody listens."""
        return bool(self._ears)

    def add(self, hear: Hear) -> Callable[[], None]:
        """Let somebody listen; the result stops it."""
        if not self._ears:
            self._callee.clear()
            self._other.clear()
        self._ears.append(hear)

        def stop() -> None:
            if hear in self._ears:
                self._ears.remove(hear)

        return stop

    def callee(self, payload: bytes) -> None:
        """What the callee said, µ-law."""
        _keep(self._callee, payload, self.manned)

    def other(self, payload: bytes) -> None:
        """What the callee was played, µ-law."""
        _keep(self._other, payload, self.manned)

    def tick(self) -> None:
        """20 ms have passed."""
        if self.manned:
            left, right = _frame(self._callee), _frame(self._other)
            for hear in tuple(self._ears):
                hear(decode_ulaw(left), decode_ulaw(right))


def _keep(line: bytearray, payload: bytes, wanted: bool) -> None:
    if wanted:
        line += payload
        del line[:-_MOST]


def _frame(line: bytearray) -> bytes:
    frame = bytes(line[:_FRAME])
    del line[:_FRAME]
    return frame.ljust(_FRAME, bytes([QUIET]))
