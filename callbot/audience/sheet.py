"""A list as a file: CSV with a header in Chinese or English, or JSONL, plain or packed by gzip.

It is read in blocks of whole records, each with its place in the file, so that reading can go on where it
stopped and blocks can be read by other processes.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import IO

from callbot.audience.json_rows import json_row, keys_of
from callbot.audience.list_text import encoding_of, opened
from callbot.audience.row import Column, Flaw, Row
from callbot.errors import BadInput, Problem

ROWS = 2_000
"""Records in a block."""
_BLOCK_BYTES = 4 << 20
"""A block that holds as much is full, however few its records are."""
_LONGEST = 1 << 20
"""Bytes of one record: a file without line breaks, or one that unpacks to them, never fills the memory."""
_PEEK = 200
"""So many JSON objects are looked at to see which keys the file has."""
_FORMULA = ("=", "+", "-", "@")
csv.field_size_limit(min(sys.maxsize, 1 << 24))


class Form(StrEnum):
    """How records are written."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some whole records as they stand in the file, unpacked."""

    data: bytes
    line: int
    """Line on which the first one begins."""
    end: int
    """Position after the last one, in unpacked bytes."""
    end_line: int
    read: int
    """Bytes of the file on the disk that were read up to here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An opened list whose header and encoding are known to be good."""

    path: Path
    encoding: str
    form: Form
    columns: tuple[Column, ...]
    keys: tuple[str | None, ...]
    """Column key by position, None where the header is not known; for JSONL the keys that were seen."""
    begin: int
    """Position of the first record, in unpacked bytes."""
    line: int
    """Its line."""
    unknown: tuple[str, ...] = field(default=())
    """Headers that no column has; their cells are ignored."""

    @property
    def stem(self) -> str:
        """The file's name without its endings."""
        return self.path.name.split(".")[0] or self.path.name

    def rows(self) -> Iterator[Row]:
        """Every record that is not blank. Raises `BadInput` where the file is not CSV."""
        for block in self.blocks():
            yield from self.read(block)

    def blocks(self, *, at: int | None = None, line: int | None = None, rows: int = ROWS) -> Iterator[Block]:
        """The records in blocks of `rows`, from the beginning or from where an earlier block ended.

        Raises `BadInput` where the file is not CSV.
        """
        start, begins = self.begin if at is None else at, self.line if line is None else line
        with opened(self.path, start) as (file, raw):
            taken = _Taken(file, self.encoding, self.path.name, begins)
            records: Iterator[object] = taken if self.form is Form.JSONL else csv.reader(taken, strict=True)
            good = 0
            try:
                while True:
                    for _ in islice(records, rows):
                        good = taken.record()
                        if taken.held >= _BLOCK_BYTES:
                            break
                    if not taken.waiting:
                        return
                    block = taken.give(start, begins, raw.tell())
                    start, begins = block.end, block.end_line
                    yield block
            except csv.Error as error:
                raise _broken(self.path, (self.line if line is None else line) + good, error) from None

    def read(self, block: Block) -> Iterator[Row]:
        """The records of a block that are not blank."""
        text = io.StringIO(block.data.decode(self.encoding), newline="\n")
        if self.form is Form.JSONL:
            for number, line in enumerate(text, block.line):
                if line := line.strip():
                    yield json_row(self.path.name, number, line, self.columns)
            return
        reader = csv.reader(text, strict=True)
        begins = block.line
        for record in reader:
            row = self._row(begins, record)
            if row.cells or row.flaws:
                yield row
            begins = block.line + reader.line_num

    def _row(self, line: int, record: list[str]) -> Row:
        cells = {
            key: text
            for key, cell in zip(self.keys, record, strict=False)
            if key is not None and (text := _unguarded(cell.strip()))
        }
        extra = next((cell for cell in record[len(self.keys) :] if cell.strip()), None)
        if extra is None:
            return Row(source=self.path.name, line=line, cells=cells)
        what, cure = f"这一行比列名多出内容“{extra.strip()[:20]}”", "含逗号的内容请放进英文双引号"
        return Row(
            source=self.path.name, line=line, cells=cells, flaws=(Flaw(column="行尾", what=what, cure=cure),)
        )


class _Taken:
    """The lines of a stream as text, remembering the bytes that were taken from it."""

    def __init__(self, file: IO[bytes], encoding: str, name: str, line: int) -> None:
        """`name` and `line`: of the file and where it begins, to say which record does not end."""
        self._file = file
        self._encoding = encoding
        self._name = name
        self._line = line
        self._whole = 0
        """Lines of records that ended."""
        self._open = 0
        """Bytes of the one that did not."""
        self.waiting: list[bytes] = []
        self.held = 0
        """Bytes of what waits."""
        self.lines = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Raises `BadInput` for a record that is longer than one may be."""
        raw = self._file.readline(_LONGEST + 1)
        if not raw:
            raise StopIteration
        self._open += len(raw)
        if self._open > _LONGEST:
            where, what = f"{self._name} 第 {self._line + self._whole} 行", f"这一条超过 {_LONGEST >> 20} MiB"
            raise BadInput.one(where, what, "每位客户一行；检查换行，以及引号是否成对")
        self.waiting.append(raw)
        self.held += len(raw)
        self.lines += 1
        return raw.decode(self._encoding)

    def record(self) -> int:
        """One ended here; how many lines all of them had."""
        self._open, self._whole = 0, self.lines
        return self.lines

    def give(self, start: int, line: int, read: int) -> Block:
        """What was taken since the last time, beginning at this position and line."""
        data = b"".join(self.waiting)
        end_line = line + len(self.waiting)
        self.waiting.clear()
        self.held = 0
        return Block(data=data, line=line, end=start + len(data), end_line=end_line, read=read)


def open_sheet(path: Path, columns: Sequence[Column], *, given: Sequence[str] = ()) -> Sheet:
    """Check encoding and header; columns in `given` are known from elsewhere and may be missing.

    Raises `BadInput` naming every missing required column and what comes nearest to it.
    """
    encoding, mark = encoding_of(path)
    form = _form(path, encoding, mark)
    keys: tuple[str | None, ...]
    if form is Form.JSONL:
        keys, unknown = _json_keys(path, encoding, mark, columns)
        begin, line = mark, 1
        problems = _missing(path, columns, given, set(keys), unknown, "每一行")
    else:
        header, begin, line = _header(path, encoding, mark)
        titles = {name.lower(): column.key for column in columns for name in (*column.names, column.key)}
        keys = tuple(titles.get(cell.strip().lower()) for cell in header)
        unknown = tuple(
            cell.strip() for cell, key in zip(header, keys, strict=True) if key is None and cell.strip()
        )
        problems = _missing(path, columns, given, set(keys), unknown, "第 1 行") + [
            Problem(where=f"{path.name} 第 1 行", what=f"列“{column.title}”出现了两次", cure="只保留一列")
            for column in columns
            if keys.count(column.key) > 1
        ]
    if problems:
        raise BadInput(problems)
    return Sheet(
        path=path,
        encoding=encoding,
        form=form,
        columns=tuple(columns),
        keys=keys,
        begin=begin,
        line=line,
        unknown=unknown,
    )


def _form(path: Path, encoding: str, mark: int) -> Form:
    with opened(path, mark) as (file, _):
        first = file.read(4096).decode(encoding, "ignore").lstrip()
    if {".jsonl", ".ndjson"} & set(path.suffixes) or first.startswith("{"):
        return Form.JSONL
    if first.startswith("[") or ".json" in path.suffixes:
        raise BadInput.one(path.name, "是一整个 JSON 文档，不是 JSONL", "每行写一个 JSON 对象，不要方括号")
    return Form.CSV


def _header(path: Path, encoding: str, mark: int) -> tuple[list[str], int, int]:
    """The header of a CSV file, and where the records begin."""
    with opened(path, mark) as (file, _):
        taken = _Taken(file, encoding, path.name, 1)
        try:
            header = next(csv.reader(taken, strict=True), None)
        except csv.Error as error:
            raise _broken(path, 1, error) from None
    if not header or not any(cell.strip() for cell in header):
        raise BadInput.one(f"{path.name} 第 1 行", "文件是空的", "第一行写列名，例如 姓名,手机号")
    block = taken.give(mark, 1, 0)
    return header, block.end, block.end_line


def _json_keys(
    path: Path, encoding: str, mark: int, columns: Sequence[Column]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of the first objects: those that name a column, as column keys, and the others."""
    with opened(path, mark) as (file, _):
        taken = _Taken(file, encoding, path.name, 1)
        lines = (line for line in taken if taken.record() and line.strip())
        named = keys_of(islice(lines, _PEEK))
    if not named:
        raise BadInput.one(path.name, "没有 JSON 对象", '每行写一个对象，例如 {"name": "王晓芸", "phone": "…"}')
    titles = {name.lower(): column.key for column in columns for name in (*column.names, column.key)}
    keys = dict.fromkeys(titles[name.lower()] for name in named if name.lower() in titles)
    return tuple(keys), tuple(name for name in named if name.lower() not in titles)


def _missing(
    path: Path,
    columns: Sequence[Column],
    given: Sequence[str],
    keys: set[str | None],
    unknown: Sequence[str],
    where: str,
) -> list[Problem]:
    problems = []
    for column in columns:
        if not column.required or column.key in keys or column.key in given:
            continue
        names = (*column.names, column.key)
        near = [word for name in names for word in get_close_matches(name, unknown, n=1, cutoff=0.5)]
        cure = f"加上这一列；列名可以是 {'、'.join(names)}"
        if near:
            cure = f"最接近的是“{near[0]}”：若是它，改名为“{column.names[0]}”；否则{cure}"
        problems.append(Problem(where=f"{path.name} {where}", what=f"缺少必填列“{column.title}”", cure=cure))
    return problems


def _unguarded(cell: str) -> str:
    """The cell without the apostrophe that keeps spreadsheets from taking it for a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell


def _broken(path: Path, line: int, error: csv.Error) -> BadInput:
    return BadInput.one(f"{path.name} 第 {line} 行", f"不是 CSV（{error}）", "检查引号是否成对，再导入")
