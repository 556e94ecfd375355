"""A carrier's stream from its first message to its admission: nobody's at first, then a line's, or refused."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from callbot.telephony.carrier_socket import CarrierSocket, Message, SocketWire
from callbot.telephony.codec import MalformedFrame, MediaCodec, StreamStarted
from callbot.telephony.seat import Seat

_log = structlog.get_logger(__name__)

Admit = Callable[[StreamStarted, SocketWire], Seat]
"""The seat of a stream that has started. Raises `Refused`."""


class Refused(Exception):
    """The stream is closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Arrival:
    """One socket at the door."""

    def __init__(self, socket: CarrierSocket, wire: SocketWire, codec: MediaCodec, admit: Admit) -> None:
        self._socket = socket
        self._wire = wire
        self._codec = codec
        self._admit = admit
        self._seat: Seat | None = None
        self._refused = False

    def knock(self, message: Message) -> None:
        """A message before the stream has started; the ones after it go to the line."""
        try:
            event = self._codec.decode(message)
            if isinstance(event, StreamStarted):
                self._seat = self._admit(event, self._wire)
                self._socket.listen(self._seat.receive)
        except MalformedFrame as malformed:
            self._refuse(1002, malformed.code)
        except Refused as refused:
            self._refuse(refused.code, refused.reason)

    def late(self) -> None:
        """The stream should have started by now."""
        if self._seat is None and not self._refused:
            self._refuse(1008, "start-timeout")

    def gone(self) -> None:
        """The socket is gone."""
        if self._seat is not None:
            self._seat.lost()

    def _refuse(self, code: int, reason: str) -> None:
        _log.warning("media-stream-refused", reason=reason)
        self._refused = True
        self._socket.listen(_ignore)
        self._wire.close(code, reason)


def _ignore(_: Message) -> None:
    """What comes after a refusal is nobody's."""
