"""A conference of two at the simulated carrier: each hears what the other says; one leaves, and it is over."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from asr_tts.g711 import ULAW_SILENCE

FRAME_BYTES: Final = 160
_SILENCE: Final = bytes([ULAW_SILENCE]) * FRAME_BYTES
_HELD_FRAMES: Final = 5
"""Two clocks of 20 ms need not tick together."""


class Seat:
    """One of the two, as the far end of their leg."""

    def __init__(self, room: Room, sid: str) -> None:
        self.sid = sid
        self.over = asyncio.Event()
        """Set when the conference is over for them."""
        self.heard: deque[bytes] = deque(maxlen=_HELD_FRAMES)
        self._room = room

    async def hear(self, now_ms: int) -> bytes:
        return self.heard.popleft() if self.heard else _SILENCE

    async def say(self, ulaw: bytes, now_ms: int) -> None:
        self._room.spread(self, ulaw)

    async def close(self) -> None:
        self._room.leave(self)


class Room:
    """One conference, by its name."""

    def __init__(self) -> None:
        self.seats: list[Seat] = []
        self.books: list[dict[str, Any]] = []
        """Who came and went, in order."""

    def enter(self, sid: str) -> Seat:
        """A third person is turned away at once."""
        seat = Seat(self, sid)
        if len(self.seats) >= 2:
            seat.over.set()
            return seat
        self.seats.append(seat)
        self.books.append({"sid": sid, "came": True, "there": len(self.seats)})
        return seat

    def leave(self, seat: Seat) -> None:
        """Whoever is still there is out as well. Idempotent."""
        if seat not in self.seats:
            return
        for each in (seat, *(other for other in self.seats if other is not seat)):
            self.seats.remove(each)
            self.books.append({"sid": each.sid, "came": False, "there": len(self.seats)})
            each.over.set()

    def spread(self, speaker: Seat, ulaw: bytes) -> None:
        for seat in self.seats:
            if seat is not speaker:
                seat.heard.append(ulaw)
