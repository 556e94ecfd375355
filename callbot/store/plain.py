"""Rows and sheets as JSON values, without phone ciphertext, hashes and tokens."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import SQLModel

_HIDDEN = {"phone_cipher", "phone_hash", "dial_token"}


def plain(value: Any) -> Any:
    """A row, a sheet or a container of them as values that JSON knows; times as ISO text in UTC."""
    if isinstance(value, SQLModel):
        return {name: plain(item) for name, item in value.model_dump().items() if name not in _HIDDEN}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
