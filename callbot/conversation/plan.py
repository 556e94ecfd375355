"""What one call sets out with, and the deadlines it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.floor_events import FloorOptions
from callbot.conversation.flow import Flow

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """Everything a conversation knows before the phone rings."""

    call_id: str
    attempt_id: str
    person: Person
    offers: tuple[Offer, ...]
    """The sheet valid when the attempt was made, less what was withdrawn since, the best first."""
    opener: Opener
    flow: Flow
    zone: ZoneInfo = SHANGHAI
    """The callee's own time zone."""

    @property
    def expected_words(self) -> tuple[str, ...]:
        """What a recogniser may be told to expect: the flow's words, the brand, the products, the name."""
        person = self.person
        words = (*self.flow.hotwords, person.brand, *person.products, person.name)
        return tuple(word for word in dict.fromkeys(words) if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """Deadlines of a call's helpers. Each one passing has a named way on; none ends a call by itself."""

    floor: FloorOptions = field(default_factory=FloorOptions)
    """The silence ladder of the flow replaces its own."""
    hotwords: bool = False
    """Tell the recogniser the plan's expected words; the packaged one then hears brands everywhere."""
    recogniser_s: float = 8.0
    """Then the segment counts as not understood."""
    reader_s: float = 3.0
    writer_s: float = 1.5
    """Then there is no transition."""
    voice_s: float = 8.0
    """Until the first sound of a speech; then the fallback voice, else a polite end."""
    filler_s: float = 2.0
    """An answer that takes longer is announced by a filler."""
    agent_waits_s: float = 6.0
    """How long a human who is there lets the bot finish its sentence."""
    wrap_up_s: float = 30.0
    closing_s: float = 5.0
    """For the last words of a callee who hung up, and for the line to confirm its end."""
    agent_transcript_s: float = 30.0
    """For writing down what callee and agent said; then the rest stays unwritten."""
