"""An agent's own telephone beside one answered call: rung, joined with the callee in the carrier, let go."""

from __future__ import annotations

import asyncio
import math
import secrets
from contextlib import suppress
from typing import Final

import structlog

from callbot.outreach.dial import hang_up
from callbot.telephony.carrier_socket import SocketWire
from callbot.telephony.codec import StreamStarted
from callbot.telephony.control import (
    BridgingControl,
    CallState,
    CarrierRefused,
    CarrierUnknown,
    JoinRequest,
    LineCause,
    RingRequest,
)
from callbot.telephony.media_line import MediaLine
from callbot.telephony.media_server import MediaServer, TakeSeat
from callbot.telephony.seat import Seat
from handoff.bridge import Frame
from handoff.telephone import Rang, Telephone, TelephoneFailed

_log = structlog.get_logger(__name__)

_MOVED_S: Final = 8.0
"""What the carrier gets to bring a stream of a call that it moved."""
_BY_ITSELF_S: Final = 2.0
"""The same where the end of the room is to bring it, before the carrier is told to."""
_LATE_S: Final = 2.0
"""How much later than asked a carrier may report that nobody answered."""


class AgentPhone(Telephone):
    """`Telephone` over call control. The callee's call is the one whose sound `line` carries."""

    def __init__(
        self,
        control: BridgingControl,
        line: MediaLine,
        media: MediaServer,
        *,
        media_url: str,
        from_number: str,
    ) -> None:
        """`media_url` is the address by which the carrier reaches `media`; agents see `from_number` call."""
        self._control = control
        self._line = line
        self._media = media
        self._media_url = media_url
        self._from = from_number
        self._callee = line.stream.call_sid
        self._room = ""
        self._sid = ""
        """The carrier's id of the telephone's call, while there is one."""
        self._watching: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
        self._forked = asyncio.Event()
        self._back = asyncio.Event()
        self._moved = False
        """The carrier was asked to move the callee."""
        self._tokens: list[str] = []
        self._ending: set[asyncio.Future[None]] = set()

    async def ring(self, number: str, timeout_s: float) -> Rang:
        self._room, self._gone = f"callbot-{secrets.token_hex(12)}", asyncio.Event()
        try:
            async with asyncio.timeout(timeout_s + _LATE_S):
                rang = await self._answered(number, timeout_s)
        except TimeoutError:
            rang = "no_answer"
        except (CarrierRefused, CarrierUnknown) as error:
            _log.warning("agent_phone.failed", call_sid=self._callee, error=str(error))
            rang = "failed"
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.create_task(self._let_go()))
            raise
        if rang != "answered":
            await self._let_go()
        return rang

    async def _answered(self, number: str, timeout_s: float) -> Rang:
        request = RingRequest(
            to=number, from_=self._from, room=self._room, ring_timeout_s=max(5, math.ceil(timeout_s))
        )
        placing = asyncio.ensure_future(self._control.ring(request))
        try:
            self._sid = await asyncio.shield(placing)
        except asyncio.CancelledError:
            placing.add_done_callback(self._not_wanted)
            raise
        answered: asyncio.Future[Rang] = asyncio.get_running_loop().create_future()
        self._watching = asyncio.create_task(self._watch(self._sid, answered, self._gone), name="agent-phone")
        return await answered

    def _not_wanted(self, placing: asyncio.Future[str]) -> None:
        """Nobody waits any more for a telephone that begins to ring only now."""
        if not placing.cancelled() and placing.exception() is None:
            task = asyncio.ensure_future(hang_up(self._control, placing.result()))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _watch(self, sid: str, answered: asyncio.Future[Rang], gone: asyncio.Event) -> None:
        """Follow the telephone's call to its end.

        A carrier that answers no question any more ends no conversation: the end of the room still brings the
        callee back.
        """
        rang: Rang = "failed"
        lost = False
        try:
            async for progress in self._control.watch(sid):
                if progress.state is CallState.ANSWERED and not answered.done():
                    answered.set_result("answered")
                if progress.state is CallState.ENDED:
                    rang = _rang(progress.cause)
                    self._sid = "" if self._sid == sid else self._sid
        except CarrierUnknown as error:
            _log.warning("agent_phone.lost", call_sid=self._callee, error=str(error))
            lost = answered.done()
        finally:
            if not answered.done():
                answered.set_result(rang)
            if not lost:
                gone.set()
            if not lost and (away := self._line.away) is not None:
                away.human.leave()

    @property
    def up(self) -> bool:
        """Somebody answered it and holds it."""
        return bool(self._sid) and not self._gone.is_set()

    async def join(self) -> None:
        if not self.up:
            raise TelephoneFailed("the agent's telephone hung up before the customer came")
        fork, back = secrets.token_hex(16), secrets.token_hex(16)
        self._forked.clear()
        self._back.clear()
        self._expect(fork, self._follow)
        self._expect(back, self._come_back)
        request = JoinRequest(room=self._room, media_url=self._media_url, fork_token=fork, back_token=back)
        self._line.depart()
        try:
            moved = await self._control.join(self._callee, request)
        except CarrierUnknown as error:
            self._moved = True  # it may have done it
            raise TelephoneFailed(str(error)) from error
        if not moved:
            self._line.depart(False)
            raise TelephoneFailed("the customer's call is gone")
        self._moved = True
        if not await _within(self._forked, _MOVED_S):
            raise TelephoneFailed(f"the carrier sent no fork of the conversation within {_MOVED_S:g} s")
        if self._gone.is_set():
            raise TelephoneFailed("the agent's telephone hung up as the customer came")

    def _follow(self, stream: StreamStarted, wire: SocketWire) -> Seat:
        self._forked.set()
        return self._line.follow(stream, wire)

    def _come_back(self, stream: StreamStarted, wire: SocketWire) -> Seat:
        self._back.set()
        return self._line.come_back(stream, wire)

    def _expect(self, token: str, take: TakeSeat) -> None:
        self._media.expect_again(token, take)
        self._tokens.append(token)

    async def said(self) -> Frame | None:
        away = self._line.away
        return await away.human.receive() if away is not None and self.up else None

    async def part(self) -> None:
        """The end of the room brings the callee back by itself; where it does not, the carrier is told to."""
        await self._let_go()
        try:
            if self._moved and not self._line.over:
                await self._return()
        finally:
            self._moved = False
            for token in self._tokens:
                self._media.expect_no_more(token)
            self._tokens.clear()

    async def _return(self) -> None:
        if await _within(self._back, _BY_ITSELF_S) or self._line.over:
            return
        token = secrets.token_hex(16)
        self._expect(token, self._come_back)
        gone = False
        with suppress(CarrierUnknown):
            gone = not await self._control.bring_back(self._callee, self._media_url, token)
        if not gone and await _within(self._back, _MOVED_S):
            return
        if gone:
            self._line.end("callee", "normal")
        else:
            self._line.end("carrier", "not-returned")

    async def _let_go(self) -> None:
        """Hang the telephone up; no effect when nothing rings or talks."""
        sid, self._sid = self._sid, ""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        self._gone.set()
        if sid:
            await hang_up(self._control, sid)


def _rang(cause: LineCause | None) -> Rang:
    match cause:
        case LineCause.BUSY | LineCause.REJECTED:
            return "busy"
        case LineCause.NO_ANSWER | LineCause.POWER_OFF | LineCause.UNREACHABLE | LineCause.NORMAL:
            return "no_answer"
        case _:
            return "failed"


async def _within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
