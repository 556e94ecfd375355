"""The one line said when a model is not on the machine."""

from __future__ import annotations

from pathlib import Path


class ModelMissing(Exception):
    """A file of a model is not there; the message says what to run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path}: model file missing → run `callbot models install`")
