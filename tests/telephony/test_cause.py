"""Why a line ended: the finest evidence of the carrier decides."""

from __future__ import annotations

import pytest

from callbot.telephony.cause import line_cause
from callbot.telephony.control import LineCause


@pytest.mark.parametrize(
    ("status", "sip_code", "q850", "cause"),
    [
        ("completed", None, None, LineCause.NORMAL),
        ("completed", 486, 17, LineCause.NORMAL),
        ("failed", 404, 1, LineCause.INVALID_NUMBER),
        ("failed", 604, None, LineCause.INVALID_NUMBER),
        ("failed", None, 1, LineCause.INVALID_NUMBER),
        ("failed", 410, 22, LineCause.INVALID_NUMBER),
        ("failed", 484, 28, LineCause.INVALID_NUMBER),
        ("busy", 486, 17, LineCause.BUSY),
        ("busy", 600, None, LineCause.BUSY),
        ("busy", None, None, LineCause.BUSY),
        ("no-answer", 480, 19, LineCause.NO_ANSWER),
        ("no-answer", None, None, LineCause.NO_ANSWER),
        ("no-answer", 487, None, LineCause.NO_ANSWER),
        ("no-answer", 408, 18, LineCause.UNREACHABLE),
        ("no-answer", 480, 20, LineCause.POWER_OFF),
        ("failed", None, 20, LineCause.POWER_OFF),
        ("failed", 403, 21, LineCause.REJECTED),
        ("failed", 603, None, LineCause.REJECTED),
        ("failed", 503, 34, LineCause.NETWORK),
        ("failed", 500, 38, LineCause.NETWORK),
        ("failed", 502, 27, LineCause.NETWORK),
        ("failed", 488, 58, LineCause.NETWORK),
        ("failed", None, 41, LineCause.NETWORK),
        ("failed", None, 42, LineCause.NETWORK),
        ("failed", 433, 127, LineCause.NETWORK),
        ("failed", None, None, LineCause.NETWORK),
        ("busy", 486, 16, LineCause.BUSY),
        ("canceled", 487, None, LineCause.CANCELLED),
        ("canceled", None, None, LineCause.CANCELLED),
        ("something-new", 999, 999, LineCause.NETWORK),
    ],
)
def test_the_finest_evidence_names_the_cause(
    status: str, sip_code: int | None, q850: int | None, cause: LineCause
) -> None:
    assert line_cause(status, sip_code=sip_code, q850=q850) is cause
