"""The desk of one process as the web meets it: the server, the people at it, and who watches over calls."""

from __future__ import annotations

from dataclasses import dataclass

from handoff.live_desk import LiveDesk
from handoff.server import DeskServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One of each."""

    server: DeskServer
    desk: LiveDesk
