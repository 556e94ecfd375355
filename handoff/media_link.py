"""A media process tells the desk which calls it holds, and does what supervisors ask; reconnects by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, assert_never

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from handoff.bridge import Frame
from handoff.connection import Gone
from handoff.live_calls import CallsHere
from handoff.media_wire import (
    CallBegins,
    CallEnds,
    EndThis,
    Joined,
    ListenTo,
    MediaHello,
    TakeOver,
    ToMediaProcess,
    decode_to_media_process,
    pack,
)
from handoff.messages import BadMessage, encode
from handoff.outbox import Outbox

log = logging.getLogger(__name__)

_AGAIN_S: Final = 2.0


class MediaLink:
    """Keeps one connection to `url` (`ws://…/media`) while `run` runs."""

    def __init__(self, url: str, token: str, calls: CallsHere) -> None:
        self._url = url
        self._token = token
        self._calls = calls
        self._joined = asyncio.Event()
        self.why = "not tried yet"
        """Why the desk is away, while it is."""

    @property
    def joined(self) -> bool:
        """The desk is there and has let us in."""
        return self._joined.is_set()

    async def wait_joined(self) -> None:
        """Returns once the desk has let us in."""
        await self._joined.wait()

    async def run(self) -> None:
        """Until cancelled. A desk that is not there is tried again every two seconds; calls go on meanwhile."""
        while True:
            try:
                async with connect(self._url, compression=None, ping_interval=20, proxy=None) as socket:
                    await _Session(socket, self._calls, self._joined.set).run(self._token)
                self._away("closed the connection")
            except ConnectionClosed as closed:
                self._away(closed.rcvd.reason if closed.rcvd and closed.rcvd.reason else "lost the connection")
            except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
                self._away(type(error).__name__)
            finally:
                self._joined.clear()
            await asyncio.sleep(_AGAIN_S)

    def _away(self, why: str) -> None:
        if self.joined or why != self.why:
            log.warning("the desk at %s is away: %s", self._url, why)
        self.why = why


class _Wire:
    """A client socket as `Outbox` writes to it."""

    def __init__(self, socket: object) -> None:
        self._socket = socket

    async def send(self, message: str | bytes) -> None:
        try:
            await self._socket.send(message)  # type: ignore[attr-defined]
        except ConnectionClosed as closed:
            raise Gone from closed


class _Session:
    """One connection."""

    def __init__(self, socket: object, calls: CallsHere, on_joined: Callable[[], None]) -> None:
        self._socket = socket
        self._calls = calls
        self._on_joined = on_joined
        self._outbox = Outbox(_Wire(socket))
        self._stops: dict[str, Callable[[], None]] = {}

    async def run(self, token: str) -> None:
        self._outbox.tell(encode(MediaHello(token=token, calls=self._calls.ids())))
        unwatch = self._calls.watch(self._changed)
        try:
            async for message in self._socket:  # type: ignore[attr-defined]
                try:
                    self._do(decode_to_media_process(message))
                except BadMessage as bad:
                    log.warning("unreadable message from the desk", extra={"problem": str(bad)})
        finally:
            unwatch()
            for stop in self._stops.values():
                stop()
            self._outbox.close()

    def _changed(self, call_id: str, begins: bool) -> None:
        if not begins:
            self._stops.pop(call_id, None)
        self._outbox.tell(encode(CallBegins(call_id=call_id) if begins else CallEnds(call_id=call_id)))

    def _do(self, order: ToMediaProcess) -> None:
        if isinstance(order, Joined):
            self._on_joined()
            return
        call = self._calls.find(order.call_id)
        if call is None:
            return
        match order:
            case ListenTo():
                if (stop := self._stops.pop(order.call_id, None)) is not None:
                    stop()
                if order.on:
                    self._stops[order.call_id] = call.listen(self._sound_of(order.call_id))
            case TakeOver():
                call.take_over(order.supervisor)
            case EndThis():
                call.end()
            case _:
                assert_never(order)

    def _sound_of(self, call_id: str) -> Callable[[Frame, Frame], None]:
        def heard(left: Frame, right: Frame) -> None:
            self._outbox.sound(pack(call_id, left, right))

        return heard
