"""A knowledge file: questions as people put them, and the answer that may be given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from callbot.conversation.flow import Entry
from callbot.conversation.flow_lines import LineReader
from callbot.conversation.flow_source import Mistakes, Place, read_yaml
from callbot.errors import BadInput


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of a knowledge file."""
    text = files("callbot.conversation").joinpath("knowledge_schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def read_knowledge(path: Path, *, lines: LineReader, handlers: dict[str, str]) -> dict[str, Entry]:
    """The entries of one file by name; problems go to the reader's mistakes, places to `handlers`."""
    mistakes = lines.mistakes
    try:
        place = read_yaml(path, what="知识文件", start="knowledge: 名称")
    except BadInput as bad:
        mistakes.problems.extend(bad.problems)
        return {}
    before = len(mistakes.problems)
    mistakes.check_schema(place, schema(), root="knowledge")
    if len(mistakes.problems) > before:
        return {}
    found: dict[str, Entry] = {}
    for name, spot in place["entries"].items():
        found[name] = _entry(name, spot, lines)
        if found[name].answer is not None:
            handlers[handler(name)] = spot.where
    return found


def handler(name: str) -> str:
    """The handler of an entry."""
    return f"knowledge: {name}"


def _entry(name: str, place: Place, lines: LineReader) -> Entry:
    answer = lines.line(f"knowledge.{name}", place["answer"]) if "answer" in place.data else None
    return Entry(name=name, asks=tuple(str(row.data) for row in place["ask"].rows()), answer=answer)


def without_doubles(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """A question that has an answer is not left to the flow as well."""
    answered = {question for entry in entries.values() if entry.answer is not None for question in entry.asks}
    found: dict[str, Entry] = {}
    for name, entry in entries.items():
        asks = tuple(
            question for question in entry.asks if entry.answer is not None or question not in answered
        )
        if asks:
            found[name] = replace(entry, asks=asks)
    return found


def check_questions(entries: Mapping[str, Entry], source: Place, mistakes: Mistakes) -> None:
    """No question may lead to two answers. `source`: the flow that takes the entries in."""
    owner: dict[str, str] = {}
    for name, entry in entries.items():
        for question in entry.asks:
            if (other := owner.setdefault(question, name)) != name:
                mistakes.complain(
                    source,
                    f"“{question}”在 `{other}` 里也有",
                    "只留一处",
                )
