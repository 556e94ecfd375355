"""What Twilio's REST answers mean: call resources, status callbacks, errors. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from callbot.telephony.cause import line_cause
from callbot.telephony.control import (
    CallProgress,
    CallState,
    CarrierRefused,
    CarrierUnknown,
    JoinRequest,
    LineCause,
)

_STATES = {
    "queued": CallState.QUEUED,
    "initiated": CallState.QUEUED,
    "ringing": CallState.RINGING,
    "in-progress": CallState.ANSWERED,
    "completed": CallState.ENDED,
    "busy": CallState.ENDED,
    "no-answer": CallState.ENDED,
    "failed": CallState.ENDED,
    "canceled": CallState.ENDED,
}
_BAD_NUMBER_CODES = frozenset({13223, 13224, 21201, 21211, 21214, 21217, 21421})
"""Twilio's errors about the number called."""
_EVIDENCE = (
    "status", "sip_response_code", "q850_cause", "duration", "start_time", "end_time", "answered_by",
    "CallStatus", "SipResponseCode", "Q850Cause", "CallDuration", "Timestamp", "SequenceNumber",
    "ErrorCode", "AnsweredBy",
)  # fmt: skip
"""What is kept of a call's description: everything about its end, no telephone numbers."""
_NUMBER_IN_TEXT = re.compile(r"\+?\d{7,}")
GONE_CODE = 20404
"""The call is not, or no longer, there."""
OVER_CODE = 21220
"""The call is not in progress, so that it cannot be moved."""


def stream_twiml(media_url: str, token: str) -> str:
    """TwiML that connects an answered call to our media server; the token comes back in `start`."""
    return f"<Response>{_connect(media_url, token)}</Response>"


def room_twiml(room: str) -> str:
    """TwiML that lets somebody wait in a conference, which ends when they leave."""
    return f"<Response>{_conference(room)}</Response>"


def join_twiml(request: JoinRequest) -> str:
    """TwiML that forks both sides to our media server, joins the conference, and comes back after its end."""
    return (
        f'<Response><Start><Stream url={quoteattr(request.media_url)} track="both_tracks">'
        f"{_token(request.fork_token)}</Stream></Start>"
        f"{_conference(request.room)}{_connect(request.media_url, request.back_token)}</Response>"
    )


def _connect(media_url: str, token: str) -> str:
    return f"<Connect><Stream url={quoteattr(media_url)}>{_token(token)}</Stream></Connect>"


def _token(token: str) -> str:
    return f'<Parameter name="token" value={quoteattr(token)}/>'


def _conference(room: str) -> str:
    """Two people: nobody is announced, and when one leaves it is over."""
    return (
        '<Dial><Conference beep="false" startConferenceOnEnter="true" endConferenceOnExit="true" '
        f'maxParticipants="2">{escape(room)}</Conference></Dial>'
    )


def progress(call: Mapping[str, Any]) -> CallProgress:
    """A call resource: JSON with `sid`, `status` and, where the carrier has them, `sip_response_code` and
    `q850_cause`. Raises `CarrierUnknown` when it is none."""
    sid, status = call.get("sid"), call.get("status")
    if not isinstance(sid, str) or not isinstance(status, str) or status not in _STATES:
        raise CarrierUnknown(f"the carrier described a call without a usable sid or status ({status!r})")
    return _progress(sid, status, call.get("sip_response_code"), call.get("q850_cause"), call)


def progress_of_form(form: Mapping[str, str]) -> CallProgress | None:
    """A status callback; None for statuses that are not about the call's progress."""
    sid, status = form.get("CallSid", ""), form.get("CallStatus", "")
    if not sid or status not in _STATES:
        return None
    return _progress(sid, status, form.get("SipResponseCode"), form.get("Q850Cause"), form)


def refusal(http_status: int, body: Mapping[str, Any]) -> CarrierRefused:
    """The carrier answered a dial request with a client error: no call was placed."""
    code = _number(body.get("code"))
    said = body.get("message") if isinstance(body.get("message"), str) else "no reason given"
    said = _NUMBER_IN_TEXT.sub("***", str(said))
    message = f"the carrier refused the call: HTTP {http_status}, code {code}: {said}"
    if http_status in (401, 403):
        message += " (check carrier.account and carrier.auth_token)"
    cause = LineCause.INVALID_NUMBER if code in _BAD_NUMBER_CODES else LineCause.NETWORK
    return CarrierRefused(message, cause=cause, retryable=http_status == 429)


def _progress(sid: str, status: str, sip: Any, q850: Any, raw: Mapping[str, Any]) -> CallProgress:
    state, sip_code, q850_cause = _STATES[status], _number(sip), _number(q850)
    ended = state is CallState.ENDED
    return CallProgress(
        sid=sid,
        state=state,
        cause=line_cause(status, sip_code=sip_code, q850=q850_cause) if ended else None,
        sip_code=sip_code,
        q850=q850_cause,
        raw={name: str(raw[name]) for name in _EVIDENCE if isinstance(raw.get(name), str | int | float)},
    )


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
