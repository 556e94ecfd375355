"""The file of rejected rows: the list's own columns and, beside them, what was wrong and what to do."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from callbot.audience.row import Column, Rejection
from callbot.audience.sheet import Sheet

_ADDED = ("行号", "列", "原因", "处理办法")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class RejectedRows:
    """Writes `NAME.rejected.csv` into a directory; makes no file when nothing was rejected.

    The rows can be corrected there and imported again: the added columns are ignored by an import. A cell that
    a spreadsheet would take for a formula begins with an apostrophe, which an import takes away again.
    """

    def __init__(
        self, directory: Path | None, sheet: Sheet | None, columns: Sequence[Column], *, at: int = 0
    ) -> None:
        """`at`: so many bytes of an earlier file are kept, those of rows that need not be read again."""
        self._target = directory.absolute() / f"{sheet.stem}.rejected.csv" if directory and sheet else None
        keys = set(sheet.keys) if sheet else set()
        self._columns = [column for column in columns if column.key in keys]
        self._file: BinaryIO | None = None
        self._at = at
        self.path: Path | None = None

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._at

    def __enter__(self) -> RejectedRows:
        if self._target is None:
            return self
        if self._at and self._target.is_file() and self._target.stat().st_size >= self._at:
            os.truncate(self._target, self._at)
            self.path = self._target
        else:
            self._at = 0
            self._target.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def write(self, rejections: Sequence[Rejection]) -> None:
        """Add the rows, one line for each row whatever number of cells is wrong; they are on the disk then."""
        if not rejections or self._target is None:
            return
        by_line: dict[int, list[Rejection]] = {}
        for rejection in rejections:
            by_line.setdefault(rejection.row.line, []).append(rejection)
        lines = io.StringIO(newline="")
        writer = csv.writer(lines)
        if self._at == 0:
            writer.writerow([*(column.names[0] for column in self._columns), *_ADDED])
        for line, group in sorted(by_line.items()):
            cells = group[0].row.cells
            told = (
                str(line),
                "；".join(each.column for each in group),
                "；".join(each.what for each in group),
                "；".join(each.cure for each in group),
            )
            own = (cells.get(column.key, "") for column in self._columns)
            writer.writerow([_guarded(cell) for cell in (*own, *told)])
        self._append(lines.getvalue().encode("utf-8" if self._at else "utf-8-sig"))

    def _append(self, data: bytes) -> None:
        if self._target is None:
            return
        if self._file is None:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(handle, "wb")
            self.path = self._target
        self._file.write(data)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._at += len(data)


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
