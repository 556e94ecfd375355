"""A command sets up the log for as long as it runs."""

from __future__ import annotations

import structlog
from typer.testing import CliRunner

from callbot.cli.main import app


def test_a_process_that_goes_on_logs_as_before() -> None:
    before = structlog.get_config()
    assert CliRunner().invoke(app, ["config", "docs"]).exit_code == 0
    assert structlog.get_config() == before
