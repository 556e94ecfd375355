"""What an agent's screen and the desk say to each other: JSON text for control, binary for sound.

A binary message is mono signed 16-bit little-endian PCM at 8 kHz, 20 ms (320 bytes) as a rule. The first
message of a connection is `hello` with the token: tokens do not belong into addresses, which end up in logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from handoff.messages import decode
from handoff.offer import TransferOffer, WrapUp
from handoff.presence import Presence

FRAME_BYTES: Final = 320
"""One frame of 20 ms."""
FRAME_S: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Agent → desk, first of all."""

    token: str
    type: Literal["hello"] = "hello"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPresence:
    """Agent → desk: available or on a break."""

    presence: Literal[Presence.AVAILABLE, Presence.BREAK]
    type: Literal["presence"] = "presence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Agent → desk: I take this customer."""

    offer_id: str
    type: Literal["accept"] = "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Agent → desk: not me."""

    offer_id: str
    reason: str = ""
    type: Literal["decline"] = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """Agent → desk: I end the conversation."""

    type: Literal["hangup"] = "hangup"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWrapUp:
    """Agent → desk: what came of it."""

    offer_id: str
    form: WrapUp
    type: Literal["wrap_up"] = "wrap_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Desk → agent: signed in."""

    agent_id: str
    name: str
    type: Literal["welcome"] = "welcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceIs:
    """Desk → agent: your presence now."""

    presence: Presence
    type: Literal["presence"] = "presence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Desk → agent: a customer for you; answer within `timeout_s` seconds."""

    offer: TransferOffer
    timeout_s: float
    type: Literal["ring"] = "ring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """Desk → agent: this offer is not yours any more."""

    offer_id: str
    why: Literal["timeout", "customer_left", "taken"]
    type: Literal["withdrawn"] = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Desk → agent: speak, the customer hears you."""

    offer_id: str
    type: Literal["connected"] = "connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Desk → agent: the conversation is over; now the wrap-up."""

    offer_id: str
    by: Literal["callee", "agent", "failed"]
    type: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Desk → agent: that did not go; `message` is zh-CN, for the screen."""

    message: str
    type: Literal["refused"] = "refused"


FromAgent: TypeAlias = Hello | SetPresence | Accept | Decline | HangUp | SendWrapUp
FromDesk: TypeAlias = Welcome | PresenceIs | Ring | Withdrawn | Connected | Ended | Refused

_from_agent: TypeAdapter[FromAgent] = TypeAdapter(Annotated[FromAgent, Field(discriminator="type")])
_from_desk: TypeAdapter[FromDesk] = TypeAdapter(Annotated[FromDesk, Field(discriminator="type")])


def decode_from_agent(text: str) -> FromAgent:
    """Raises `BadMessage`."""
    return decode(_from_agent, text)


def decode_from_desk(text: str) -> FromDesk:
    """Raises `BadMessage`."""
    return decode(_from_desk, text)
