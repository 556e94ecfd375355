"""A group whose commands are imported when they run: `--help` and the shell's completion wait for no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Where a command lives, and what the list of commands says of it."""

    module: str
    name: str = "app"
    """A `typer.Typer`, or the function of a single command."""
    help: str

    def load(self) -> Any:
        return getattr(import_module(self.module), self.name)

    def command(self, called: str) -> Any:
        """The command that runs."""
        found = self.load()
        if not isinstance(found, typer.Typer):
            single = typer.Typer(pretty_exceptions_show_locals=False, add_completion=False)
            single.command(called)(found)
            found = single
        command = typer.main.get_command(found)
        command.name = called
        return command


class LateGroup(TyperGroup):
    """Set `late` in a subclass."""

    late: ClassVar[Mapping[str, Late]]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # What a list of commands shows and a typing error is compared with; `resolve_command` gives the one
        # that runs.
        self.commands = {name: TyperCommand(name, help=late.help) for name, late in self.late.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, shown, rest = super().resolve_command(ctx, args)
        return (name, self.late[name].command(name), rest) if name and shown else (name, shown, rest)
