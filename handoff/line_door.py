"""Where media processes bring customers who need a human: one websocket for each offer, at `/line`."""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

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
    decode_from_media,
)
from handoff.messages import BadMessage, encode
from handoff.telephone import Bell, Rang

log = logging.getLogger(__name__)

CLOSED_BAD_TOKEN: Final = 4401
CLOSED_BAD_MESSAGE: Final = 4400
_FIRST_S: Final = 10.0
_RANG_S: Final = 15.0
"""How much later than asked a media process may say what became of ringing a telephone."""
_FORM_S: Final = 30.0
"""What the agent gets for the form of a customer whose media process is gone."""


class LineDoor:
    """Lets the desk serve customers of other processes. `token` is what they share with it."""

    def __init__(self, desk: Desk, token: str) -> None:
        if not token:
            raise ValueError("media processes sign in with a token that is not empty")
        self._desk = desk
        self._token = token
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, connection: ServerConnection) -> None:
        """One offer from `place` to its form. Returns when the connection is over."""
        task = asyncio.create_task(self._serve(connection), name="line")
        self._serving.add(task)
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
        finally:
            self._serving.discard(task)

    async def aclose(self) -> None:
        """The desk closes: offers and bridges end, forms that have not come stay empty."""
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _serve(self, connection: ServerConnection) -> None:
        try:
            async with asyncio.timeout(_FIRST_S):
                order = decode_from_media(await connection.recv())
        except (TimeoutError, BadMessage):
            await connection.close(CLOSED_BAD_MESSAGE, "the first message is place with a token")
            return
        except ConnectionClosed:
            return
        if not isinstance(order, Place) or not secrets.compare_digest(order.token, self._token):
            await connection.close(CLOSED_BAD_TOKEN, "unknown token")
            return
        customer = _Customer(connection, self._desk, order.offer.id)
        reading = asyncio.create_task(customer.read(), name=f"line-{order.offer.id}")
        try:
            await self._place(order, customer, reading)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _place(self, order: Place, customer: _Customer, reading: asyncio.Task[None]) -> None:
        telephone = _FarTelephone(customer) if order.telephones else None
        placing = asyncio.create_task(self._desk.place(order.offer, telephone), name=f"place-{order.offer.id}")
        try:
            await asyncio.wait({placing, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not placing.done():  # the customer left, which abandons the offer
                placing.cancel()
                await asyncio.gather(placing, return_exceptions=True)
        if placing.cancelled():
            return
        match placing.result():
            case NotPlaced() as nobody:
                await customer.tell(NobodyPlaced(answer=nobody))
            case Placed() as placed:
                await customer.tell(AgentPlaced(placed=placed))
                await self._talk(placed, customer)

    async def _talk(self, placed: Placed, customer: _Customer) -> None:
        if not isinstance(await customer.next(), OpenBridge):
            customer.end.leave()  # they left before they spoke: the agent is told so
        carrying = asyncio.create_task(customer.end.carry())
        try:
            bridged = await self._desk.bridge(placed, customer.end)
        finally:
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)
        await customer.tell(BridgeOver(bridged=bridged))
        message = await customer.next()
        wait_s = message.timeout_s if isinstance(message, AskWrapUp) else _FORM_S
        form = await self._desk.wrap_up(placed, wait_s)
        await customer.tell(WrittenUp(form=form))


class _Customer:
    """The media process's side of one offer."""

    def __init__(self, connection: ServerConnection, desk: Desk, offer_id: str) -> None:
        self.end = LineEnd(connection)
        self._connection = connection
        self._desk = desk
        self._offer_id = offer_id
        self.rang: asyncio.Future[Rang] | None = None
        """While their side rings a telephone."""
        self._said: asyncio.Queue[FromMedia | None] = asyncio.Queue()

    async def read(self) -> None:
        """Sort what comes into sound and control until the connection is over."""
        try:
            async for message in self._connection:
                if isinstance(message, bytes):
                    self.end.heard(message)
                    continue
                said = decode_from_media(message)
                match said:
                    case CalleeLeft():
                        self.end.leave()
                    case BetterBrief(brief=brief):
                        await self._desk.tell(self._offer_id, brief)
                    case NewLine(line=line):
                        await self._desk.tell(self._offer_id, line)
                    case TelephoneHungUp():
                        await self._desk.tell(self._offer_id, TelephoneDown())
                    case TelephoneRang(result=result):
                        if self.rang is not None and not self.rang.done():
                            self.rang.set_result(result)
                    case _:
                        self._said.put_nowait(said)
        except ConnectionClosed:
            log.info("a media process dropped its connection to the desk")
        except BadMessage as bad:
            log.warning("unreadable message from a media process", extra={"problem": str(bad)})
            await self._connection.close(CLOSED_BAD_MESSAGE, "unreadable message")
        finally:
            self.end.leave()
            self._said.put_nowait(None)

    async def next(self) -> FromMedia | None:
        """The next control message; None once the connection is over."""
        return await self._said.get()

    async def tell(self, message: FromDesk) -> None:
        with suppress(ConnectionClosed):
            await self._connection.send(encode(message))


class _FarTelephone(Bell):
    """Rung by the media process, which joins it with its customer as well."""

    def __init__(self, customer: _Customer) -> None:
        self._customer = customer

    async def ring(self, number: str, timeout_s: float) -> Rang:
        self._customer.rang = asyncio.get_running_loop().create_future()
        await self._customer.tell(RingTelephone(number=number, timeout_s=timeout_s))
        try:
            async with asyncio.timeout(timeout_s + _RANG_S):
                return await self._customer.rang
        except TimeoutError:
            await self.part()
            return "failed"
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.create_task(self.part()))
            raise

    async def part(self) -> None:
        self._customer.rang = None
        await self._customer.tell(LeaveTelephone())
