"""Identifiers: ULIDs as text, sortable by creation."""

from __future__ import annotations

from ulid import ULID


def new_id() -> str:
    """A fresh 26-character ULID."""
    return str(ULID())
