"""Where media processes report their running calls, at `/media`, and take what supervisors ask."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Final

from websockets.asyncio.server import ServerConnection

from handoff.connection import SocketConnection
from handoff.live_calls import Hear, LiveCall
from handoff.media_wire import (
    CallBegins,
    CallEnds,
    EndThis,
    Joined,
    ListenTo,
    MediaHello,
    TakeOver,
    ToMediaProcess,
    decode_from_media_process,
    unpack,
)
from handoff.messages import BadMessage, encode
from handoff.outbox import Outbox

log = logging.getLogger(__name__)

CLOSED_BAD_TOKEN: Final = 4401
CLOSED_BAD_MESSAGE: Final = 4400
_FIRST_S: Final = 10.0


class MediaDoor:
    """The running calls of all media processes. `token` is what they share with the desk."""

    def __init__(self, token: str, *, desk: str = "") -> None:
        """`desk` is the name that those who sign in are told."""
        if not token:
            raise ValueError("media processes sign in with a token that is not empty")
        self._token = token
        self._desk = desk
        self._calls: dict[str, _FarCall] = {}

    def find(self, call_id: str) -> LiveCall | None:
        return self._calls.get(call_id)

    async def serve(self, socket: ServerConnection) -> None:
        """One media process, until its connection is over."""
        connection = SocketConnection(socket)
        messages = connection.messages()
        try:
            async with asyncio.timeout(_FIRST_S):
                hello = decode_from_media_process(await anext(messages))
        except (TimeoutError, BadMessage, StopAsyncIteration):
            await connection.close(CLOSED_BAD_MESSAGE, "the first message is hello with a token")
            return
        if not isinstance(hello, MediaHello) or not secrets.compare_digest(hello.token, self._token):
            await connection.close(CLOSED_BAD_TOKEN, "unknown token")
            return
        outbox = Outbox(connection)
        mine = {call_id: _FarCall(call_id, outbox) for call_id in hello.calls}
        self._calls.update(mine)
        outbox.tell(encode(Joined(desk=self._desk)))
        try:
            async for message in messages:
                if isinstance(message, bytes):
                    if (sound := unpack(message)) is not None and (call := mine.get(sound[0])) is not None:
                        call.heard(sound[1], sound[2])
                    continue
                match decode_from_media_process(message):
                    case CallBegins(call_id=call_id):
                        mine[call_id] = self._calls[call_id] = _FarCall(call_id, outbox)
                    case CallEnds(call_id=call_id):
                        mine.pop(call_id, None)
                        self._calls.pop(call_id, None)
        except BadMessage as bad:
            log.warning("unreadable message from a media process", extra={"problem": str(bad)})
            await connection.close(CLOSED_BAD_MESSAGE, "unreadable message")
        finally:
            outbox.close()
            for call_id, call in mine.items():
                if self._calls.get(call_id) is call:
                    del self._calls[call_id]


class _FarCall(LiveCall):
    """A call of another process."""

    def __init__(self, call_id: str, outbox: Outbox) -> None:
        self._call_id = call_id
        self._outbox = outbox
        self._ears: list[Hear] = []

    def heard(self, left: object, right: object) -> None:
        for hear in tuple(self._ears):
            hear(left, right)  # type: ignore[arg-type]

    def listen(self, hear: Hear) -> Callable[[], None]:
        if not self._ears:
            self._tell(ListenTo(call_id=self._call_id, on=True))
        self._ears.append(hear)

        def stop() -> None:
            if hear in self._ears:
                self._ears.remove(hear)
                if not self._ears:
                    self._tell(ListenTo(call_id=self._call_id, on=False))

        return stop

    def take_over(self, supervisor: str) -> None:
        self._tell(TakeOver(call_id=self._call_id, supervisor=supervisor))

    def end(self) -> None:
        self._tell(EndThis(call_id=self._call_id))

    def _tell(self, message: ToMediaProcess) -> None:
        self._outbox.tell(encode(message))
