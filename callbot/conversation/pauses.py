"""How long this callee pauses in the middle of a turn, learnt as they speak. Pure."""

from __future__ import annotations

from collections.abc import Iterable

_MARGIN_MS = 250
"""Beyond their longest pause: speech is noticed a little after it begins."""
_LONGEST = 1.7
"""Times the configured silence: nobody is waited for longer."""
_UP = 0.5
_BACK = 0.15


class Pauses:
    """The silence that ends this callee's turn.

    Starts at the configured silence and never falls below it. A pause inside a turn that comes near it draws
    it up; turns without one let it come back slowly.
    """

    def __init__(self, configured_ms: int) -> None:
        self._configured_ms = configured_ms
        self._silence_ms = float(configured_ms)

    @property
    def silence_ms(self) -> int:
        return round(self._silence_ms)

    def cut_in(self, pause_ms: int) -> None:
        """The bot had taken their turn after less than this; they went on. Much longer, and it is a new one."""
        if pause_ms <= _LONGEST * self._configured_ms:
            self.learn([pause_ms])

    def learn(self, pauses_ms: Iterable[int]) -> None:
        """One turn is over; these were the pauses inside it, in ms."""
        wanted = min(max(pauses_ms, default=0) + _MARGIN_MS, round(_LONGEST * self._configured_ms))
        if wanted > self._silence_ms:
            self._silence_ms += _UP * (wanted - self._silence_ms)
        else:
            self._silence_ms -= _BACK * (self._silence_ms - self._configured_ms)
