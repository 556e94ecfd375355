"""What a media process and the desk say to each other about one customer: one websocket for one offer.

The media process opens it with `place` and the shared token. JSON text is control; a binary message is sound as
in `handoff.wire`: from the media process the customer, from the desk the agent. Closing it before an agent is
there abandons the offer, closing it later is the customer's leaving.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from handoff.bridge import Bridged
from handoff.desk import NotPlaced, Placed
from handoff.messages import decode
from handoff.offer import Brief, Line, TransferOffer, WrapUp
from handoff.telephone import Rang


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Media → desk, first of all: find a human for this customer."""

    token: str
    offer: TransferOffer
    telephones: bool = False
    """The customer's carrier reaches agents' own telephones."""
    type: Literal["place"] = "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneRang:
    """Media → desk: what became of ringing the telephone."""

    result: Rang
    type: Literal["rang"] = "rang"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneHungUp:
    """Media → desk: the agent hung their telephone up."""

    type: Literal["telephone_down"] = "telephone_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class BetterBrief:
    """Media → desk: the card, written better."""

    brief: Brief
    type: Literal["brief"] = "brief"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """Media → desk: what was just said, for the agent's screen."""

    line: Line
    type: Literal["said"] = "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBridge:
    """Media → desk: the customer's sound comes now."""

    type: Literal["bridge"] = "bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeLeft:
    """Media → desk: the customer is gone; the agent's form is still awaited."""

    type: Literal["callee_left"] = "callee_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWrapUp:
    """Media → desk: send the form, after `timeout_s` seconds an empty one."""

    timeout_s: float
    type: Literal["wrap_up"] = "wrap_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingTelephone:
    """Desk → media: ring the telephone of an agent who accepted."""

    number: str
    timeout_s: float
    type: Literal["ring_telephone"] = "ring_telephone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveTelephone:
    """Desk → media: stop its ringing, or hang it up if it was answered."""

    type: Literal["leave_telephone"] = "leave_telephone"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlaced:
    """Desk → media: an agent is on the audio path."""

    placed: Placed
    type: Literal["placed"] = "placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyPlaced:
    """Desk → media: nobody took the customer."""

    answer: NotPlaced
    type: Literal["not_placed"] = "not_placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeOver:
    """Desk → media: one side left, or the path broke."""

    bridged: Bridged
    type: Literal["bridged"] = "bridged"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenUp:
    """Desk → media: what the agent wrote down."""

    form: WrapUp
    type: Literal["written_up"] = "written_up"


FromMedia: TypeAlias = (
    Place | BetterBrief | NewLine | TelephoneRang | TelephoneHungUp | OpenBridge | CalleeLeft | AskWrapUp
)
FromDesk: TypeAlias = RingTelephone | LeaveTelephone | AgentPlaced | NobodyPlaced | BridgeOver | WrittenUp

_from_media: TypeAdapter[FromMedia] = TypeAdapter(Annotated[FromMedia, Field(discriminator="type")])
_from_desk: TypeAdapter[FromDesk] = TypeAdapter(Annotated[FromDesk, Field(discriminator="type")])


def decode_from_media(text: str | bytes) -> FromMedia:
    """Raises `BadMessage`."""
    return decode(_from_media, text)


def decode_from_desk(text: str | bytes) -> FromDesk:
    """Raises `BadMessage`."""
    return decode(_from_desk, text)
