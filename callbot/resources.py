"""Where flows, prompts and fixtures lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from callbot.errors import BadInput

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder `dialog_flows`, `prompts` or `recordings_fixtures`. Raises `BadInput` when it is missing."""
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise BadInput.one(str(_PACKAGE / "_data" / name), "缺少这个文件夹", "重新安装 callbot")
