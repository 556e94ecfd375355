"""Where one process dials from: what all its attempts share, and the ports that they reach through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from callbot.clock import Clock
from callbot.conversation.line import Line
from callbot.conversation.plan import CallPlan
from callbot.conversation.result import CallResult, Journal
from callbot.conversation.writing import Writer
from callbot.outreach.dial import Expected
from callbot.outreach.dossier import Dossier
from callbot.outreach.trunk import TrunkLine
from callbot.store.database import Database
from callbot.store.tables import Attempt
from callbot.telephony.control import CallControl


class Conversation(Protocol):
    """Holds one conversation on an answered line and returns when it is over."""

    async def __call__(self, plan: CallPlan, line: Line, journal: Journal, event_log: Path) -> CallResult: ...


class MediaPort(Protocol):
    """Where answered calls arrive. Implemented by the media server."""

    @property
    def url(self) -> str: ...

    def expect(self, token: str, recording: Path | None = None) -> Expected:
        """Reserve a slot. Raises `Full`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Where one process dials from: what all its attempts share."""

    db: Database
    clock: Clock
    control: CallControl
    media: MediaPort
    conversation: Conversation
    dossier: Callable[[Attempt], Awaitable[Dossier]]
    """Reads the person, offers and flow of an attempt. Raises `CallbotError` when it cannot be called."""
    writer: Writer
    prepare: Callable[[str], Awaitable[None]]
    """Synthesises a text into the voice cache."""
    forget: Callable[[str], Awaitable[None]]
    """Removes it from there. Openers hold names: their audio ends with the attempt."""
    worker_id: str
    data: Path
    """Recordings and event logs go below it."""
    from_number: str
    trunk: TrunkLine = TrunkLine()  # noqa: RUF009 (frozen)
    """The line to the carrier, shared with other processes."""
    media_url: str = ""
    """Address the carrier is given; empty means the media server's own."""
    ring_timeout_s: int = 40
