"""How late a process is: the delays of its ticks, counted by the millisecond."""

from __future__ import annotations

from collections import deque

LATE_MS = 100
"""A tick this late has eaten half of what the carrier holds ahead."""
_TICKS_WATCHED = 500
"""Ten seconds."""
_LATE_TICKS = 5
_WORST_COUNTED_MS = 1_000


class Lag:
    """Delays since the start of the process. Pure; constant memory."""

    def __init__(self) -> None:
        self._counts = [0] * (_WORST_COUNTED_MS + 1)
        self.count = 0
        self.worst_ms = 0.0

    def add(self, seconds: float) -> None:
        """One delay; a negative one counts as none."""
        ms = max(0.0, seconds * 1000)
        self._counts[min(_WORST_COUNTED_MS, int(ms))] += 1
        self.count += 1
        self.worst_ms = max(self.worst_ms, ms)

    def percentile_ms(self, percent: float) -> float:
        """The delay that `percent` of all stay within, in whole ms; 0 before the first."""
        left = self.count * percent / 100
        for ms, count in enumerate(self._counts):
            left -= count
            if left <= 0:
                return float(min(ms + 1, _WORST_COUNTED_MS)) if self.count else 0.0
        return float(_WORST_COUNTED_MS)


class Strain:
    """Is a process too late for another call? It is when one tick in a hundred of the last 10 s was."""

    def __init__(self) -> None:
        self._late: deque[bool] = deque(maxlen=_TICKS_WATCHED)
        self._count = 0

    def add(self, seconds: float) -> None:
        """The delay of one tick."""
        if len(self._late) == _TICKS_WATCHED:
            self._count -= self._late[0]
        late = seconds * 1000 > LATE_MS
        self._late.append(late)
        self._count += late

    @property
    def overloaded(self) -> bool:
        return self._count >= _LATE_TICKS
