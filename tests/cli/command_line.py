"""Commands as somebody at a terminal gives them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from callbot.cli.main import app


def run(*arguments: str, status: int = 0) -> str:
    """What a command prints. It must end with that status, and never with a traceback."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == status, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.output


def answer(*arguments: str) -> Any:
    """What a command gives to programs."""
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def write_csv(path: Path, *rows: dict[str, str], encoding: str = "utf-8") -> Path:
    """A list with the columns of its first row."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
