"""Before there is a carrier the pages can be looked at: `callbot serve --media 0` says that it calls nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SETTINGS = {"CALLBOT_DESK__PORT": "0", "CALLBOT_WEB__PORT": "0", "CALLBOT_CARRIER__BASE_URL": ""}


def test_the_first_start_needs_no_carrier(tmp_path: Path) -> None:
    serve = subprocess.Popen(
        [sys.executable, "-m", "callbot", "serve", "--media", "0"],
        cwd=tmp_path,
        env=os.environ | SETTINGS | {"CALLBOT_DATA": str(tmp_path / "var")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert serve.stdout is not None
    said: list[str] = []
    try:
        for line in serve.stdout:
            said.append(line)
            if "媒体进程 0 个" in line:
                break
        serve.send_signal(signal.SIGINT)
        said.extend(serve.stdout)
        status = serve.wait(timeout=60)
    finally:
        serve.kill()
        serve.wait()
        serve.stdout.close()
    output = "".join(said)
    assert "/link/" in output
    assert "没有设置线路，不会拨打" in output
    assert "Traceback" not in output
    assert status == 130


def test_media_processes_need_one(tmp_path: Path) -> None:
    models = {"CALLBOT_MODELS__VOICE": "system", "CALLBOT_MODELS__RECOGNISER": "openai"}
    found = subprocess.run(
        [sys.executable, "-m", "callbot", "serve", "--media", "1"],
        cwd=tmp_path,
        env=os.environ
        | SETTINGS
        | models
        | {"CALLBOT_MODELS__SPEECH_BASE_URL": "http://127.0.0.1:9", "CALLBOT_DATA": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert found.returncode == 2
    assert "carrier.base_url" in found.stderr + found.stdout
    assert "--media 0" in found.stderr + found.stdout
