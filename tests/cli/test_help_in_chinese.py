"""Whoever asks a command for help is answered in Chinese."""

from __future__ import annotations

import re

import pytest
import typer
from typer.main import get_command

from callbot.cli.main import Commands, app

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"\b[A-Z][a-z]+ [a-z]+")
"""The beginning of an English sentence."""
ONLY_FOR_PEOPLE = {"demo", "eval", "flow", "guard", "media", "models", "serve"}
"""Groups that run, measure or draw something."""
ALSO_ONLY_FOR_PEOPLE = {"batch run", "call replay", "config docs"}
"""What calls as it goes, plays a recording, or writes a page of the docs."""


def commands() -> dict[str, typer.core.TyperCommand]:
    """Every command by its words."""
    found: dict[str, typer.core.TyperCommand] = {"callbot": get_command(app)}  # type: ignore[dict-item]
    for name, late in Commands.late.items():
        command = late.command(name)
        found[name] = command
        for sub, inner in getattr(command, "commands", {}).items():
            found[f"{name} {sub}"] = inner
    return found


@pytest.mark.parametrize("name", sorted(Commands.late))
def test_the_list_of_commands_is_in_chinese(name: str) -> None:
    assert CHINESE.search(Commands.late[name].help)


def test_every_command_and_option_explains_itself_in_chinese() -> None:
    foreign = []
    for name, command in commands().items():
        if command.name != "callbot" and not CHINESE.search(command.help or ""):
            foreign.append(name)
        for option in command.params:
            said = getattr(option, "help", None)
            ours = option.name not in ("help", "install_completion", "show_completion")
            strange = said and (ENGLISH.search(said) or (" " in said and not CHINESE.search(said)))
            if ours and strange:
                foreign.append(f"{name}: {option.name}")
    assert foreign == []


def test_every_command_about_customers_batches_and_access_answers_programs() -> None:
    silent = {
        name
        for name, command in commands().items()
        if name.split()[0] not in {"callbot", *ONLY_FOR_PEOPLE}
        and not getattr(command, "commands", {})
        and not any("--json" in param.opts for param in command.params)
    }
    assert silent == ALSO_ONLY_FOR_PEOPLE
