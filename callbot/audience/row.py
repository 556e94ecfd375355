"""One row of a list: its cells as text, what they mean, and why a row is not taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callbot.audience.cells import BadCell, Read
from callbot.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One documented column."""

    key: str
    """English header and name of the value."""
    names: tuple[str, ...]
    """Chinese headers; the first one is used in reports."""
    read: Read
    required: bool = False

    @property
    def title(self) -> str:
        return f"{self.names[0]}（{self.key}）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong with one place of a row."""

    column: str
    what: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record as text, by column key; empty cells are left out."""

    source: str
    """File name, or whatever names where the row came from."""
    line: int
    """Line of the file on which the record begins, the header being line 1."""
    cells: Mapping[str, str]
    flaws: tuple[Flaw, ...] = ()
    """What could be told before any cell was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a row was not taken."""

    row: Row
    column: str
    what: str
    cure: str

    @property
    def problem(self) -> Problem:
        return Problem(
            where=f"{self.row.source} 第 {self.row.line} 行，{self.column}", what=self.what, cure=self.cure
        )


def reject(row: Row, column: str, what: str, cure: str) -> Rejection:
    """The row is not taken because of this column, named by its Chinese header."""
    return Rejection(row=row, column=f"列“{column}”", what=what, cure=cure)


def read_row(row: Row, columns: Sequence[Column], now: datetime) -> tuple[dict[str, Any], list[Rejection]]:
    """The values of a row by column key, and what is wrong with it; empty cells have no value."""
    values: dict[str, Any] = {}
    wrong = [Rejection(row=row, column=each.column, what=each.what, cure=each.cure) for each in row.flaws]
    cells = row.cells
    flawed = {each.column for each in row.flaws}
    for column in columns:
        cell = cells.get(column.key)
        if cell is None:
            if column.required and not flawed:
                wrong.append(reject(row, column.names[0], f"“{column.names[0]}”是空的", "填写这一格"))
            continue
        try:
            values[column.key] = column.read(cell, now)
        except BadCell as error:
            wrong.append(reject(row, column.names[0], error.what, error.cure))
    return values, wrong
