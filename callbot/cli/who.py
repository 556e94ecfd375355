"""Who gives a command."""

from __future__ import annotations

import getpass

from callbot.errors import BadInput


def whoever(by: str) -> str:
    """The person named, or the name this machine knows them by. Raises `BadInput` when it knows none."""
    if by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise BadInput.one("--by", "没有写是谁做的", "用 --by 写明，例如 --by agent-3") from None
