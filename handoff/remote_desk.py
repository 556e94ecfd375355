"""The desk of another process: `Desk` over one websocket for each offer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from handoff.bridge import AudioEnd, Bridged
from handoff.desk import Desk, NotPlaced, Placed, TelephoneDown
from handoff.line_end import LineEnd
from handoff.line_wire import (
    AgentPlaced,
    AskWrapUp,
    BetterBrief,
    BridgeOver,
    CalleeLeft,
    FromDesk,
    FromMedia,
    LeaveTelephone,
    NewLine,
    NobodyPlaced,
    OpenBridge,
    Place,
    RingTelephone,
    TelephoneHungUp,
    TelephoneRang,
    WrittenUp,
    decode_from_desk,
)
from handoff.messages import BadMessage, encode
from handoff.offer import Brief, Line, TransferOffer, WrapUp
from handoff.telephone import Bell

_CONNECT_S: Final = 5.0
_LET_GO_S: Final = 2.0
_UNUSED_S: Final = 20.0
"""An agent who was placed and never bridged is given back after this time: the customer left in between."""


class RemoteDesk(Desk):
    """Places customers at the desk that listens at `url` (`ws://…/line`); one that is not there is nobody."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._offers: dict[str, _Offer] = {}
        self._asking: dict[str, _Offer] = {}

    async def place(self, offer: TransferOffer, telephone: Bell | None = None) -> Placed | NotPlaced:
        """As `Desk.place`; cancelling it closes the socket, which abandons the offer."""
        try:
            connection = await connect(
                self._url,
                compression=None,
                open_timeout=_CONNECT_S,
                ping_interval=20,
                ping_timeout=20,
                proxy=None,
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
            return NotPlaced(
                offer_id=offer.id, result="no_agent", detail=f"desk {self._url}: {type(error).__name__}"
            )
        line = _Offer(connection)
        self._asking[offer.id] = line
        try:
            await line.tell(Place(token=self._token, offer=offer, telephones=telephone is not None))
            answer = await self._answer(line, telephone)
        except BaseException:
            await asyncio.shield(asyncio.create_task(line.aclose()))
            raise
        finally:
            del self._asking[offer.id]
        if isinstance(answer, AgentPlaced):
            self._offers[offer.id] = line
            line.expire(_UNUSED_S, lambda: self._offers.pop(offer.id, None))
            return answer.placed
        await line.aclose()
        if isinstance(answer, NobodyPlaced):
            return answer.answer
        return NotPlaced(offer_id=offer.id, result="no_agent", detail=f"desk {self._url}: {line.why}")

    @staticmethod
    async def _answer(line: _Offer, telephone: Bell | None) -> FromDesk | None:
        """What comes of the offer; telephones are rung for the desk meanwhile."""
        ringing: asyncio.Task[None] | None = None

        async def ring(order: RingTelephone, telephone: Bell) -> None:
            await line.tell(TelephoneRang(result=await telephone.ring(order.number, order.timeout_s)))

        async def leave() -> None:
            if ringing is not None:
                ringing.cancel()
                await asyncio.gather(ringing, return_exceptions=True)

        answer: FromDesk | None = None
        try:
            while isinstance(answer := await line.next(), (RingTelephone, LeaveTelephone)):
                await leave()
                if telephone is not None and isinstance(answer, LeaveTelephone):
                    await telephone.part()
                elif telephone is not None and isinstance(answer, RingTelephone):
                    ringing = asyncio.create_task(ring(answer, telephone))
        finally:
            await leave()
            if telephone is not None and not isinstance(answer, AgentPlaced):
                await asyncio.shield(asyncio.create_task(telephone.part()))
        return answer

    async def tell(self, offer_id: str, news: Brief | Line | TelephoneDown) -> None:
        line = self._offers.get(offer_id) or self._asking.get(offer_id)
        if line is None:
            return
        match news:
            case Brief():
                await line.tell(BetterBrief(brief=news))
            case Line():
                await line.tell(NewLine(line=news))
            case TelephoneDown():
                await line.tell(TelephoneHungUp())

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        """As `Desk.bridge`; `failed` when the desk goes away, and the bot comes back."""
        began = time.monotonic()
        line = self._offers.get(placed.offer_id)
        if line is None:
            return Bridged(ended_by="failed", duration_ms=0, error="the desk's connection is gone")
        line.keep()
        await line.tell(OpenBridge())
        pumps = (
            asyncio.create_task(_customer_to_desk(callee, line)),
            asyncio.create_task(_desk_to_customer(line, callee)),
            asyncio.create_task(line.end.carry()),
        )
        try:
            over = await line.next()
        except asyncio.CancelledError:
            await line.tell(CalleeLeft())
            raise
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        if isinstance(over, BridgeOver):
            return over.bridged
        # The path broke here or the desk is gone. One that is there shall have let the agent go by now.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LET_GO_S):
                await line.tell(CalleeLeft())
                await line.next()
        self._offers.pop(placed.offer_id, None)
        await line.aclose()
        lasted = round((time.monotonic() - began) * 1000)
        return Bridged(ended_by="failed", duration_ms=lasted, error=line.why)

    async def wrap_up(self, placed: Placed, timeout_s: float) -> WrapUp:
        """As `Desk.wrap_up`; empty when the desk is gone."""
        line = self._offers.pop(placed.offer_id, None)
        if line is None:
            return WrapUp()
        try:
            await line.tell(AskWrapUp(timeout_s=timeout_s))
            answer = await line.next()
        finally:
            await asyncio.shield(asyncio.create_task(line.aclose()))
        return answer.form if isinstance(answer, WrittenUp) else WrapUp()


class _Offer:
    """The connection of one offer."""

    def __init__(self, connection: ClientConnection) -> None:
        self.end = LineEnd(connection)
        self.why = "closed the connection"
        self._connection = connection
        self._said: asyncio.Queue[FromDesk | None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read(), name="desk-line")
        self._expiry: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def _read(self) -> None:
        try:
            async for message in self._connection:
                if isinstance(message, bytes):
                    self.end.heard(message)
                else:
                    self._said.put_nowait(decode_from_desk(message))
            self.why = self._connection.close_reason or self.why
        except (ConnectionClosed, BadMessage) as error:
            self.why = f"{type(error).__name__}: {error}"
        finally:
            self.end.leave()
            self._said.put_nowait(None)

    async def next(self) -> FromDesk | None:
        """The next message; None once the connection is over."""
        return await self._said.get()

    def broke(self, error: Exception) -> None:
        """The customer's end of the path failed: the bridge is over."""
        self.why = f"{type(error).__name__}: {error}"
        self._said.put_nowait(None)

    async def tell(self, message: FromMedia) -> None:
        with suppress(ConnectionClosed):
            await self._connection.send(encode(message))

    def expire(self, seconds: float, forget: Callable[[], object]) -> None:
        """Close the connection unless it is kept before."""

        def expired() -> None:
            forget()
            self._closing = asyncio.get_running_loop().create_task(self.aclose())

        self._expiry = asyncio.get_running_loop().call_later(seconds, expired)

    def keep(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()

    async def aclose(self) -> None:
        self.keep()
        await self._connection.close()
        await asyncio.gather(self._reading, return_exceptions=True)


async def _customer_to_desk(callee: AudioEnd, line: _Offer) -> None:
    try:
        while (frame := await callee.receive()) is not None:
            await line.end.send(frame)
        await line.tell(CalleeLeft())
    except Exception as error:
        line.broke(error)


async def _desk_to_customer(line: _Offer, callee: AudioEnd) -> None:
    try:
        while (frame := await line.end.receive()) is not None:
            await callee.send(frame)
    except Exception as error:
        line.broke(error)
