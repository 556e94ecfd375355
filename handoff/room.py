"""The conversation of a customer with a human: every 20 ms everybody hears what they are meant to hear."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Literal

from handoff.bridge import AudioEnd, Bridged, Frame
from handoff.frames import level, mixed
from handoff.hold_tone import hold_frame
from handoff.jitter import JitterBuffer
from handoff.voice import Floor, Voice
from handoff.wire import Connected, Level, Party, Refused

log = logging.getLogger(__name__)

TICK_S: Final = 0.02
_CATCH_UP: Final = 3
"""Ticks made up for after a stall; what is lost beyond is skipped."""
_LEVELS_EVERY: Final = 10
_HOLD_REMINDS: Final = 3_000
"""Ticks: 60 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOptions:
    """Times in seconds."""

    return_s: float = 6.0
    """How long an agent whose connection is lost may take to come back."""


class Room(Floor):
    """One bridge. `run` ends when somebody left for good; it never lasts longer than the callee's line.

    The callee hears the human, a supervisor who barges in, or the hold tone while nobody is there to talk: on
    hold, and while a lost connection is waited for.
    """

    def __init__(
        self, offer_id: str, callee: AudioEnd, human: Voice, options: RoomOptions | None = None
    ) -> None:
        self.offer_id = offer_id
        self.human = human
        self._callee = callee
        self._options = options or RoomOptions()
        self._from_callee = JitterBuffer()
        self._supervisor: tuple[Voice, Literal["whisper", "barge"]] | None = None
        self._held = False
        self._lost_at: float | None = None
        self._quiet_ticks = 0
        self._ticks = 0
        self._peaks = [-90, -90]
        self._over: asyncio.Future[Bridged] = asyncio.get_running_loop().create_future()
        self._began = asyncio.get_running_loop().time()

    @property
    def by_telephone(self) -> bool:
        return False

    @property
    def from_callee(self) -> JitterBuffer:
        """For counting."""
        return self._from_callee

    @property
    def held(self) -> bool:
        return self._held

    async def run(self) -> Bridged:
        """Carry sound until the conversation is over."""
        self.human.enter(self)
        if self.human.gone:
            self.lost()
        else:
            # Not before: what an agent says to a customer who cannot hear it yet is lost.
            await self.human.tell(Connected(offer_id=self.offer_id))
        tasks = (asyncio.create_task(self._listen()), asyncio.create_task(self._tick_on()))
        try:
            return await self._over
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.human.leave_floor()
            self._tell_what_was_lost()

    def _tell_what_was_lost(self) -> None:
        lost = {"of_callee": self._from_callee.dropped, "of_human": self.human.inbox.dropped}
        if any(lost.values()):
            log.warning(
                "frames were lost in a conversation: this process or its network stood still for over a second",
                extra={"offer_id": self.offer_id, **lost},
            )

    # What the human asks for

    def hold(self, on: bool) -> None:
        self._held = on
        self._quiet_ticks = 0
        self._from_callee.clear()

    def hang_up(self) -> None:
        self._end("agent")

    def hand_back(self, note: str) -> None:
        self._end("handed_back", note=note)

    def lost(self) -> None:
        """The human's connection is gone: they have a moment to come back."""
        if self._lost_at is None:
            self._lost_at = asyncio.get_running_loop().time()
            self._quiet_ticks = 0

    async def rejoin(self, voice: Voice) -> None:
        """The human is back over another connection."""
        self.human.leave_floor()
        self.human, self._lost_at, self._held = voice, None, False
        voice.enter(self)
        await voice.tell(Connected(offer_id=self.offer_id, resumed=True))

    # What a supervisor does

    async def join(self, supervisor: Voice, mode: Literal["whisper", "barge"]) -> None:
        """Let a supervisor be heard, by the human alone or by both; the human is told. One at a time."""
        self._supervisor = (supervisor, mode)
        supervisor.aside = True
        supervisor.inbox.clear()
        await self.human.tell(Party(name=supervisor.name, mode=mode))

    async def part(self, supervisor: Voice) -> None:
        """The supervisor is heard no more."""
        if self._supervisor is not None and self._supervisor[0] is supervisor:
            self._supervisor, supervisor.aside = None, False
            await self.human.tell(Party(name=supervisor.name, mode="gone"))

    async def take_over(self, supervisor: Voice) -> None:
        """The human is released; the customer goes on with the supervisor."""
        await self.human.tell(Party(name=supervisor.name, mode="take_over"))
        self._end("taken_over", taken_by=supervisor.agent_id)

    # The sound

    async def _listen(self) -> None:
        try:
            while (frame := await self._callee.receive()) is not None:
                self._from_callee.put(frame)
        except Exception as error:
            self._fail(error)
        else:
            self._end("callee")

    async def _tick_on(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while not self._over.done():
                due = max(due + TICK_S, loop.time() - _CATCH_UP * TICK_S)
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._tick(loop.time())
        except Exception as error:
            self._fail(error)

    async def _tick(self, now: float) -> None:
        callee = self._from_callee.take()
        human = self.human.inbox.take()
        if self.human.muted:
            human = None
        supervisor, loud = self._supervising()
        alone = self._held or self._lost_at is not None
        if alone:
            await self._callee.send(mixed(hold_frame(self._quiet_ticks), supervisor if loud else None))
            self._quiet_ticks += 1
        else:
            await self._callee.send(mixed(human, supervisor if loud else None))
        if self._lost_at is None:
            self.human.hear(mixed(None if self._held else callee, supervisor))
            await self._show(callee, human)
        elif now - self._lost_at >= self._options.return_s:
            self._end("agent_left")
        if self._held and self._quiet_ticks == _HOLD_REMINDS:
            await self.human.tell(Refused(message="客户已等待一分钟，请恢复通话或转回机器人"))

    def _supervising(self) -> tuple[Frame | None, bool]:
        """What a supervisor says in this tick, and whether the callee hears it."""
        if self._supervisor is None:
            return None, False
        voice, mode = self._supervisor
        frame = voice.inbox.take()
        return (None if voice.muted else frame), mode == "barge"

    async def _show(self, callee: Frame | None, human: Frame | None) -> None:
        """Levels five times a second, and a ping that shows whether the human keeps up."""
        self._peaks = [max(self._peaks[0], level(callee)), max(self._peaks[1], level(human))]
        self._ticks += 1
        if self._ticks % _LEVELS_EVERY == 0:
            if self.human.shows_levels:
                await self.human.tell(Level(callee=self._peaks[0], agent=self._peaks[1]))
            self._peaks = [-90, -90]
            self.human.ping()

    # The end

    def fail(self, error: str) -> None:
        """The path is broken."""
        self._end("failed", error=error)

    def _fail(self, error: Exception) -> None:
        self.fail(f"{type(error).__name__}: {error}")

    def _end(
        self,
        by: Literal["callee", "agent", "agent_left", "handed_back", "taken_over", "failed"],
        *,
        error: str = "",
        note: str = "",
        taken_by: str = "",
    ) -> None:
        if not self._over.done():
            lasted = round((asyncio.get_running_loop().time() - self._began) * 1000)
            self._over.set_result(
                Bridged(ended_by=by, duration_ms=lasted, error=error, note=note, taken_by=taken_by)
            )
