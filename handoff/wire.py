"""What an agent's screen and the desk say to each other: JSON text for control, binary for sound.

The first message of a program's connection is `hello` with the token: tokens do not belong into addresses,
which end up in logs. A browser has shown its session cookie and says no `hello`. Sound: `handoff.frames`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from handoff.frames import RAW_BYTES, SoundName
from handoff.messages import decode
from handoff.offer import Brief, TransferOffer, WrapUp
from handoff.presence import Presence

FRAME_BYTES: Final = RAW_BYTES
"""One frame of 20 ms of raw sound."""
FRAME_S: Final = 0.02

SupervisorMode: TypeAlias = Literal["listen", "whisper", "barge", "take_over"]
EndedBy: TypeAlias = Literal["callee", "agent", "agent_left", "handed_back", "taken_over", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Agent → desk, first of all."""

    token: str
    sound: SoundName = "raw"
    type: Literal["hello"] = "hello"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPresence:
    """Agent → desk: available or on a break."""

    presence: Literal[Presence.AVAILABLE, Presence.BREAK]
    reason: str = ""
    """Of a break."""
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
class Hold:
    """Either way: the customer hears the hold tone and nobody; or that is over."""

    on: bool
    type: Literal["hold"] = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Either way: the customer does not hear the agent; or does again."""

    on: bool
    type: Literal["mute"] = "mute"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBack:
    """Agent → desk: the bot shall go on."""

    note: str = ""
    type: Literal["hand_back"] = "hand_back"


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
class Ping:
    """Desk → agent: answer at once."""

    n: int
    type: Literal["ping"] = "ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """Agent → desk."""

    n: int
    type: Literal["pong"] = "pong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Desk → agent: signed in."""

    agent_id: str
    name: str
    sound: SoundName = "raw"
    break_reasons: tuple[str, ...] = ()
    telephone: str = ""
    """Where this agent talks, with all but its end hidden; empty: here."""
    type: Literal["welcome"] = "welcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceIs:
    """Desk → agent: your presence now."""

    presence: Presence
    reason: str = ""
    type: Literal["presence"] = "presence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Desk → agent: a customer for you; answer within `timeout_s` seconds."""

    offer: TransferOffer
    timeout_s: float
    waited_s: float = 0.0
    sla_s: float = 0.0
    escalation: int = 0
    type: Literal["ring"] = "ring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebrief:
    """Desk → agent: the card of your offer has been written better."""

    offer_id: str
    brief: Brief
    type: Literal["brief"] = "brief"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """Desk → agent: this offer is not yours any more."""

    offer_id: str
    why: Literal["timeout", "customer_left", "taken", "telephone"]
    """`telephone`: accepted here, and not answered there."""
    type: Literal["withdrawn"] = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Desk → agent: speak, the customer hears you. `resumed`: after a lost connection."""

    offer_id: str
    resumed: bool = False
    type: Literal["connected"] = "connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Desk → agent: what both sides send, dBov."""

    callee: int
    agent: int
    type: Literal["level"] = "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Desk → agent: what was said, times in ms of the recording."""

    offer_id: str
    speaker: Literal["bot", "callee", "agent"]
    text: str
    start_ms: int
    end_ms: int
    type: Literal["said"] = "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Desk → agent: a supervisor is in this conversation, and who hears them."""

    name: str
    mode: Literal["listen", "whisper", "barge", "take_over", "gone"]
    type: Literal["party"] = "party"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Desk → agent: the conversation is over; now the wrap-up."""

    offer_id: str
    by: EndedBy
    type: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Desk → agent: that did not go; `message` is zh-CN, for the screen."""

    message: str
    type: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode:
    """Supervisor → desk: who shall hear me."""

    mode: SupervisorMode
    type: Literal["mode"] = "mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCall:
    """Supervisor → desk: this call shall end."""

    type: Literal["end"] = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Desk → supervisor: who talks to the customer now, and who hears the supervisor."""

    call_id: str
    talks_to: Literal["bot", "agent"]
    agent: str
    mode: SupervisorMode
    type: Literal["listening"] = "listening"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOver:
    """Desk → supervisor: the call has ended."""

    by: str
    type: Literal["over"] = "over"


Talk: TypeAlias = Hold | Mute | HandBack | HangUp | SendWrapUp
"""What whoever talks to the customer may say."""
FromAgent: TypeAlias = Hello | SetPresence | Accept | Decline | Talk | Pong
FromSupervisor: TypeAlias = SetMode | EndCall | Talk | Pong
ToTalker: TypeAlias = Connected | Ended | Hold | Mute | Level | Said | Party | Refused | Ping
FromDesk: TypeAlias = Welcome | PresenceIs | Ring | Rebrief | Withdrawn | ToTalker
ToSupervisor: TypeAlias = Listening | CallOver | ToTalker

_from_agent: TypeAdapter[FromAgent] = TypeAdapter(Annotated[FromAgent, Field(discriminator="type")])
_from_desk: TypeAdapter[FromDesk] = TypeAdapter(Annotated[FromDesk, Field(discriminator="type")])
_from_supervisor: TypeAdapter[FromSupervisor] = TypeAdapter(
    Annotated[FromSupervisor, Field(discriminator="type")]
)
_to_supervisor: TypeAdapter[ToSupervisor] = TypeAdapter(Annotated[ToSupervisor, Field(discriminator="type")])


def decode_from_agent(text: str) -> FromAgent:
    """Raises `BadMessage`."""
    return decode(_from_agent, text)


def decode_from_desk(text: str) -> FromDesk:
    """Raises `BadMessage`."""
    return decode(_from_desk, text)


def decode_from_supervisor(text: str) -> FromSupervisor:
    """Raises `BadMessage`."""
    return decode(_from_supervisor, text)


def decode_to_supervisor(text: str) -> ToSupervisor:
    """Raises `BadMessage`."""
    return decode(_to_supervisor, text)
