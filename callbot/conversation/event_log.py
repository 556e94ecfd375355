"""The event log of one call as JSON lines, written as it goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

OnEvent = Callable[[str, int, dict[str, Any]], None]
"""(name, ms on the media clock, data)"""


class EventLog:
    """`CallLog` in a file. Lines are flushed one by one, so that a crash loses none that was written."""

    def __init__(self, path: Path, on_event: OnEvent | None = None) -> None:
        """`on_event` hears every event too, for a live screen."""
        self._path = path
        self._on_event = on_event
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a", encoding="utf-8", buffering=1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def event(self, name: str, at_ms: int, **data: Any) -> None:
        if self._file is not None:
            line = {"at_ms": at_ms, "event": name, **data}
            self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        if self._on_event is not None:
            self._on_event(name, at_ms, data)
