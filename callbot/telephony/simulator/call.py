"""One placed call at the simulated carrier, as its REST interface and its report show it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

from callbot.telephony.simulator.callee import CalleeTurn
from callbot.telephony.simulator.media_stream import StreamRecord
from callbot.telephony.simulator.twiml import StreamOrder, Verb


class CallStatus(StrEnum):
    """Twilio's words."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"


FINAL = {
    CallStatus.COMPLETED,
    CallStatus.BUSY,
    CallStatus.NO_ANSWER,
    CallStatus.FAILED,
    CallStatus.CANCELED,
}


@dataclass(slots=True, kw_only=True)
class SimulatedCall:
    """Changed by the carrier only."""

    sid: str
    account: str
    to: str
    from_: str
    verbs: tuple[Verb, ...]
    ring_timeout_s: float
    status_callback: str = ""
    callback_method: str = "POST"
    persona: str = ""
    nth: int = 1
    """Which call to this number it is."""
    status: CallStatus = CallStatus.QUEUED
    sip_code: int | None = None
    q850: int | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    heard_wav: str = ""
    turns: list[CalleeTurn] = field(default_factory=list)
    stream: StreamRecord | None = None

    @property
    def token(self) -> str:
        """The `token` parameter of its stream; empty for a call into a conference."""
        return next((verb.token for verb in self.verbs if isinstance(verb, StreamOrder)), "")

    @property
    def is_over(self) -> bool:
        return self.status in FINAL

    @property
    def duration_s(self) -> int | None:
        if self.ended_at is None:
            return None
        return round((self.ended_at - self.answered_at).total_seconds()) if self.answered_at else 0

    def resource(self) -> dict[str, Any]:
        """The call as Twilio's REST interface shows it, with its SIP code and Q.850 cause."""
        return {
            "sid": self.sid,
            "account_sid": self.account,
            "to": self.to,
            "from": self.from_,
            "status": self.status.value,
            "direction": "outbound-api",
            "date_created": format_datetime(self.created_at),
            "start_time": format_datetime(self.answered_at) if self.answered_at else None,
            "end_time": format_datetime(self.ended_at) if self.ended_at else None,
            "duration": str(self.duration_s) if self.duration_s is not None else None,
            "sip_response_code": self.sip_code,
            "q850_cause": self.q850,
            "uri": f"/2010-04-01/Accounts/{self.account}/Calls/{self.sid}.json",
        }

    def report(self) -> dict[str, Any]:
        """What the callee heard, said and decided."""
        stream = self.stream or StreamRecord()
        return {
            "sid": self.sid,
            "to": self.to,
            "token": self.token,
            "persona": self.persona,
            "call_to_number": self.nth,
            "status": self.status.value,
            "sip_response_code": self.sip_code,
            "q850_cause": self.q850,
            "placed_at": self.created_at.isoformat(),
            "answered_at": self.answered_at.isoformat() if self.answered_at else None,
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "ended_by": self.ended_by,
            "turns": [asdict(turn) for turn in self.turns],
            "marks": stream.marks,
            "clears_ms": stream.clears_ms,
            "errors": stream.errors,
            "heard_ms": len(stream.heard) // 8,
            "heard_wav": self.heard_wav,
            "worst_lateness_ms": stream.worst_lateness_ms,
            "longest_queue_ms": stream.longest_queue_ms,
        }
