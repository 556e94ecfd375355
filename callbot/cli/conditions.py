"""Conditions of tags and segments on the command line: a mistake is pointed at, a preview shows figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from callbot.audience.segments import Preview
from callbot.cli.output import err, out
from callbot.errors import BadInput


@contextmanager
def pointed(expression: str) -> Iterator[None]:
    """Show the mistakes of a condition under the condition itself, and exit with status 2."""
    try:
        yield
    except BadInput as bad:
        columns = [re.fullmatch(r"列 (\d+)", problem.where) for problem in bad.problems]
        if not all(columns):
            raise
        err.print(f"  {escape(expression)}", soft_wrap=True)
        for problem, column in zip(bad.problems, columns, strict=True):
            before = expression[: int(column[1]) - 1] if column else ""
            err.print(f"  {' ' * cell_len(before)}[bold red]^[/]", soft_wrap=True)
            err.print(
                f"[bold red]✗[/] {problem.where}：{escape(problem.what)}，{escape(problem.cure)}",
                soft_wrap=True,
            )
        raise typer.Exit(2) from None


def print_preview(preview: Preview) -> None:
    """How many and who, with the figures behind each example."""
    share = f"（{preview.matched / preview.of:.1%}）" if preview.of else ""
    out.print(f"{escape(preview.explanation)}", soft_wrap=True)
    out.print(f"符合 [bold]{preview.matched:,}[/] 位，全部 {preview.of:,} 位{share}")
    if not preview.examples:
        return
    table = folding("客户", "电话", "依据")
    for example in preview.examples:
        table.add_row(
            escape(example.customer.name), example.customer.phone_masked, escape(figures(example.figures))
        )
    out.print(table)


def preview_json(preview: Preview) -> dict[str, Any]:
    """The preview as JSON values; phones masked."""
    return {
        "explanation": preview.explanation,
        "matched": preview.matched,
        "of": preview.of,
        "examples": [
            {
                "customer_id": example.customer.id,
                "name": example.customer.name,
                "phone": example.customer.phone_masked,
                "figures": dict(example.figures),
            }
            for example in preview.examples
        ],
    }


def folding(*titles: str, lines: bool = False) -> Table:
    """A table whose Chinese text goes on in the next line where it is too long."""
    table = Table(show_lines=lines)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def figures(found: Mapping[str, Any]) -> str:
    """Figures in one line: 近 6 个月登录 1 次；年龄 33 岁."""
    return "；".join(f"{name} {_said(value)}" for name, value in found.items())


def _said(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(str(each) for each in value)
    return str(value)
