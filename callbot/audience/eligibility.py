"""Whether an offer is meant for a customer: the conditions of the offer sheet, read against an assessment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callbot.audience.assess import Assessment
from callbot.audience.profile import Profile


def eligible(conditions: Mapping[str, Any], profile: Profile, assessment: Assessment) -> bool:
    """Do all conditions of an offer hold? An offer without conditions is for everyone; what is unknown fails.

    Conditions: `min_silent_days`, `max_silent_days` (both included, R063, R064), `min_orders`, `max_orders`
    (refunded ones not counted), `member_levels`. An unknown condition fails.
    """
    silent_days = assessment.silence.days
    orders = len(profile.kept_orders)
    for name, value in conditions.items():
        match name:
            case "min_silent_days":
                holds = silent_days is not None and silent_days >= value
            case "max_silent_days":
                holds = silent_days is not None and silent_days <= value
            case "min_orders":
                holds = orders >= value
            case "max_orders":
                holds = orders <= value
            case "member_levels":
                holds = profile.member_level in value
            case _:
                holds = False
        if not holds:
            return False
    return True
