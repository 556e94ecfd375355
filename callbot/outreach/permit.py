"""The only door to a person: a contact happens with a `Permit` or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Rule(StrEnum):
    """Every rule that may object, in order of weight."""

    NUMBER_VALID = "number_valid"
    DO_NOT_CONTACT = "do_not_contact"
    BATCH_RUNNING = "batch_running"
    HOLD_OUT = "hold_out"
    CONSENT = "consent"
    COMPLAINT_PAUSE = "complaint_pause"
    REFUSAL_PAUSE = "refusal_pause"
    TIME_ZONE = "time_zone"
    CALENDAR = "calendar"
    WINDOW = "window"
    ANSWERED_PER_DAY = "answered_per_day"
    ANSWERED_PER_WEEK = "answered_per_week"
    ATTEMPTS_PER_DAY = "attempts_per_day"
    ATTEMPTS_PER_MONTH = "attempts_per_month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """This contact is allowed at this moment."""

    customer_id: str
    policy: str
    """Version of the policy that allowed it."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Why a contact is not allowed, and when to ask again."""

    rule: Rule
    """The one rule that decided."""
    until: datetime | None
    """UTC; None: not before somebody changes something."""
    because: str
    """zh-CN, shown to the supervisor."""
