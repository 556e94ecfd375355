"""The policy in force."""

from __future__ import annotations

from fastapi import APIRouter

from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.shapes.policy import PoliciesOut

router = APIRouter(prefix="/api", tags=["policy"])


@router.get("/policy", dependencies=[needs(Permission.POLICY_READ)])
async def policy() -> PoliciesOut:
    """Windows, caps, pauses, pace and circuit breaker, and every rule in order of weight."""
    return PoliciesOut.now()
