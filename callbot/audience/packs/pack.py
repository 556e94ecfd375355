"""A scenario pack as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callbot.audience.lines import BusinessLine
from callbot.audience.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class PackTag:
    """A tag rule of a pack."""

    name: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSegment:
    """A segment of a pack with the strategy meant for it."""

    name: str
    condition: str
    priority: int
    strategy: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class PackOffer:
    """One offer of a pack; validity is counted in days from the day of installation."""

    values: Mapping[str, Any]
    """Columns of the offer sheet, validity aside."""
    valid_days: int | None
    """None: without an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Everything a pack says about the audience; its `sequence` belongs to the outreach."""

    industry: str
    version: int
    title: str
    flow: str
    silence: BusinessLine
    tags: tuple[PackTag, ...]
    segments: tuple[PackSegment, ...]
    offers: tuple[PackOffer, ...]
    digest: str
    """SHA-256 of the file."""
    source: Path
