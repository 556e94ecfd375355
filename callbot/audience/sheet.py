"""A list as a file: CSV in UTF-8 or GBK with a header in Chinese or English, read row by row."""

from __future__ import annotations

import codecs
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from callbot.audience.cells import BadCell, Read
from callbot.errors import BadInput, Problem

_BLOCK = 1 << 20
_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_RESAVE = "在 Excel 中另存为“CSV UTF-8（逗号分隔）”，再导入"
_STRANGE = 0.15
"""The share of characters outside GB 2312 from which a file is not taken for GBK."""


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
class Row:
    """One record as text, by column key; empty cells are left out."""

    source: str
    """File name, or whatever names where the row came from."""
    line: int
    """Line of the file on which the record begins, the header being line 1."""
    cells: Mapping[str, str]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An opened list whose header and encoding are known to be good."""

    path: Path
    encoding: str
    keys: tuple[str | None, ...]
    """Column key by position; None where the header is not known."""
    unknown: tuple[str, ...] = field(default=())
    """Headers that no column has; their cells are ignored."""

    def rows(self) -> Iterator[Row]:
        """Every record that is not blank. Raises `BadInput` where the file is not CSV."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, strict=True)
            next(reader)
            begins = reader.line_num + 1
            while True:
                try:
                    record = next(reader, None)
                except csv.Error as error:
                    raise _broken(self.path, begins, error) from None
                if record is None:
                    return
                cells = {
                    key: text
                    for key, cell in zip(self.keys, record, strict=False)
                    if key is not None and (text := cell.strip())
                }
                extra = [cell for cell in record[len(self.keys) :] if cell.strip()]
                if extra:
                    cells[""] = extra[0]
                if cells:
                    yield Row(source=self.path.name, line=begins, cells=cells)
                begins = reader.line_num + 1


def open_sheet(path: Path, columns: Sequence[Column], *, given: Sequence[str] = ()) -> Sheet:
    """Check encoding and header; columns in `given` are known from elsewhere and may be missing.

    Raises `BadInput` naming every missing required column.
    """
    csv.field_size_limit(min(sys.maxsize, 1 << 24))
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        try:
            header = next(csv.reader(file, strict=True), None)
        except csv.Error as error:
            raise _broken(path, 1, error) from None
    if not header or not any(cell.strip() for cell in header):
        raise BadInput.one(f"{path.name} 第 1 行", "文件是空的", "第一行写列名，例如 姓名,手机号")
    titles = {name.lower(): column.key for column in columns for name in (*column.names, column.key)}
    keys = tuple(titles.get(cell.strip().lower()) for cell in header)
    problems = [
        Problem(
            where=f"{path.name} 第 1 行",
            what=f"缺少必填列“{column.title}”",
            cure=f"加上这一列；列名可以是 {'、'.join((*column.names, column.key))}",
        )
        for column in columns
        if column.required and column.key not in keys and column.key not in given
    ] + [
        Problem(where=f"{path.name} 第 1 行", what=f"列“{column.title}”出现了两次", cure="只保留一列")
        for column in columns
        if keys.count(column.key) > 1
    ]
    if problems:
        raise BadInput(problems)
    unknown = tuple(
        cell.strip() for cell, key in zip(header, keys, strict=True) if key is None and cell.strip()
    )
    return Sheet(path=path, encoding=encoding, keys=keys, unknown=unknown)


def read_row(row: Row, columns: Sequence[Column], now: datetime) -> tuple[dict[str, Any], list[Rejection]]:
    """The values of a row by column key, and what is wrong with it; empty cells have no value."""
    values: dict[str, Any] = {}
    wrong: list[Rejection] = []
    for column in columns:
        cell = row.cells.get(column.key)
        if cell is None:
            if column.required:
                what, cure = f"“{column.names[0]}”是空的", "填写这一格"
                wrong.append(Rejection(row=row, column=f"列“{column.names[0]}”", what=what, cure=cure))
            continue
        try:
            values[column.key] = column.read(cell, now)
        except BadCell as error:
            wrong.append(Rejection(row=row, column=f"列“{column.names[0]}”", what=error.what, cure=error.cure))
    if extra := row.cells.get(""):
        what, cure = f"这一行比列名多出内容“{extra[:20]}”", "含逗号的内容请放进英文双引号"
        wrong.append(Rejection(row=row, column="行尾", what=what, cure=cure))
    return values, wrong


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(_BLOCK)
    except FileNotFoundError:
        raise BadInput.one(str(path), "文件不存在", "检查路径") from None
    except OSError as error:
        raise BadInput.one(str(path), f"文件无法读取（{error.strerror}）", "检查路径和读取权限") from None
    for bom, name in _BOMS.items():
        if head.startswith(bom):
            raise BadInput.one(path.name, f"文件编码是 {name}，只支持 UTF-8 和 GBK", _RESAVE)
    if b"\0" in head:
        raise BadInput.one(path.name, "文件含有空字节：不是 CSV，或编码是没有标记的 UTF-16", _RESAVE)
    place = _undecodable(path, "utf-8-sig")
    if place is None:
        return "utf-8-sig"
    if _undecodable(path, "gb18030") is None and not _looks_like_big5(head):
        return "gb18030"
    if _decodes(head, "big5"):
        raise BadInput.one(path.name, "文件编码像是 Big5（繁体中文），只支持 UTF-8 和 GBK", _RESAVE)
    raise BadInput.one(path.name, f"文件不是 UTF-8 也不是 GBK：第 {place} 个字节无法识别", _RESAVE)


def _undecodable(path: Path, encoding: str) -> int | None:
    """Where the file stops being in `encoding`, counted in bytes from 1; None when all of it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return read + error.start + 1
            if not block:
                return None
            read += len(block)


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _looks_like_big5(head: bytes) -> bool:
    """Read as GBK, a third of Big5 turns into characters that simplified text has none of."""
    text = codecs.getincrementaldecoder("gb18030")("replace").decode(head)
    strange = sum(char > "\x7f" and not _in_gb2312(char) for char in text)
    return strange > _STRANGE * sum(char > "\x7f" for char in text) and _decodes(head, "big5")


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _broken(path: Path, line: int, error: csv.Error) -> BadInput:
    return BadInput.one(f"{path.name} 第 {line} 行", f"不是 CSV（{error}）", "检查引号是否成对，再导入")
