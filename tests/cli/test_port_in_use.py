"""A second `callbot serve` on the same ports says which one is taken and how to choose another."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

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
def test_a_port_in_use_is_named_with_its_setting(tmp_path: Path, taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        changed = {"CALLBOT_DATA": str(tmp_path / "var"), f"CALLBOT_{taken}__PORT": port}
        result = subprocess.run(
            [sys.executable, "-m", "callbot", "serve"],
            cwd=tmp_path,
            env=os.environ | SETTINGS | changed,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    said = result.stdout + result.stderr
    assert result.returncode == 2, said
    assert "Traceback" not in said
    assert port in said
    assert f"CALLBOT_{taken}__PORT" in said
