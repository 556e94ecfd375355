"""How commands speak: rich tables for people, JSON for programs, and errors with place and cure."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from rich.console import Console

from callbot.errors import BadInput, CallbotError

T = TypeVar("T")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output; dates as ISO text."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str, indent=2) + "\n")


def tell(as_json: bool, value: Any, sentence: str) -> None:
    """What a command did: the value for a program, the sentence for a person."""
    if as_json:
        print_json(value)
    else:
        out.print(sentence, soft_wrap=True)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one asynchronous command to its end."""
    return asyncio.run(work)


@contextmanager
def explained() -> Iterator[None]:
    """Show an error that is meant for a person without a traceback, and exit with status 2."""
    try:
        yield
    except BadInput as error:
        for problem in error.problems:
            err.print(
                f"[bold red]✗[/] [bold]{_plain(problem.where)}[/]: {_plain(problem.what)}", soft_wrap=True
            )
            err.print(f"  → {_plain(problem.cure)}", soft_wrap=True)
        raise typer.Exit(2) from None
    except CallbotError as error:
        err.print(f"[bold red]✗[/] {_plain(str(error))}", soft_wrap=True)
        raise typer.Exit(2) from None


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
