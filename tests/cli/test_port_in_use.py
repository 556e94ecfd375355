"""A second `callbot serve` on the same ports says which one is taken and how to choose another."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callbot.cli.main import app

pytestmark = pytest.mark.slow

SETTINGS = {
    "CALLBOT_CARRIER__BASE_URL": "http://127.0.0.1:9",
    "CALLBOT_MODELS__VOICE": "system",
    "CALLBOT_MODELS__RECOGNISER": "openai",
    "CALLBOT_MODELS__SPEECH_BASE_URL": "http://127.0.0.1:9",
    "CALLBOT_MEDIA__PORT": "0",
    "CALLBOT_DESK__PORT": "0",
    "CALLBOT_WEB__PORT": "0",
}


@pytest.mark.parametrize("taken", ["MEDIA", "DESK", "WEB"])
def test_a_port_in_use_is_named_with_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        changed = {"CALLBOT_DATA": str(tmp_path / "var"), f"CALLBOT_{taken}__PORT": port}
        for name, value in (SETTINGS | changed).items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(app, ["serve"])
    assert result.exit_code == 2, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert port in result.output
    assert f"CALLBOT_{taken}__PORT" in result.output
