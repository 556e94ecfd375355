"""A callee as data: who they are, how their line behaves, what they say when, and what they really want."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from asr_tts.audio import Audio
from callbot.conversation.labels import FollowUpKind, Outcome


class LineBehaviour(StrEnum):
    """What happens when the number is dialled."""

    ANSWERS = "answers"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    INVALID_NUMBER = "invalid_number"
    POWER_OFF = "power_off"


class Then(StrEnum):
    """What the callee does after a reply."""

    LISTEN = "listen"
    BEEP = "beep"
    """A voicemail's tone, then listening."""
    HANG_UP = "hang_up"
    HANG_UP_AFTER_BOT = "hang_up_after_bot"
    """Hang up when the other side's next turn has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtAnswer:
    """Spoken on picking up, before anything was heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterTurn:
    """Spoken when a turn of the other side has ended. Both conditions must hold where both are given."""

    turn: int | None = None
    """The number of that turn, from 1."""
    after: str = ""
    """A reply that must have been given before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeIn:
    """Spoken while the other side speaks its turn, so many ms after that turn began."""

    turn: int
    after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """Spoken whenever a turn ended and nothing else fits."""


When: TypeAlias = AtAnswer | AfterTurn | BargeIn | Otherwise


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phrasing:
    """One way to say a reply."""

    text: str
    wav: str
    audio: Audio | None
    """None until the wavs are loaded."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reply:
    """Something this callee says; each but an `otherwise` is given once in a call."""

    name: str
    when: When
    say: tuple[Phrasing, ...]
    then: Then = Then.LISTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class PastConsent:
    purpose: str
    granted: bool
    days_ago: int
    text_version: str
    channel: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    kind: str
    days_ago: int
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOrder:
    id: str
    days_ago: int
    item: str
    amount_fen: int
    category: str = ""
    refunded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaCustomer:
    """The customer row, with a history in days before today so that it never grows old."""

    name: str
    phone: str
    """E.164, `+86100…`."""
    industry: str
    brand: str
    consents: tuple[PastConsent, ...]
    gender: str = ""
    region: str = ""
    birthday: date | None = None
    external_id: str = ""
    preferred_channel: str = ""
    named_agent: str = ""
    registered_days_ago: int | None = None
    own_enquiry_days_ago: int | None = None
    events: tuple[PastEvent, ...] = ()
    orders: tuple[PastOrder, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """The voice that the renderer uses."""

    voice: str
    speed: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTraits:
    behaviour: LineBehaviour
    ring_s: float = 1.0
    """Ringing before the behaviour shows; `no_answer` rings until the caller's time-out."""
    noise_dbov: float = -50.0
    """RMS of the line noise against a full-scale square wave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    thinks_ms: tuple[int, int] = (300, 700)
    """Shortest and longest pause before a reply, beyond the 700 ms that end a turn."""
    max_bot_turns: int = 14
    max_silence_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenTime:
    """A call-back time as a human listener would write it down."""

    days: int
    time: time


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueIntention:
    """What a human listener would put down for this callee."""

    outcome: Outcome
    follow_up: FollowUpKind
    transfer: bool = False
    callback: SpokenTime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Persona:
    """One callee."""

    name: str
    about: str
    folder: Path
    customer: PersonaCustomer
    line: LineTraits
    true_intention: TrueIntention
    speaker: Speaker | None = None
    manner: Manner = Manner()
    replies: tuple[Reply, ...] = ()
