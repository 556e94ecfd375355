"""Why a call ended: one reading of SIP code, Q.850 cause and the carrier's own status.

Source: SIP to Q.850 mapping as carriers and switches practise it; the raw values are kept beside the result.
"""

from __future__ import annotations

from types import MappingProxyType

from callbot.telephony.control import LineCause

BY_SIP = MappingProxyType(
    {
        404: LineCause.INVALID_NUMBER,
        604: LineCause.INVALID_NUMBER,
        410: LineCause.INVALID_NUMBER,
        484: LineCause.INVALID_NUMBER,
        486: LineCause.BUSY,
        600: LineCause.BUSY,
        480: LineCause.NO_ANSWER,
        408: LineCause.UNREACHABLE,
        403: LineCause.REJECTED,
        603: LineCause.REJECTED,
        487: LineCause.CANCELLED,
        488: LineCause.NETWORK,
        500: LineCause.NETWORK,
        502: LineCause.NETWORK,
        503: LineCause.NETWORK,
        504: LineCause.NETWORK,
    }
)
"""Final SIP responses."""

BY_Q850 = MappingProxyType(
    {
        1: LineCause.INVALID_NUMBER,
        22: LineCause.INVALID_NUMBER,
        28: LineCause.INVALID_NUMBER,
        17: LineCause.BUSY,
        18: LineCause.UNREACHABLE,
        19: LineCause.NO_ANSWER,
        20: LineCause.POWER_OFF,
        21: LineCause.REJECTED,
        27: LineCause.NETWORK,
        34: LineCause.NETWORK,
        38: LineCause.NETWORK,
        41: LineCause.NETWORK,
        42: LineCause.NETWORK,
        58: LineCause.NETWORK,
    }
)
"""Causes that say more than "cleared" (16) and "interworking" (127)."""

BY_STATUS = MappingProxyType(
    {
        "completed": LineCause.NORMAL,
        "busy": LineCause.BUSY,
        "no-answer": LineCause.NO_ANSWER,
        "canceled": LineCause.CANCELLED,
        "failed": LineCause.NETWORK,
    }
)
"""Twilio's final call states."""


def line_cause(status: str, *, sip_code: int | None = None, q850: int | None = None) -> LineCause:
    """The cause of an ended call. A connected call ended normally, whatever codes came with its end.

    Otherwise the finest evidence decides: Q.850 (it alone knows a phone that is off), then SIP, then the
    status. A caller who gave up (487) is what the status says: nobody answered, or we cancelled. What nobody
    knows counts as the network's fault, never as the callee's.
    """
    if status == "completed":
        return LineCause.NORMAL
    if q850 is not None and q850 in BY_Q850:
        return BY_Q850[q850]
    if sip_code is not None and sip_code in BY_SIP and not (sip_code == 487 and status in BY_STATUS):
        return BY_SIP[sip_code]
    return BY_STATUS.get(status, LineCause.NETWORK)
