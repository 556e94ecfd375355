"""One JSON object as a row: its values become the text that a cell would hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from callbot.audience.cells import json_object, many
from callbot.audience.row import Column, Flaw, Row

_EXAMPLE = '写成 {"name": "王晓芸", "phone": "…"}，一行一个'


def json_row(source: str, line: int, text: str, columns: Sequence[Column]) -> Row:
    """A line of a JSONL file. What is no object becomes a row with that flaw."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _flawed(source, line, "这一行不是完整的 JSON")
    if not isinstance(value, dict):
        return _flawed(source, line, "这一行不是 JSON 对象")
    return object_row(source, line, value, columns)


def object_row(source: str, line: int, value: Mapping[str, Any], columns: Sequence[Column]) -> Row:
    """An object by the keys or Chinese names of the columns; null and empty text are empty cells."""
    cells: dict[str, str] = {}
    flaws: list[Flaw] = []
    given = {name.lower(): each for name, each in value.items() if each is not None}
    for column in columns:
        held = next((given[name] for name in _names(column) if name in given), None)
        if held is None:
            continue
        text = _text(held, column)
        if text is None:
            what = f"写的是{_kind(held)}"
            flaws.append(Flaw(column=f"列“{column.names[0]}”", what=what, cure="写成文字或数字"))
        elif not _sound(text):
            what = "含有半个字符（单独的 \\ud800–\\udfff），无法保存"
            flaws.append(Flaw(column=f"列“{column.names[0]}”", what=what, cure="改正写出它的程序，或删除它"))
        elif text := text.strip():
            cells[column.key] = text
    return Row(source=source, line=line, cells=cells, flaws=tuple(flaws))


def keys_of(lines: Iterable[str]) -> list[str]:
    """The keys of some objects in their order; lines that hold none are passed over."""
    keys: dict[str, None] = {}
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            keys |= dict.fromkeys(key for key in value if _sound(key))
    return list(keys)


def _names(column: Column) -> Iterable[str]:
    return (name.lower() for name in (column.key, *column.names))


def _text(value: Any, column: Column) -> str | None:
    """The cell's text; None for a list or an object where none belongs."""
    match value:
        case str():
            return value
        case bool():
            return "是" if value else "否"
        case int() | float():
            return str(value)
        case dict() if column.read is json_object:
            return json.dumps(value, ensure_ascii=False)
        case list() if column.read is many and all(isinstance(each, str) for each in value):
            return ";".join(value)
        case _:
            return None


def _sound(text: str) -> bool:
    """JSON can spell half of a character, which no file or database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: Any) -> str:
    return "对象" if isinstance(value, dict) else "列表"


def _flawed(source: str, line: int, what: str) -> Row:
    return Row(source=source, line=line, cells={}, flaws=(Flaw(column="整行", what=what, cure=_EXAMPLE),))
