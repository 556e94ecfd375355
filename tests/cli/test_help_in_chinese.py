"""Whoever asks a command for help is answered in Chinese."""

from __future__ import annotations

import re

import pytest
import typer
from typer.main import get_command

from callbot.cli.main import Commands, app

CHINESE = re.compile(r"[\u4e00-\u9fff]")


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
            if said and ours and not CHINESE.search(said) and " " in said:
                foreign.append(f"{name}: {option.name}")
    assert foreign == []
