"""What the event log still tells of a call that left no result: its process died, or its conversation broke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from callbot.conversation.result import GuardBlock

_BLOCKED = "guard-blocked"


def guard_blocks(log: Path) -> tuple[GuardBlock, ...]:
    """What the guard stopped, in order.

    Nothing where the log lies on another host; a line that was cut off half-way is left out.
    """
    return tuple(_block(event) for event in _events(log) if event.get("event") == _BLOCKED)


def _events(log: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        if _BLOCKED not in line:
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _block(event: dict[str, Any]) -> GuardBlock:
    return GuardBlock(
        at_ms=int(event["at_ms"]),
        text=str(event["text"]),
        violations=tuple((str(one["span"]), str(one["why"])) for one in event["violations"]),
        instead=str(event["instead"]),
        step=str(event["step"]),
        act=str(event["act"]),
    )
