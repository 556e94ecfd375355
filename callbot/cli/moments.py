"""Moments as people write them on the command line."""

from __future__ import annotations

from datetime import datetime

from callbot.clock import SystemClock
from callbot.errors import BadInput


def moment_of(text: str, option: str = "--at") -> datetime:
    """An ISO time with zone; now for an empty one. Raises `BadInput` that names the option."""
    if not text:
        return SystemClock().now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput.one(option, f"{text!r} is not an ISO time", "write 2026-03-02T10:00+08:00") from None
    if moment.tzinfo is None:
        raise BadInput.one(option, f"{text} has no time zone", "add one, e.g. +08:00")
    return moment
