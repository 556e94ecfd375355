"""The command line: one file for each group of commands."""

from __future__ import annotations

from callbot.cli.main import main

__all__ = ["main"]
