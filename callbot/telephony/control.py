"""Call control: placing, watching and ending calls at a carrier, as a port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


class CallState(StrEnum):
    """Where a placed call stands."""

    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class LineCause(StrEnum):
    """Why a call ended or never began, after all evidence was put together."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    POWER_OFF = "power_off"
    UNREACHABLE = "unreachable"
    SUSPENDED = "suspended"
    INVALID_NUMBER = "invalid_number"
    NETWORK = "network"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequest:
    """One call to place. `token` comes back in the media stream's start message and proves it is ours."""

    to: str
    """E.164."""
    from_: str
    media_url: str
    """ws(s):// address of the media worker that holds the reserved slot."""
    token: str
    """The ledger row's dial token: the carrier is asked by it after a crash."""
    ring_timeout_s: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProgress:
    """A change at the carrier. Raw evidence is kept beside the fused cause."""

    sid: str
    state: CallState
    cause: LineCause | None = None
    """Set when `state` is ended."""
    sip_code: int | None = None
    q850: int | None = None
    raw: dict[str, str] = field(default_factory=dict)


class CallControl(Protocol):
    """One carrier. Only outreach and app may hold one: the permit is the only door."""

    async def place(self, request: DialRequest) -> str:
        """Ask the carrier to dial; the carrier's call id. Raises `CarrierRefused` or `CarrierUnknown`."""
        ...

    def watch(self, sid: str) -> AsyncIterator[CallProgress]:
        """Changes of one call until and including its end."""
        ...

    async def hang_up(self, sid: str) -> None:
        """End a call; a call that is gone already is not an error."""
        ...

    async def find(self, token: str) -> CallProgress | None:
        """The state of the call placed with this token, None if the carrier never saw it (reconciliation)."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRequest:
    """Ring an agent's own telephone and let whoever answers wait in a room of the carrier."""

    to: str
    """E.164, or a SIP address where the carrier reaches some."""
    from_: str
    room: str
    """A name that nobody else uses. The room ends when either side leaves."""
    ring_timeout_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """Move an answered call into the room, with a fork of both sides to us, and back when the room ends."""

    room: str
    media_url: str
    fork_token: str
    """Comes back in the start message of the fork."""
    back_token: str
    """The same of the two-way stream that begins when the room has ended."""


@runtime_checkable
class BridgingControl(CallControl, Protocol):
    """A carrier that can connect a call of ours with an agent's telephone, beside us."""

    async def ring(self, request: RingRequest) -> str:
        """Dial the telephone; the carrier's call id, to be watched. Raises as `place`."""
        ...

    async def join(self, sid: str, request: JoinRequest) -> bool:
        """Move the call; False when it is gone. The stream that it had ends. Raises `CarrierUnknown`."""
        ...

    async def bring_back(self, sid: str, media_url: str, token: str) -> bool:
        """Connect the call with our media server again, wherever it is; False when it is gone. Raises
        `CarrierUnknown`."""
        ...


class CarrierRefused(Exception):
    """The carrier answered and placed no call. `retryable` after a trunk fault, not after a bad number."""

    def __init__(self, message: str, *, cause: LineCause, retryable: bool) -> None:
        super().__init__(message)
        self.cause = cause
        self.retryable = retryable


class CarrierUnknown(Exception):
    """No usable answer: the call may or may not have been placed. Never dial again; reconcile by token."""
