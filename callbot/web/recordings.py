"""Files of a call below the data directory: its sound and its event log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from callbot.web.shapes.calls import CallEvent


def below(data: Path, name: str) -> Path | None:
    """The file of a name, None when there is none or when the name leads out of the data directory."""
    path = (data / name).resolve()
    return path if name and path.is_relative_to(data.resolve()) and path.is_file() else None


def event_lines(path: Path) -> Iterator[CallEvent]:
    """The lines of an event log; the last one may still be being written."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            yield CallEvent(at_ms=value.pop("at_ms", 0), event=value.pop("event", ""), data=value)
