"""The list of commands says what the commands say, without importing them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from callbot.cli.main import Commands, app


@pytest.mark.parametrize("name", sorted(Commands.late))
def test_the_list_says_what_the_command_says(name: str) -> None:
    listed = Commands.late[name]
    assert listed.command(name).get_short_help_str(200) == listed.help
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == 0, answer.output


def test_help_lists_every_command_and_waits_for_no_engine() -> None:
    code = "import sys; from callbot.cli import main; sys.argv[1:] = ['--help']; main()"
    loaded = "sorted({'openai', 'sqlalchemy', 'numpy'} & {*sys.modules})"
    watch = f"import atexit; atexit.register(lambda: print({loaded}))"
    answer = subprocess.run(
        [sys.executable, "-c", f"import sys; {watch}; {code}"], capture_output=True, text=True, check=True
    )
    assert all(name in answer.stdout for name in Commands.late)
    assert answer.stdout.rstrip().endswith("[]")


def test_an_unknown_command_is_named() -> None:
    answer = CliRunner().invoke(app, ["bacth"])
    assert answer.exit_code == 2
    assert "bacth" in answer.output
