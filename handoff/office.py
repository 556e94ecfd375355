"""The desk of one process as the web meets it: the server, the people at it, and who watches over calls."""

from __future__ import annotations

from dataclasses import dataclass

from handoff.live_calls import CallsHere, LiveCall
from handoff.live_desk import LiveDesk
from handoff.server import DeskServer
from handoff.supervision import Supervision


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One of each."""

    server: DeskServer
    desk: LiveDesk
    calls: CallsHere
    """The running calls of this process."""
    supervision: Supervision


def open_office(server: DeskServer, desk: LiveDesk) -> Office:
    """The office around a desk; the media door of the server is asked for calls of other processes."""
    calls = CallsHere()

    def far(call_id: str) -> LiveCall | None:
        return server.media_door.find(call_id) if server.media_door is not None else None

    return Office(server=server, desk=desk, calls=calls, supervision=Supervision(desk, (calls.find, far)))
