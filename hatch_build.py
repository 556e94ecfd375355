"""Takes the built console into wheels and source distributions; builds it first where it is missing.

An editable install needs none: `make` builds the console beside it. CALLBOT_SKIP_CONSOLE=1 leaves it out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("callbot/web/static/console")


class ConsoleHook(BuildHookInterface[Any]):
    """Raises `CalledProcessError` when the console cannot be built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or os.environ.get("CALLBOT_SKIP_CONSOLE") == "1":
            return
        root = Path(self.root)
        if not (root / BUILT / "index.html").exists():
            for words in (["install", "--no-save"], ["run", "build"]):
                subprocess.run([root / "console" / "npm.sh", sys.prefix, *words], check=True)
        build_data["artifacts"].append(f"{BUILT}/**")
