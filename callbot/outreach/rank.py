"""Who comes first."""

from __future__ import annotations

LOW_PRIORITY = 1_000_000
"""Whoever refused before is called after everybody else (R144)."""


def call_priority(priority: int, low_priority: bool) -> int:
    """The priority of a person's call; the higher one is made first."""
    return priority - (LOW_PRIORITY if low_priority else 0)
