"""The file of rejected rows: the list's own columns and, beside them, what was wrong and what to do."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from callbot.audience.row import Column, Rejection
from callbot.audience.sheet import Sheet

_ADDED = ("行号", "列", "原因", "处理办法")


class RejectedRows:
    """Writes `NAME.rejected.csv` into a directory; makes no file when nothing was rejected.

    The rows can be corrected there and imported again: the added columns are ignored by an import.
    """

    def __init__(self, directory: Path | None, sheet: Sheet | None, columns: Sequence[Column]) -> None:
        self._target = directory / f"{sheet.path.stem}.rejected.csv" if directory and sheet else None
        keys = set(sheet.keys) if sheet else set()
        self._columns = [column for column in columns if column.key in keys]
        self._file: TextIO | None = None
        self.path: Path | None = None

    def __enter__(self) -> RejectedRows:
        if self._target:
            self._target.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def write(self, rejections: Sequence[Rejection]) -> None:
        """Add the rows, one line for each row whatever number of cells is wrong."""
        if not rejections or self._target is None:
            return
        by_line: dict[int, list[Rejection]] = {}
        for rejection in rejections:
            by_line.setdefault(rejection.row.line, []).append(rejection)
        if self._file is None:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._target.open("w", encoding="utf-8-sig", newline="")
            self.path = self._target
            csv.writer(self._file).writerow([*(column.names[0] for column in self._columns), *_ADDED])
        writer = csv.writer(self._file)
        for line, group in sorted(by_line.items()):
            cells = group[0].row.cells
            writer.writerow(
                [
                    *(cells.get(column.key, "") for column in self._columns),
                    line,
                    "；".join(each.column for each in group),
                    "；".join(each.what for each in group),
                    "；".join(each.cure for each in group),
                ]
            )
