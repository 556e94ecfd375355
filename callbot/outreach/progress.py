"""What happens while a batch runs, as values for a screen or a log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from callbot.outreach.permit import Block
from callbot.store.settlement import Settlement
from callbot.telephony.control import CallState


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """An attempt that a lost worker left open was ended."""

    settlement: Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The planner looked at the members of the batch."""

    queued: int
    blocked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Opener written and spoken into the cache; nobody was dialled yet."""

    attempt_id: str
    customer_id: str
    name: str
    opener: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The permit was refused at the last moment."""

    attempt_id: str
    customer_id: str
    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Not dialled for a reason of our own; tried again later."""

    attempt_id: str
    customer_id: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    attempt_id: str
    customer_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChanged:
    """The carrier reports where the call stands."""

    attempt_id: str
    customer_id: str
    state: CallState


@dataclass(frozen=True, slots=True, kw_only=True)
class InCall:
    """Somebody picked up and the conversation begins."""

    attempt_id: str
    customer_id: str
    call_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The attempt is over and everything that follows from it is stored."""

    attempt_id: str
    customer_id: str
    name: str
    settlement: Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """No new call is placed; calls under way are ended."""

    running: int


Progress: TypeAlias = (
    Recovered | Queued | Prepared | Blocked | SetAside | Dialling | LineChanged | InCall | Settled | Stopping
)
OnProgress: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnd:
    """How a run of a batch ended."""

    done: bool
    """Nobody is left to call: the batch is done."""
    stopped: bool
    """Somebody stopped it; a second start goes on with the rest."""
    waiting: int = 0
    """Attempts and members that wait for their time."""
    until: datetime | None = None
    """When the first of them may be called, UTC."""
