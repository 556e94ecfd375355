"""Conditions that have a name, as tags and segments are: listed, and shown one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from rich.markup import escape

from callbot.app import open_database
from callbot.cli.conditions import folding
from callbot.cli.output import explained, out, print_json, run
from callbot.settings import load_settings
from callbot.store.database import Session
from callbot.store.plain import plain


class NamedCondition(Protocol):
    """What a tag rule and a segment have in common."""

    name: str
    expression: str
    explanation: str
    version: int
    origin: str
    created_by: str


T = TypeVar("T", bound=NamedCondition)


def list_conditions(
    read: Callable[[Session], Awaitable[Sequence[T]]],
    *,
    title: str,
    none: str,
    more: Mapping[str, Callable[[T], str]],
    as_json: bool,
) -> None:
    """A table of all, headed `title`; `more` are the columns of this kind alone, `none` tells how to begin."""
    found = _read(read)
    if as_json:
        print_json(plain(found))
        return
    if not found:
        out.print(none)
        return
    table = folding(title, "条件", "版本", "来源", *more)
    for each in found:
        common = (each.name, each.explanation, str(each.version), _source(each))
        table.add_row(*map(escape, (*common, *(column(each) for column in more.values()))))
    out.print(table)


def show_condition(
    read: Callable[[Session], Awaitable[T]],
    *,
    more: Callable[[T], Iterable[tuple[str, str]]],
    as_json: bool,
) -> None:
    """One with its condition and what that means; `more` are the lines of this kind alone, title and text."""
    found = _read(read)
    if as_json:
        print_json(plain(found))
        return
    out.print(f"[bold]{escape(found.name)}[/]  第 {found.version} 版  {escape(_source(found))}")
    for title, text in (("条件", found.expression), ("含义", found.explanation), *more(found)):
        out.print(f"  {title}  {escape(text)}", soft_wrap=True)


def _source(condition: NamedCondition) -> str:
    return condition.origin or condition.created_by


R = TypeVar("R")


def _read(read: Callable[[Session], Awaitable[R]]) -> R:
    async def work() -> R:
        async with open_database(load_settings()) as db, db.read() as session:
            return await read(session)

    with explained():
        return run(work())
